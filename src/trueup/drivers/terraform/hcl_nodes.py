"""HCL files as trees of nodes with byte ranges, as tree-sitter's grammar for HCL gives them."""

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from trueup.model.errors import Invalid, Place

_LANGUAGE = Language(tree_sitter_hcl.language())


@dataclass(frozen=True, eq=False)
class Source:
    """One HCL file. `path` is relative to the repository's root."""

    path: str
    content: bytes
    root: Node

    @classmethod
    def unchecked(cls, path: str, content: bytes) -> "Source":
        """Of a text that may hold errors."""
        return cls(path, content, Parser(_LANGUAGE).parse(content).root_node)

    def place(self, node: Node) -> Place:
        line = node.start_point.row
        start = self.content.rfind(b"\n", 0, node.start_byte) + 1
        column = len(self.content[start : node.start_byte].decode(errors="replace"))
        return Place(self.path, line + 1, column + 1)

    def text(self, start: int, end: int) -> str:
        return self.content[start:end].decode()

    def indent(self, position: int) -> str:
        """The white space that begins the line of a position."""
        line = self.content[self.content.rfind(b"\n", 0, position) + 1 : position].decode(errors="replace")
        return line[: len(line) - len(line.lstrip())]


def parse_source(path: str, content: bytes) -> Source:
    """Raises Invalid with line and column when the file is no HCL."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = Place(path, before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1)
        raise Invalid("this is not valid HCL: the file is not UTF-8", place=place, hint="save it as UTF-8") from None
    source = Source.unchecked(path, content)
    if source.root.has_error:
        wrong = next(node for node in descend(source.root) if node.is_error or node.is_missing)
        near = content[wrong.start_byte : wrong.end_byte].decode(errors="replace").strip().split("\n")[0][:40]
        said = f"`{wrong.type}` is missing" if wrong.is_missing else f"cannot be read near `{near}`"
        raise Invalid(
            f"this is not valid HCL: {said}",
            place=source.place(wrong),
            hint="`terraform fmt` names the mistake in its own words",
        )
    return source


def named(node: Node | None) -> list[Node]:
    return node.named_children if node is not None else []


def descend(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def descend_until(node: Node, *types: str) -> Iterator[Node]:
    for child in node.named_children:
        if child.type in types:
            yield child
        else:
            yield from descend_until(child, *types)


def text_of(node: Node) -> str:
    return (node.text or b"").decode()
