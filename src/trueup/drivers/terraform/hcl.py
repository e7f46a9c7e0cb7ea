"""HCL as a syntax tree with byte ranges: files, blocks, attributes, expressions, and what a literal says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON

_LANGUAGE = Language(tree_sitter_hcl.language())
_WRAPPERS = frozenset({"expression", "collection_value", "literal_value", "template_expr"})
_REFERENCE = frozenset({"variable_expr", "get_attr", "index", "splat"})
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|(\$|%)\4\{")
_LITERAL_MARK = re.compile(r"(\$|%)\1\{")


class Dynamic(Enum):
    """What `Expression.static` answers when a value is only known to Terraform."""

    DYNAMIC = "dynamic"


DYNAMIC: Final = Dynamic.DYNAMIC


class Form(Enum):
    """What an expression is, as far as editing needs to know."""

    LITERAL = "literal"
    TEMPLATE = "template"
    """A quoted string with interpolations or directives."""
    HEREDOC = "heredoc"
    TUPLE = "tuple"
    OBJECT = "object"
    CALL = "call"
    REFERENCE = "reference"
    OTHER = "other"
    """Conditionals, operations, `for` expressions."""


@dataclass(frozen=True, eq=False)
class Source:
    """One HCL file. `path` is relative to the repository's root."""

    path: str
    content: bytes
    root: Node

    @cached_property
    def body(self) -> "Body":
        return Body(self, next((child for child in self.root.named_children if child.type == "body"), None))

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

    def expressions(self) -> "Iterator[Expression]":
        """Every expression of the file, outermost first."""
        for node in _descend(self.root):
            if node.type == "expression":
                yield Expression.of(self, node)


@dataclass(frozen=True, eq=False)
class Body:
    """The attributes and blocks between two braces, or of a whole file."""

    source: Source
    node: Node | None

    @cached_property
    def attributes(self) -> "tuple[Attribute, ...]":
        return tuple(Attribute(self.source, node) for node in _named(self.node) if node.type == "attribute")

    @cached_property
    def blocks(self) -> "tuple[Block, ...]":
        return tuple(Block(self.source, node) for node in _named(self.node) if node.type == "block")

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
        return _text(self.node.named_children[0])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        heads = [child for child in self.node.named_children[1:] if child.type in ("identifier", "string_lit")]
        return tuple(_text(head).strip('"') for head in heads)

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
        return _text(self.node.named_children[0])

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


@dataclass(frozen=True, eq=False)
class Entry:
    """One `key = value` of an object."""

    source: Source
    node: Node
    key: str | None
    """None when the key is computed."""
    quoted: bool
    separator: str
    """`=` or `:`."""
    value: "Expression"


@dataclass(frozen=True, eq=False)
class Expression:
    """An expression without its wrappers and parentheses. `node` is None for a chain such as `var.tags["a"]`,
    whose parts have no common node in the grammar of tree-sitter-hcl other than the wrapper."""

    source: Source
    node: Node
    form: Form

    @classmethod
    def of(cls, source: Source, node: Node) -> "Expression":
        while node.type in _WRAPPERS and node.named_child_count == 1:
            node = node.named_children[0]
        return cls(source, node, _form(node))

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
    def place(self) -> Place:
        return self.source.place(self.node)

    @property
    def multiline(self) -> bool:
        return self.node.start_point.row != self.node.end_point.row

    @cached_property
    def elements(self) -> "tuple[Expression, ...]":
        """Of a tuple."""
        return tuple(Expression.of(self.source, child) for child in _named(self.node) if child.type == "expression")

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Of an object."""
        return tuple(_entry(self.source, child) for child in _named(self.node) if child.type == "object_elem")

    @property
    def function(self) -> str:
        """Name of a called function."""
        return _text(self.node.named_children[0])

    @cached_property
    def arguments(self) -> "tuple[Expression, ...]":
        """Of a call."""
        return tuple(
            Expression.of(self.source, child)
            for group in _named(self.node)
            if group.type == "function_arguments"
            for child in group.named_children
            if child.type == "expression"
        )

    @cached_property
    def steps(self) -> tuple[str | int, ...] | None:
        """`var.tags["Owner"]` as ("var", "tags", "Owner"); None when a step is computed or no reference."""
        return _steps(self.source, self.node) if self.form is Form.REFERENCE else None

    @cached_property
    def parts(self) -> "tuple[str | Expression, ...]":
        """Of a quoted template: texts and interpolated expressions in order."""
        found: list[str | Expression] = []
        for node in _descend_until(self.node, "template_interpolation", "template_literal", "template_directive"):
            inner = next((child for child in node.named_children if child.type == "expression"), None)
            if node.type == "template_literal":
                found.append(unescape(_text(node)))
            elif inner is not None:
                found.append(Expression.of(self.source, inner))
        return tuple(found)

    @property
    def interpolated(self) -> bool:
        """A heredoc or template whose text has interpolations or directives."""
        return any(node.type in ("template_interpolation", "template_directive") for node in _descend(self.node))

    @cached_property
    def heredoc_body(self) -> tuple[int, int]:
        """Byte range of a heredoc's lines, without its first and its closing line."""
        first = self.source.content.index(b"\n", self.start) + 1
        return first, max(first, self.source.content.rfind(b"\n", first, self.end) + 1)

    def static(self) -> JSON:
        """The value that a literal says, or DYNAMIC. An object with a computed key is DYNAMIC as a whole."""
        if self.form is Form.LITERAL:
            return _literal(self.node)
        if self.form is Form.HEREDOC and not self.interpolated:
            return _heredoc(self.source.text(*self.heredoc_body), indented=self.text.startswith("<<-"))
        if self.form is Form.TUPLE:
            values = [element.static() for element in self.elements]
            return DYNAMIC if any(value is DYNAMIC for value in values) else values
        if self.form is Form.OBJECT:
            named = {entry.key: entry.value.static() for entry in self.entries}
            return DYNAMIC if None in named or any(value is DYNAMIC for value in named.values()) else named
        return DYNAMIC


