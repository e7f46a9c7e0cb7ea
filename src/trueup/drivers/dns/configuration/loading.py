"""A YAML file of a tree as octoDNS would load it, with the place of every value: `!include`, `<<` and anchors followed,
and nothing read outside the tree."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON, Path
from trueup.ports.tree import Tree

INCLUDE = "!include"
MERGE = "tag:yaml.org,2002:merge"
MOST = 1_000_000
"""Values in one file: anchors that name each other would otherwise fill the memory."""


@dataclass
class Document:
    value: JSON
    places: dict[Path, Place] = field(default_factory=dict)
    """Of each value, by its path; of a mapping's entry the place of its key."""
    files: set[str] = field(default_factory=set)
    """Repository paths: the file itself and everything that it includes."""

    def place(self, *path: str | int) -> Place:
        """Of a value, or of the nearest one around it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def load(tree: Tree, file: str) -> Document:
    """Raises Invalid with file and line."""
    document = Document(None)
    document.value = _Loading(tree, document).file(file, ())
    return document


class _Loading:
    def __init__(self, tree: Tree, document: Document) -> None:
        self._tree, self._document = tree, document
        self._scalars = yaml.constructor.SafeConstructor()
        self._count = 0
        self._within: list[str] = []

    def file(self, file: str, path: Path) -> JSON:
        self._document.places.setdefault(path, Place(file, 1))
        node = self._composed(file)
        value = self._value(node, file, path) if node is not None else None
        self._within.pop()
        return value

    def _composed(self, file: str) -> yaml.Node | None:
        """None for an empty file. What it includes is composed until `_within` is taken back."""
        if file in self._within:
            raise Invalid(f"the file includes itself by way of {self._within[-1]}", place=Place(file))
        self._within.append(file)
        self._document.files.add(file)
        try:
            return yaml.compose(self._tree.read(file), Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            raise Invalid(_words(error), place=_place_of(error, file), hint="correct the YAML") from error
        except yaml.YAMLError as error:
            raise Invalid(f"this is not YAML: {error}", place=Place(file, 1)) from error

    def _value(self, node: yaml.Node, file: str, path: Path) -> JSON:
        self._count += 1
        if self._count > MOST:
            raise Invalid(f"more than {MOST} values, by anchors that name each other", place=place_of(node, file))
        self._document.places.setdefault(path, place_of(node, file))
        if node.tag == INCLUDE:
            return self.file(self._included(node, file), path)
        match node:
            case yaml.MappingNode():
                return self._mapping(node, file, path)
            case yaml.SequenceNode():
                return [self._value(child, file, (*path, index)) for index, child in enumerate(node.value)]
            case _:
                return self._scalar(node, file)

    def _mapping(self, node: yaml.MappingNode, file: str, path: Path) -> JSON:
        """As octoDNS does it: of two equal keys the last one counts, also where one of them is merged in."""
        found: dict[str, JSON] = {}
        for key, child, where in self._entries(node, file):
            name = self._scalar(key, where)
            name = name if isinstance(name, str) else str(name)
            self._document.places[(*path, name)] = place_of(key, where)
            found[name] = self._value(child, where, (*path, name))
        return found

    def _entries(self, node: yaml.MappingNode, file: str) -> Iterator[tuple[yaml.Node, yaml.Node, str]]:
        for key, child in node.value:
            if key.tag == MERGE:
                yield from self._merged(child, file)
            else:
                yield key, child, file

    def _merged(self, node: yaml.Node, file: str) -> Iterator[tuple[yaml.Node, yaml.Node, str]]:
        self._count += 1
        if self._count > MOST:
            raise Invalid(f"more than {MOST} values, by anchors that name each other", place=place_of(node, file))
        if node.tag == INCLUDE:
            included = self._included(node, file)
            inside = self._composed(included)
            if isinstance(inside, yaml.MappingNode):
                yield from self._entries(inside, included)
            self._within.pop()
        elif isinstance(node, yaml.MappingNode):
            yield from self._entries(node, file)
        elif isinstance(node, yaml.SequenceNode):
            for child in reversed(node.value):
                yield from self._merged(child, file)
        else:
            raise Invalid("`<<` takes a mapping or a list of them", place=place_of(node, file))

    def _included(self, node: yaml.Node, file: str) -> str:
        named = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), named))
        if not named or named.startswith(("/", "~")) or target.startswith("../") or target == "..":
            raise Invalid(
                f"`!include {named}` leaves the repository",
                place=place_of(node, file),
                hint="include a file of this repository, relative to the including one",
            )
        try:
            self._tree.read(target)
        except Invalid as error:
            raise Invalid(f"`!include {named}`: there is no {target}", place=place_of(node, file)) from error
        return target

    def _scalar(self, node: yaml.Node, file: str) -> JSON:
        try:
            value = self._scalars.construct_object(node, deep=True)
        except (yaml.MarkedYAMLError, ValueError, TypeError) as error:
            raise Invalid(f"`{node.value}` cannot be read: {error}", place=place_of(node, file)) from error
        return value if isinstance(value, str | int | float | bool | None) else str(value)


def place_of(node: yaml.Node, file: str) -> Place:
    """Where it begins."""
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _words(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.problem, error.context) if part)


def _place_of(error: yaml.MarkedYAMLError, file: str) -> Place:
    mark = error.problem_mark or error.context_mark
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1)
