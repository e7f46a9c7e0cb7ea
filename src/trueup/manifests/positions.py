"""Positions: a YAML document as plain values, and where in the file each of them stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON

Loc = tuple[str | int, ...]
"""Steps from the document's root, as pydantic names them in its errors."""

_LARGEST = 200_000
"""Values in one document. Aliases repeat what they point at, so a small file could stand for a huge one."""


@dataclass(frozen=True)
class Parsed:
    value: JSON
    file: str
    keys: Mapping[Loc, Place]
    """Where the key (or the item of a list) is written."""
    values: Mapping[Loc, Place]

    def place(self, loc: Loc) -> Place:
        """Of the value, or of the nearest thing around it that is in the file."""
        return self._nearest(self.values, loc)

    def key_place(self, loc: Loc) -> Place:
        return self.keys[loc] if loc in self.keys else self.place(loc)

    def _nearest(self, places: Mapping[Loc, Place], loc: Loc) -> Place:
        while loc and loc not in places:
            loc = loc[:-1]
        return places.get(loc, Place(self.file, 1, 1))


def parse(text: bytes, file: str) -> Parsed:
    """Raises Invalid for what is no YAML, or no YAML that stands for JSON."""
    try:
        document = YAML(typ="rt").load(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Invalid(
            f"the file is not UTF-8 (byte {error.start})", place=Place(file), hint="save it as UTF-8"
        ) from None
    except MarkedYAMLError as error:
        raise _unreadable(error, file) from None
    except (YAMLError, ValueError) as error:
        raise Invalid(f"this is not YAML: {error}".splitlines()[0], place=Place(file)) from None
    reader = _Reader(file)
    value = reader.plain(document, (), Place(file, 1, 1))
    return Parsed(value, file, reader.keys, reader.values)


def _unreadable(error: MarkedYAMLError, file: str) -> Invalid:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    problem = (error.problem or "unreadable").splitlines()[0]
    if problem.startswith("found duplicate key"):
        key = problem.split('"')[1] if '"' in problem else problem.removeprefix("found duplicate key")
        return Invalid(f"the key `{key}` is here twice", place=place, hint="keep one of them")
    captured = "'{'" in problem
    hint = (
        "inside [ ] and { } a text with a {capture} needs quotes" if captured else "check indentation and quotes here"
    )
    return Invalid(f"this is not YAML: {problem}", place=place, hint=hint)


class _Reader:
    """Walks ruamel's round-trip objects once, which carry the lines and columns."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Loc, Place] = {}
        self.values: dict[Loc, Place] = {}

    def plain(self, node: Any, loc: Loc, place: Place) -> JSON:
        self.values[loc] = place
        if len(self.values) > _LARGEST:
            raise Invalid("the document is too large once its aliases are written out", place=place)
        if isinstance(node, CommentedMap):
            return self._mapping(node, loc, place)
        if isinstance(node, CommentedSeq):
            return self._sequence(node, loc, place)
        if node is None or isinstance(node, bool):
            return node
        for kind in (int, float, str):
            if isinstance(node, kind):
                return kind(node)
        if isinstance(node, TaggedScalar):
            raise Invalid(f"the tag `{node.tag.value}` means nothing here", place=place, hint="leave it out")
        raise Invalid(f"expected a text, found a {type(node).__name__.lower()}", place=place, hint="put it in quotes")

    def _mapping(self, node: CommentedMap, loc: Loc, place: Place) -> JSON:
        marks = node.lc.data or {}
        result = {}
        for key, child in node.items():
            if not isinstance(key, str):
                raise Invalid(f"the key `{key}` is not a text", place=place, hint="put it in quotes")
            # A merged key (`<<`) stands elsewhere: the mapping that takes it in is the best place there is.
            line, column, value_line, value_column = marks.get(key, (place.line - 1, place.column - 1) * 2)
            at = (*loc, str(key))
            self.keys[at] = Place(self.file, line + 1, column + 1)
            result[str(key)] = self.plain(child, at, Place(self.file, value_line + 1, value_column + 1))
        return result

    def _sequence(self, node: CommentedSeq, loc: Loc, place: Place) -> JSON:
        marks = node.lc.data or {}
        result = []
        for index, child in enumerate(node):
            line, column = marks.get(index, (place.line - 1, place.column - 1))
            at = (*loc, index)
            self.keys[at] = Place(self.file, line + 1, column + 1)
            result.append(self.plain(child, at, self.keys[at]))
        return result
