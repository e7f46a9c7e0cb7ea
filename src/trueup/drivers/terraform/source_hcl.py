"""The native syntax as what it says, by way of its syntax tree."""

import re
from collections.abc import Iterator
from functools import lru_cache

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from trueup.drivers.terraform.said import (
    DYNAMIC,
    EVERYTHING,
    FILE_ATTRIBUTES,
    FILE_FUNCTIONS,
    MODULE,
    ROOT,
    At,
    Declared,
    FileUse,
    ModuleCall,
    Source,
    Unreadable,
)

_LANGUAGE = Language(tree_sitter_hcl.language())


def tree_of(content: bytes) -> Node:
    """The concrete syntax tree; may hold ERROR and missing nodes."""
    return Parser(_LANGUAGE).parse(content).root_node


@lru_cache(maxsize=8192)
def parse_hcl(content: bytes) -> Source:
    root = tree_of(content)
    if root.has_error:
        broken = next(node for node in descend(root) if node.is_error or node.is_missing)
        line = content.splitlines()[broken.start_point.row : broken.start_point.row + 1]
        shown = line[0].decode("utf-8", "replace").strip() if line else "the end of the file"
        raise Unreadable(f"this is not valid HCL: {shown}", position(broken))
    reader = Collected()
    for block in blocks(body_of(root)):
        reader.take(block)
    if any(word in content for word in (b"file", b"path.", b"source", b"script")):
        reader.file_uses += file_uses_in(root)
    if b"timestamp" in content:
        reader.moments = _moments(root)
    return reader.source()


