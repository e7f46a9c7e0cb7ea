"""HCL expressions: their forms and parts, and the values that literals say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from tree_sitter import Node

from trueup.drivers.terraform.hcl_nodes import Source, descend, descend_until, named, text_of
from trueup.model.errors import Place
from trueup.model.values import JSON

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
class Entry:
    """One `key = value` of an object."""

    source: Source
    node: Node
    key: str | None
    """None when the key is computed."""
    quoted: bool
    separator: str
    """What stands between key and value: ` = `, `: `."""
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
        return tuple(Expression.of(self.source, child) for child in named(self.node) if child.type == "expression")

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Of an object."""
        return tuple(_entry(self.source, child) for child in named(self.node) if child.type == "object_elem")

    @property
    def function(self) -> str:
        """Name of a called function."""
        return text_of(self.node.named_children[0])

    @cached_property
    def arguments(self) -> "tuple[Expression, ...]":
        """Of a call."""
        return tuple(
            Expression.of(self.source, child)
            for group in named(self.node)
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
        """Of a quoted template: texts, interpolated expressions and directives in order."""
        found: list[str | Expression] = []
        for node in descend_until(self.node, "template_interpolation", "template_literal", "template_directive"):
            inner = next((child for child in node.named_children if child.type == "expression"), node)
            literal = node.type == "template_literal"
            found.append(unescape(text_of(node)) if literal else Expression.of(self.source, inner))
        return tuple(found)

    @property
    def interpolated(self) -> bool:
        """A heredoc or template whose text has interpolations or directives."""
        return any(node.type in ("template_interpolation", "template_directive") for node in descend(self.node))

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


def expressions(source: Source) -> Iterator[Expression]:
    """Every expression of a file, outermost first."""
    for node in descend(source.root):
        if node.type == "expression":
            yield Expression.of(source, node)


def calls_and_templates(source: Source) -> Iterator[Expression]:
    """Every call and quoted template of a file, wherever it stands: in `file("x").y` the call is no expression."""
    for node in descend(source.root):
        if node.type in ("function_call", "quoted_template"):
            yield Expression.of(source, node)


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
    parenthesised = text_of(key_node).startswith("(")
    name = None if parenthesised else key.text if bare else said if isinstance(said, str) else None
    if name is None and isinstance(said, int) and not isinstance(said, bool) and not parenthesised:
        name = str(said)
    between = source.text(key_node.end_byte, value_node.start_byte)
    return Entry(source, node, name, not bare, between, Expression.of(source, value_node))


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
        case "operation" if named(node) and _number(text_of(node)) is not DYNAMIC:
            return Form.LITERAL
        case "expression" | "variable_expr" if all(child.type in _REFERENCE for child in node.named_children):
            return Form.REFERENCE
        case "variable_expr":
            return Form.REFERENCE
        case _:
            return Form.OTHER


def _literal(node: Node) -> JSON:
    text = text_of(node)
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
        return (text_of(node),)
    found: list[str | int] = []
    for child in node.named_children:
        if child.type in ("variable_expr", "get_attr"):
            found.append(text_of(child).removeprefix(".").strip())
            continue
        inner = next((part for part in descend(child) if part.type == "expression"), None)
        key = Expression.of(source, inner).static() if child.type == "index" and inner is not None else DYNAMIC
        if not isinstance(key, str | int) or isinstance(key, bool):
            return None
        found.append(key)
    return tuple(found)
