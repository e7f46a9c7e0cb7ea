"""The native syntax as what it says."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from trueup.drivers.terraform.hcl import Attribute, Block, Body, parse
from trueup.drivers.terraform.hcl_expressions import Expression, Form, calls_and_templates
from trueup.drivers.terraform.hcl_nodes import Source
from trueup.drivers.terraform.said import (
    DYNAMIC,
    EVERYTHING,
    FILE_ATTRIBUTES,
    FILE_FUNCTIONS,
    MODULE,
    ROOT,
    Declared,
    FileUse,
    ModuleCall,
    Said,
)
from trueup.model.errors import Place

_DIRECTORIES: Mapping[tuple[str | int, ...], str] = {
    ("path", "module"): MODULE,
    ("path", "root"): ROOT,
    ("path", "cwd"): ROOT,
}
_MOMENTS = ("timestamp", "plantimestamp")


@lru_cache(maxsize=8192)
def parse_hcl(path: str, content: bytes) -> Said:
    """Raises Invalid with line and column."""
    body = parse(path, content)
    said = Collected()
    for block in body.blocks:
        said.take(block)
    if any(word in content for word in (b"file", b"path.", b"timestamp")):
        for expression in calls_and_templates(body.source):
            said.file_uses += file_uses_in(expression)
            if expression.form is Form.CALL and expression.function in _MOMENTS:
                said.moments.append((expression.function, expression.place))
    said.file_uses += _named_in(body)
    return said.freeze()


def path_parts(expression: Expression) -> tuple[str, ...]:
    """A string as literal and other parts; (DYNAMIC,) for an expression that may be any string."""
    text = expression.static()
    if isinstance(text, str):
        return (text,)
    parts = expression.parts if expression.form is Form.TEMPLATE else (expression,)
    return tuple(part if isinstance(part, str) else _DIRECTORIES.get(part.steps or (), DYNAMIC) for part in parts)


def file_uses_in(expression: Expression) -> Iterator[FileUse]:
    """Of a call: the file that it reads. Of a template: the file beside the code that it names."""
    if expression.form is Form.CALL and expression.function in FILE_FUNCTIONS and expression.arguments:
        yield FileUse(path_parts(expression.arguments[0]), expression.function, expression.place)
    if expression.form is Form.TEMPLATE:
        parts = path_parts(expression)
        if parts and parts[0] in (MODULE, ROOT):
            yield FileUse(parts, "path", expression.place)


def calls_in(template: str) -> Iterator[Expression]:
    """The calls and templates in a text that Terraform takes for a template."""
    content = f"x = <<TEXT\n{template}\nTEXT\n".encode()
    return calls_and_templates(Source.unchecked("", content))


def _named_in(body: Body) -> Iterator[FileUse]:
    """Files that a provider or provisioner reads by itself, named by an attribute's plain text."""
    for attribute in body.attributes:
        text = attribute.value.static() if attribute.name in FILE_ATTRIBUTES else None
        if isinstance(text, str) and text:
            yield FileUse((text,), attribute.name, attribute.place)
    for block in body.blocks:
        if block.kind not in ("module", "required_providers"):
            yield from _named_in(block.body)


class Collected:
    """Collects what the blocks of one file say."""

    def __init__(self) -> None:
        self.modules: list[ModuleCall] = []
        self.file_uses: list[FileUse] = []
        self.declared: list[Declared] = []
        self.moments: list[tuple[str, Place]] = []
        self.required_version = ""
        self.backend = ""
        self.backend_path = ""
        self.providers: set[str] = set()
        self.configured: list[tuple[str, str]] = []
        self.for_init: list[str] = []

    def take(self, block: Block) -> None:
        match block.kind, *block.labels:
            case ["terraform"]:
                self._terraform(block)
            case ["provider", name]:
                self.configured.append((name, block.text))
                self.providers.add(name)
            case ["module", name]:
                source, version = block.body.attribute("source"), block.body.attribute("version")
                self.modules.append(ModuleCall(name, _literal(source), block.place))
                self.for_init.append(f"module {name} {_text(source)} {_text(version)}")
            case ["resource" | "data" | "ephemeral" as mode, kind, name]:
                self._resource(block, (mode, kind, name))

    def freeze(self) -> Said:
        return Said(
            modules=tuple(self.modules),
            file_uses=tuple(self.file_uses),
            declared=tuple(self.declared),
            moments=tuple(self.moments),
            required_version=self.required_version,
            backend=self.backend,
            backend_path=self.backend_path,
            providers=frozenset(self.providers),
            configured=tuple(self.configured),
            for_init=(*self.for_init, *sorted(self.providers)),
        )

    def _terraform(self, block: Block) -> None:
        self.for_init.append(block.text)
        self.required_version = _literal(block.body.attribute("required_version")) or self.required_version
        for inner in block.body.blocks:
            match inner.kind, *inner.labels:
                case ["backend", kind]:
                    self.backend = kind
                    self.backend_path = _literal(inner.body.attribute("path"))
                case ["cloud"]:
                    self.backend = "cloud"

    def _resource(self, block: Block, names: tuple[str, str, str]) -> None:
        mode, kind, name = names
        provider = _text(block.body.attribute("provider"))
        self.providers.add(provider.split(".")[0] if provider else kind.split("_")[0])
        dynamic, provisioners, ignored = set[str](), list[str](), frozenset[str]()
        for inner in block.body.blocks:
            match inner.kind, *inner.labels:
                case ["dynamic", label]:
                    dynamic.add(label)
                case ["provisioner", label]:
                    provisioners.append(label)
                case ["lifecycle"]:
                    changes = inner.body.attribute("ignore_changes")
                    ignored = _ignored(changes.value) if changes else frozenset()
        self.declared.append(Declared(mode, kind, name, block.place, frozenset(dynamic), ignored, tuple(provisioners)))


def _ignored(expression: Expression) -> frozenset[str]:
    if expression.text == EVERYTHING:
        return frozenset({EVERYTHING})
    return frozenset(re.split(r"[.\[]", element.text.strip('"'))[0] for element in expression.elements)


def _literal(attribute: Attribute | None) -> str:
    text = attribute.value.static() if attribute else None
    return text if isinstance(text, str) else ""


def _text(attribute: Attribute | None) -> str:
    return attribute.value.text if attribute else ""
