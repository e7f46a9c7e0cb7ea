"""Placing: one version of a value brought up to another at single paths, the inverse of comparing."""

import json
from collections.abc import Sequence

from trueup.model.normal import NOTHING_KNOWN, child, element_key, read_json
from trueup.model.shape import Shape
from trueup.model.values import JSON, Path


def placed(base: JSON, like: JSON, path: Path, value: JSON, shape: Shape = NOTHING_KNOWN) -> JSON:
    """`base` with `value` at a path as comparing gives it; None takes away what is there. `like` is another version
    of the same thing, whose form (a list, a text that holds JSON) counts where `base` has nothing yet. In a set the
    path's last step is the key of the element that makes room."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    documents = read_json(base), read_json(like)
    if any(document is not None for document in documents):
        return json.dumps(placed(documents[0], documents[1], path, value))
    if isinstance(base or like or base, list):
        return _placed_in_list(base or [], like, path, value, shape)
    named = dict(base) if isinstance(base, dict) else {}
    other = like.get(step) if isinstance(like, dict) else None
    inner = placed(named.get(str(step)), other, rest, value, child(shape, str(step)))
    if inner is None:
        named.pop(str(step), None)
    else:
        named[str(step)] = inner
    return named


def _placed_in_list(base: Sequence[JSON], like: JSON, path: Path, value: JSON, shape: Shape) -> list[JSON]:
    step, rest = path[0], path[1:]
    element = shape.element or NOTHING_KNOWN
    if isinstance(step, str):
        new = [] if value is None else [value]
        room = {step, *(element_key(each, element) for each in new)}
        return [each for each in base if element_key(each, element) not in room] + new
    items = list(base)
    other = like[step] if isinstance(like, list) and step < len(like) else None
    items[step] = placed(items[step], other, rest, value, element)
    return items
