"""Secret leaves become keyed hashes, unknown ones are marked. The marks are Terraform's trees, and the values' own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON, UNKNOWN, masked, nodes

SHORTEST = 6
"""Texts shorter than this are hidden only where Terraform marks them: `prod` must not hide every name."""

NO_SHAPE = Shape(kind=Kind.OBJECT)


def is_marked(tree: JSON) -> bool:
    """Whether a tree of marks has a true leaf anywhere: a nested tree of `false` marks nothing."""
    return any(node is True for node in nodes(tree))


@dataclass(frozen=True)
class Hider:
    """Knows what is secret in one stack: by mark, by schema, and by being equal to a secret seen elsewhere (an
    attribute that copies a secret is not marked, such as terraform_data's output)."""

    hash_secret: Callable[[JSON], str]
    secrets: frozenset[str] = frozenset()

    def learning(self, pairs: Iterable[tuple[JSON, JSON]]) -> "Hider":
        """Also hides the texts in these values at the marked places."""
        found = {leaf for value, marks in pairs for leaf in _marked_texts(value, marks)}
        return replace(self, secrets=self.secrets | {leaf for leaf in found if len(leaf) >= SHORTEST})

    def value(self, value: JSON, marks: JSON, unknown: JSON = False, shape: Shape = NO_SHAPE) -> JSON:
        """A value as the walk may see it."""
        if unknown is True:
            return UNKNOWN
        if (marks is True or shape.sensitive) and (value is not None or is_marked(unknown)):
            return UNKNOWN if is_marked(unknown) else masked(self.hash_secret(value))
        if isinstance(value, dict):
            return {
                name: self.value(value.get(name), _at(marks, name), _at(unknown, name), _child(shape, name))
                for name in [*value, *(_marked_names(unknown) - value.keys())]
            }
        if isinstance(value, list):
            element = shape.element or NO_SHAPE
            return [self.value(each, _at(marks, i), _at(unknown, i), element) for i, each in enumerate(value)]
        if isinstance(value, str) and any(secret in value for secret in self.secrets):
            return masked(self.hash_secret(value))
        return UNKNOWN if value is None and is_marked(unknown) else value

    def text(self, text: str) -> str:
        """A line or message without the secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "(sensitive value)")
        return text


def both(one: JSON, other: JSON) -> JSON:
    """Marked where either is: what becomes a secret was one before, too."""
    if one is True or other is True:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: both(one.get(name), other.get(name)) for name in [*one, *(other.keys() - one.keys())]}
    if isinstance(one, list) and isinstance(other, list):
        longest = range(max(len(one), len(other)))
        return [both(_at(one, index), _at(other, index)) for index in longest]
    return one or other


def _at(tree: JSON, step: str | int) -> JSON:
    if isinstance(tree, dict):
        return tree.get(step, False)
    if isinstance(tree, list) and isinstance(step, int):
        return tree[step] if step < len(tree) else False
    return tree is True


def _child(shape: Shape, name: str) -> Shape:
    if shape.kind is Kind.MAP and shape.element is not None:
        return shape.element
    return shape.children.get(name, NO_SHAPE)


def _marked_names(unknown: JSON) -> set[str]:
    return {name for name, tree in unknown.items() if is_marked(tree)} if isinstance(unknown, dict) else set()


def _marked_texts(value: JSON, marks: JSON) -> Iterator[str]:
    if marks is True:
        yield from (node for node in nodes(value) if isinstance(node, str))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _marked_texts(inner, _at(marks, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _marked_texts(inner, _at(marks, index))
