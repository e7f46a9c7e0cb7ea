"""Normal form: values that mean the same get the same bytes, so that only real differences are differences."""

import json

from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON, canonical, digest_bytes, is_masked, is_unknown

NOTHING_KNOWN = Shape(optional=False)
"""For a value that the schema does not name: compared by what it looks like, and false or 0 is not null."""


def normal(value: JSON, shape: Shape = NOTHING_KNOWN) -> JSON:
    """null, {}, [] and "" become None; so do false and 0 where code may leave the value out. Sets are sorted,
    JSON texts are read, and what the live system decides alone is left out of objects. In a map a key with an
    empty text stays: a tag without a value is a tag."""
    if is_masked(value) or is_unknown(value):
        return value
    match value:
        case dict():
            return _normal_object(value, shape)
        case list():
            return _normal_list(value, shape)
        case str():
            document = read_json(value)
            return (value or None) if document is None else normal(document)
        case bool() | int() | float():
            omitted = shape.optional or shape.computed or shape.computed_default
            if not value and omitted:
                return None
            return int(value) if isinstance(value, float) and value.is_integer() else value
        case _:
            return None


def key(value: JSON, shape: Shape = NOTHING_KNOWN) -> bytes:
    """Equal for values that mean the same."""
    return canonical(normal(value, shape))


def element_key(element: JSON, shape: Shape = NOTHING_KNOWN) -> str:
    """The last step of the path to a set's element: short, and equal for elements that mean the same."""
    return digest_bytes(key(element, shape)).removeprefix("sha256:")[:12]


def read_json(text: JSON) -> JSON:
    """The object or list that a text holds, None when it holds none."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def child(shape: Shape, name: str) -> Shape:
    """The shape of an object's attribute, or of a map's value."""
    if shape.kind is Kind.MAP and shape.element is not None:
        return shape.element
    return shape.children.get(name, NOTHING_KNOWN)


def _normal_object(value: dict[str, JSON], shape: Shape) -> JSON:
    named: dict[str, JSON] = {}
    for name, inner in value.items():
        inner_shape = child(shape, name)
        if inner_shape.computed or inner_shape.ignored:
            continue
        kept = inner if shape.kind is Kind.MAP and inner == "" else normal(inner, inner_shape)
        if kept is not None:
            named[name] = kept
    return named or None


def _normal_list(value: list[JSON], shape: Shape) -> JSON:
    element = shape.element or NOTHING_KNOWN
    items = [normal(item, element) for item in value]
    kept = [item for item, raw in zip(items, value, strict=True) if not (item is None and isinstance(raw, dict))]
    if shape.kind is Kind.SET:
        kept = [json.loads(text) for text in sorted({canonical(item) for item in kept})]
    return kept or None