def descend(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def position(node: Node) -> At:
    return At(node.start_point.row + 1, node.start_point.column + 1)


def text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def blocks(body: Node | None) -> list[Node]:
    return [node for node in body.named_children if node.type == "block"] if body else []


def body_of(block: Node) -> Node | None:
    """Of a block or of a whole file."""
    return next((node for node in block.named_children if node.type == "body"), None)


def heading(block: Node) -> list[str]:
    """The block's type and labels."""
    return [text(node).strip('"') for node in block.named_children if node.type in ("identifier", "string_lit")]


def attributes(body: Node | None) -> dict[str, Node]:
    """Name to expression."""
    found: dict[str, Node] = {}
    for node in body.named_children if body else ():
        if node.type == "attribute":
            name, expression = node.named_children[0], node.named_children[-1]
            found[text(name)] = expression
    return found


def literal(expression: Node | None) -> str | None:
    """The value of a string literal without interpolation; None for anything else."""
    parts = path_parts(expression) if expression else ()
    return "".join(parts) if parts and not {MODULE, ROOT, DYNAMIC} & set(parts) else None


def path_parts(expression: Node) -> tuple[str, ...]:
    """A string expression as literal and other parts; (DYNAMIC,) for any other expression."""
    node = expression
    while node.type in ("expression", "literal_value", "template_expr") and node.named_child_count == 1:
        node = node.named_children[0]
    if node.type not in ("string_lit", "quoted_template"):
        return (_reference(text(expression)),)
    parts: list[str] = []
    for child in node.named_children:
        match child.type:
            case "template_literal":
                parts.append(text(child))
            case "template_interpolation":
                inner = next((each for each in child.named_children if each.type == "expression"), None)
                parts.append(_reference(text(inner)) if inner else DYNAMIC)
            case "template_directive":
                parts.append(DYNAMIC)
    return tuple(parts)


def _reference(expression: str) -> str:
    return {"path.module": MODULE, "path.root": ROOT, "path.cwd": ROOT}.get(expression.strip(), DYNAMIC)


def file_uses_in(root: Node) -> list[FileUse]:
    found = []
    for node in descend(root):
        if node.type == "function_call":
            name = text(node.named_children[0])
            arguments = node.named_children[-1].named_children if node.named_child_count > 1 else []
            if name in FILE_FUNCTIONS and arguments:
                found.append(FileUse(path_parts(arguments[0]), name, position(node)))
        elif node.type == "quoted_template":
            parts = path_parts(node)
            if parts and parts[0] in (MODULE, ROOT):
                found.append(FileUse(parts, "path", position(node)))
        elif node.type == "attribute" and text(node.named_children[0]) in FILE_ATTRIBUTES:
            named = literal(node.named_children[-1])
            if named and not _in_module_call(node):
                found.append(FileUse((named,), text(node.named_children[0]), position(node)))
    return found


def _in_module_call(attribute: Node) -> bool:
    block = attribute.parent.parent if attribute.parent else None
    return block is not None and heading(block)[:1] in (["module"], ["required_providers"])


def _moments(root: Node) -> list[tuple[str, At]]:
    calls = [node for node in descend(root) if node.type == "function_call"]
    named = [(text(node.named_children[0]), position(node)) for node in calls]
    return [(name, where) for name, where in named if name in ("timestamp", "plantimestamp")]


class Collected:
    """Collects what the blocks of one file say."""

    def __init__(self) -> None:
        self.modules: list[ModuleCall] = []
        self.file_uses: list[FileUse] = []
        self.declared: list[Declared] = []
        self.moments: list[tuple[str, At]] = []
        self.required_version = ""
        self.backend = ""
        self.backend_path = ""
        self.providers: set[str] = set()
        self.configures_provider = False
        self.for_init: list[str] = []

    def take(self, block: Node) -> None:
        names, body = heading(block), body_of(block)
        match names:
            case ["terraform"]:
                self._terraform(block, body)
            case ["provider", name]:
                self.configures_provider = True
                self.providers.add(name)
            case ["module", name]:
                given = attributes(body)
                source, version = given.get("source"), given.get("version")
                self.modules.append(ModuleCall(name, literal(source) or "", position(block)))
                self.for_init.append(
                    f"module {name} {text(source) if source else ''} {text(version) if version else ''}"
                )
            case ["resource" | "data" | "ephemeral" as mode, kind, name]:
                self._resource(block, body, (mode, kind, name))

    def source(self) -> Source:
        return Source(
            modules=tuple(self.modules),
            file_uses=tuple(self.file_uses),
            declared=tuple(self.declared),
            moments=tuple(self.moments),
            required_version=self.required_version,
            backend=self.backend,
            backend_path=self.backend_path,
            providers=frozenset(self.providers),
            configures_provider=self.configures_provider,
            for_init=(*self.for_init, *sorted(self.providers)),
        )

    def _terraform(self, block: Node, body: Node | None) -> None:
        self.for_init.append(text(block))
        given = attributes(body)
        self.required_version = literal(given.get("required_version")) or self.required_version
        for inner in blocks(body):
            match heading(inner):
                case ["backend", kind]:
                    self.backend = kind
                    self.backend_path = literal(attributes(body_of(inner)).get("path")) or ""
                case ["cloud"]:
                    self.backend = "cloud"

    def _resource(self, block: Node, body: Node | None, names: tuple[str, str, str]) -> None:
        mode, kind, name = names
        provider = attributes(body).get("provider")
        self.providers.add(text(provider).split(".")[0] if provider else kind.split("_")[0])
        dynamic, provisioners, ignored = set[str](), list[str](), frozenset[str]()
        for inner in blocks(body):
            match heading(inner):
                case ["dynamic", label]:
                    dynamic.add(label)
                case ["provisioner", label]:
                    provisioners.append(label)
                case ["lifecycle"]:
                    changes = attributes(body_of(inner)).get("ignore_changes")
                    ignored = _ignored(changes) if changes else frozenset()
        self.declared.append(
            Declared(mode, kind, name, position(block), frozenset(dynamic), ignored, tuple(provisioners))
        )


def _ignored(expression: Node) -> frozenset[str]:
    if text(expression).strip() == EVERYTHING:
        return frozenset({EVERYTHING})
    listed = [
        element.named_children[0]
        for node in descend(expression)
        if node.type == "tuple"
        for element in node.named_children
        if element.type == "expression" and element.named_children
    ]
    return frozenset(re.split(r"[.\[]", text(each).strip('"'))[0] for each in listed)
