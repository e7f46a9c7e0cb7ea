"""HCL as people write it: the blocks and attributes of a file, with their byte ranges."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from trueup.drivers.terraform.hcl_expressions import Expression
from trueup.drivers.terraform.hcl_nodes import Source, named, parse_source, text_of
from trueup.model.errors import Place


@dataclass(frozen=True, eq=False)
class Body:
    """The attributes and blocks between two braces, or of a whole file."""

    source: Source
    node: Node | None

    @cached_property
    def attributes(self) -> "tuple[Attribute, ...]":
        return tuple(Attribute(self.source, node) for node in named(self.node) if node.type == "attribute")

    @cached_property
    def blocks(self) -> "tuple[Block, ...]":
        return tuple(Block(self.source, node) for node in named(self.node) if node.type == "block")

    def attribute(self, name: str) -> "Attribute | None":
        return next((attribute for attribute in self.attributes if attribute.name == name), None)

    def find(self, kind: str, *labels: str) -> "Iterator[Block]":
        """Blocks of a kind whose first labels are these."""
        for block in self.blocks:
            if block.kind == kind and block.labels[: len(labels)] == labels:
                yield block


@dataclass(frozen=True, eq=False)
class Block:
    source: Source
    node: Node

    @cached_property
    def kind(self) -> str:
        return text_of(self.node.named_children[0])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        heads = [child for child in self.node.named_children[1:] if child.type in ("identifier", "string_lit")]
        return tuple(text_of(head).strip('"') for head in heads)

    @cached_property
    def body(self) -> Body:
        return Body(self.source, next((child for child in self.node.named_children if child.type == "body"), None))

    @property
    def start(self) -> int:
        return self.node.start_byte

    @property
    def end(self) -> int:
        return self.node.end_byte

    @property
    def text(self) -> str:
        return self.source.text(self.start, self.end)

    @property
    def inner_start(self) -> int:
        """Right behind the opening brace."""
        return next(child.end_byte for child in self.node.named_children if child.type == "block_start")

    @property
    def inner_end(self) -> int:
        """At the closing brace."""
        return self.node.end_byte - 1

    @property
    def place(self) -> Place:
        return self.source.place(self.node)

    @property
    def one_line(self) -> bool:
        return self.node.start_point.row == self.node.end_point.row


@dataclass(frozen=True, eq=False)
class Attribute:
    source: Source
    node: Node

    @cached_property
    def name(self) -> str:
        return text_of(self.node.named_children[0])

    @cached_property
    def value(self) -> "Expression":
        return Expression.of(self.source, next(node for node in self.node.named_children if node.type == "expression"))

    @property
    def start(self) -> int:
        return self.node.start_byte

    @property
    def end(self) -> int:
        return self.node.end_byte

    @property
    def place(self) -> Place:
        return self.source.place(self.node)


def parse(path: str, content: bytes) -> Body:
    """A file's own attributes and blocks. Raises Invalid with line and column when the file is no HCL."""
    source = parse_source(path, content)
    return Body(source, next((child for child in source.root.named_children if child.type == "body"), None))