def parse(path: str, content: bytes) -> Source:
    """Raises Invalid with line and column when the file is no HCL."""
    tree = Parser(_LANGUAGE).parse(content)
    source = Source(path, content, tree.root_node)
    if tree.root_node.has_error:
        wrong = next(node for node in _descend(tree.root_node) if node.is_error or node.is_missing)
        text = content[wrong.start_byte : wrong.end_byte].decode(errors="replace").strip().split("\n")[0][:40]
        said = f"`{wrong.type}` is missing" if wrong.is_missing else f"cannot be read near `{text}`"
        raise Invalid(
            f"this is not valid HCL: {said}",
            place=source.place(wrong),
            hint="`terraform fmt` names the mistake in its own words",
        )
    return source


def unescape(text: str) -> str:
    """The characters that a quoted template's text stands for."""

    def replace(match: re.Match[str]) -> str:
        short, long, simple, mark = match.groups()
        if mark:
            return f"{mark}{{"
        return chr(int(short or long, 16)) if short or long else _ESCAPES.get(simple, simple)

    return _ESCAPE.sub(replace, text)


def _entry(source: Source, node: Node) -> Entry:
    key_node, value_node = [child for child in node.named_children if child.type == "expression"]
    key = Expression.of(source, key_node)
    said = key.static()
    bare = key.form is Form.REFERENCE and key.steps is not None and len(key.steps) == 1
    parenthesised = _text(key_node).startswith("(")
    name = None if parenthesised else key.text if bare else said if isinstance(said, str) else None
    if name is None and isinstance(said, int) and not isinstance(said, bool) and not parenthesised:
        name = str(said)
    between = source.text(key_node.end_byte, value_node.start_byte)
    return Entry(source, node, name, not bare, ":" if ":" in between else "=", Expression.of(source, value_node))


def _form(node: Node) -> Form:
    match node.type:
        case "string_lit" | "numeric_lit" | "bool_lit" | "null_lit":
            return Form.LITERAL
        case "quoted_template":
            return Form.TEMPLATE
        case "heredoc_template":
            return Form.HEREDOC
        case "tuple":
            return Form.TUPLE
        case "object":
            return Form.OBJECT
        case "function_call":
            return Form.CALL
        case "operation" if _named(node) and _number(_text(node)) is not DYNAMIC:
            return Form.LITERAL
        case "expression" | "variable_expr" if all(child.type in _REFERENCE for child in node.named_children):
            return Form.REFERENCE
        case "variable_expr":
            return Form.REFERENCE
        case _:
            return Form.OTHER


def _literal(node: Node) -> JSON:
    text = _text(node)
    match node.type:
        case "string_lit":
            return unescape(text[1:-1])
        case "bool_lit":
            return text == "true"
        case "null_lit":
            return None
        case _:
            return _number(text)


def _number(text: str) -> JSON:
    try:
        return float(text) if any(mark in text for mark in ".eE") else int(text)
    except ValueError:
        return DYNAMIC


def _heredoc(body: str, *, indented: bool) -> str:
    lines = body.splitlines(keepends=True)
    if indented:
        margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
        lines = [line[min(margins, default=0) :] if line.strip() else line.lstrip(" \t") for line in lines]
    return _LITERAL_MARK.sub(r"\1{", "".join(lines))


def _steps(source: Source, node: Node) -> tuple[str | int, ...] | None:
    if node.type == "variable_expr":
        return (_text(node),)
    found: list[str | int] = []
    for child in node.named_children:
        if child.type in ("variable_expr", "get_attr"):
            found.append(_text(child).removeprefix(".").strip())
            continue
        inner = next((part for part in _descend(child) if part.type == "expression"), None)
        key = Expression.of(source, inner).static() if child.type == "index" and inner is not None else DYNAMIC
        if not isinstance(key, str | int) or isinstance(key, bool):
            return None
        found.append(key)
    return tuple(found)


def _named(node: Node | None) -> list[Node]:
    return node.named_children if node is not None else []


def _descend(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _descend(child)


def _descend_until(node: Node, *types: str) -> Iterator[Node]:
    for child in node.named_children:
        if child.type in types:
            yield child
        else:
            yield from _descend_until(child, *types)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
