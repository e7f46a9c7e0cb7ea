"""What one Terraform source file says that matters before anything runs: modules, files it reads, what may act."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from trueup.model.errors import Invalid, Place

MODULE, ROOT, DYNAMIC = "${path.module}", "${path.root}", "${}"
"""Parts of a path that are not literal text: the two directories, and what only an evaluation would tell."""

FILE_FUNCTIONS = frozenset(
    {"file", "filebase64", "fileexists", "fileset", "filemd5", "templatefile"}
    | {f"file{base}sha{bits}" for base in ("", "base64") for bits in (1, 256, 512)}
)
FILE_ATTRIBUTES = frozenset({"filename", "source", "user_data_file", "script", "scripts"})
"""Attributes whose text names a file that a provider or provisioner reads by itself."""
EVERYTHING = "all"


@dataclass(frozen=True)
class At:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class ModuleCall:
    name: str
    source: str
    """Empty when it is not a literal."""
    at: At


@dataclass(frozen=True)
class FileUse:
    """A path that the code reads: literal text, MODULE, ROOT and DYNAMIC parts in order."""

    parts: tuple[str, ...]
    by: str
    """The function or attribute that names it."""
    at: At


@dataclass(frozen=True)
class Declared:
    """One resource or data block."""

    mode: str
    kind: str
    name: str
    at: At
    dynamic: frozenset[str] = frozenset()
    """Names of blocks that a `dynamic` block makes."""
    ignored: frozenset[str] = frozenset()
    """Top-level attributes in lifecycle.ignore_changes; EVERYTHING for `all`."""
    provisioners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    modules: tuple[ModuleCall, ...] = ()
    file_uses: tuple[FileUse, ...] = ()
    declared: tuple[Declared, ...] = ()
    moments: tuple[tuple[str, At], ...] = ()
    """Calls of timestamp() and plantimestamp()."""
    required_version: str = ""
    backend: str = ""
    """Its type; `cloud` for a cloud block."""
    backend_path: str = ""
    """Of a local backend, where it is a literal."""
    providers: frozenset[str] = frozenset()
    """Local names of configured or implied providers."""
    configures_provider: bool = False
    for_init: tuple[str, ...] = field(default=())
    """Text of everything that `init` depends on: terraform blocks, module sources, implied providers."""


def parse(path: str, content: bytes) -> Source:
    """Raises Invalid with file, line and column when the text is not HCL (or, for `.json`, not JSON)."""
    try:
        return _parse_json(content) if path.endswith(".json") else _parse_hcl(content)
    except _Unreadable as problem:
        raise Invalid(problem.message, place=Place(path, problem.at.line, problem.at.column)) from None


class _Unreadable(Exception):
    def __init__(self, message: str, at: At) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


_LANGUAGE = Language(tree_sitter_hcl.language())


def tree_of(content: bytes) -> Node:
    """The concrete syntax tree; may hold ERROR and missing nodes."""
    return Parser(_LANGUAGE).parse(content).root_node


@lru_cache(maxsize=8192)
def _parse_hcl(content: bytes) -> Source:
    root = tree_of(content)
    if root.has_error:
        broken = next(node for node in descend(root) if node.is_error or node.is_missing)
        line = content.splitlines()[broken.start_point.row : broken.start_point.row + 1]
        shown = line[0].decode("utf-8", "replace").strip() if line else "the end of the file"
        raise _Unreadable(f"this is not valid HCL: {shown}", position(broken))
    reader = _Reader()
    for block in blocks(body_of(root)):
        reader.take(block)
    if any(word in content for word in (b"file", b"path.", b"source", b"script")):
        reader.file_uses += _file_uses(root)
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


def _file_uses(root: Node) -> list[FileUse]:
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


class _Reader:
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


@lru_cache(maxsize=1024)
def _parse_json(content: bytes) -> Source:
    """The JSON syntax: https://developer.hashicorp.com/terraform/language/syntax/json"""
    try:
        document = json.loads(content)
    except ValueError as error:
        at = At(error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else At(1, 1)
        raise _Unreadable("this is not valid JSON", at) from None
    if not isinstance(document, dict):
        raise _Unreadable("a JSON configuration is an object", At(1, 1))
    top, start = At(1, 1), _Reader()
    for name, call in _members(document.get("module")):
        start.modules.append(ModuleCall(name, str(call.get("source", "")), top))
        start.for_init.append(f"module {name} {call.get('source')} {call.get('version')}")
    for name, _ in _members(document.get("provider")):
        start.configures_provider = True
        start.providers.add(name)
    for settings in _objects(document.get("terraform")):
        start.for_init.append(json.dumps(settings, sort_keys=True))
        start.required_version = str(settings.get("required_version", start.required_version))
        start.backend = next((kind for kind, _ in _members(settings.get("backend"))), start.backend)
        start.backend = "cloud" if "cloud" in settings else start.backend
    for mode in ("resource", "data"):
        for kind, named in _members(document.get(mode)):
            for name, body in _members(named):
                start.declared.append(_declared_in_json((mode, kind, name), body))
                start.providers.add(str(body.get("provider", kind.split("_")[0])).split(".")[0])
    for value in _strings(document):
        if "${" in value:
            start.file_uses += _file_uses(tree_of(f"x = <<TEXT\n{value}\nTEXT\n".encode()))
    return start.source()


def _declared_in_json(names: tuple[str, str, str], body: dict[str, object]) -> Declared:
    ignored: set[str] = set()
    for lifecycle in _objects(body.get("lifecycle")):
        changes = lifecycle.get("ignore_changes")
        listed = changes if isinstance(changes, list) else [changes] if changes else []
        ignored |= {re.split(r"[.\[]", str(each))[0] for each in listed}
    return Declared(
        *names,
        At(1, 1),
        frozenset(name for name, _ in _members(body.get("dynamic"))),
        frozenset(ignored),
        tuple(name for name, _ in _members(body.get("provisioner"))),
    )


def _objects(value: object) -> list[dict[str, object]]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _members(value: object) -> list[tuple[str, dict[str, object]]]:
    return [(name, inner) for each in _objects(value) for name, body in each.items() for inner in _objects(body)]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from _strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)
