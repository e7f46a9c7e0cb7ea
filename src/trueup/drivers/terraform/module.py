"""One Terraform module: the HCL files of a directory, read from a tree, and what they refer to."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from trueup.drivers.terraform.hcl import Attribute, Block, Expression, Form, Source, parse
from trueup.model.errors import Place
from trueup.ports.tree import Tree

_READS = frozenset(
    {
        "file",
        "filebase64",
        "filebase64sha256",
        "filebase64sha512",
        "fileexists",
        "filemd5",
        "fileset",
        "filesha1",
        "filesha256",
        "filesha512",
        "templatefile",
    }
)
"""Terraform's functions whose first argument is a path: https://developer.hashicorp.com/terraform/language/functions"""


@dataclass(frozen=True)
class ModuleCall:
    name: str
    source: str | None
    """None when it is missing or not a literal."""
    version: str | None
    block: Block

    @property
    def local(self) -> bool:
        return self.source is not None and self.source.startswith(("./", "../"))

    @property
    def repeated(self) -> bool:
        return any(self.block.body.attribute(name) for name in ("count", "for_each"))

    def directory(self, caller: str) -> str:
        """Of a local module, seen from the directory that calls it. Starts with `..` when it leaves the repository."""
        joined = posixpath.normpath(posixpath.join(caller, self.source or ""))
        return "" if joined == "." else joined


@dataclass(frozen=True)
class ProviderRequirement:
    name: str
    source: str | None
    version: str | None
    place: Place


@dataclass(frozen=True)
class FileReference:
    """A path in the repository that an expression names."""

    path: str
    """Relative to the repository's root; may leave it (`..`), and may be a directory."""
    exact: bool
    """False: the path is computed; everything below this directory may be meant."""
    place: Place


class Module:
    """The `.tf` files of one directory, override files last, as Terraform merges them. Files are parsed when they
    are first asked for; parsing raises Invalid with file, line and column."""

    def __init__(self, tree: Tree, directory: str) -> None:
        self.tree = tree
        self.directory = directory.strip("/")
        prefix = f"{self.directory}/" if self.directory else ""
        paths = [entry.path for entry in tree.entries(self.directory) if not entry.link]
        self.files = tuple(path for path in paths if "/" not in path.removeprefix(prefix))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        paths = [path for path in self.files if path.endswith(".tf")]
        return tuple(
            parse(path, self.tree.read(path)) for path in sorted(paths, key=lambda path: (_overrides(path), path))
        )

    @property
    def json_files(self) -> tuple[str, ...]:
        """Configuration in JSON syntax, which nothing here reads."""
        return tuple(path for path in self.files if path.endswith(".tf.json"))

    @property
    def variable_files(self) -> tuple[str, ...]:
        """Those that Terraform loads by itself in a root module, weakest first. JSON variants are among them."""
        names = [
            path for path in self.files if posixpath.basename(path) in ("terraform.tfvars", "terraform.tfvars.json")
        ]
        return (
            *sorted(names),
            *sorted(path for path in self.files if path.endswith((".auto.tfvars", ".auto.tfvars.json"))),
        )

    def blocks(self, kind: str, *labels: str) -> Iterator[Block]:
        for source in self.sources:
            yield from source.body.find(kind, *labels)

    @cached_property
    def module_calls(self) -> tuple[ModuleCall, ...]:
        return tuple(
            ModuleCall(block.labels[0], literal(block, "source"), literal(block, "version"), block)
            for block in self.blocks("module")
            if block.labels
        )

    @property
    def backend(self) -> Block | None:
        """The `backend` block (its label is the type) or the `cloud` block; an override file's wins."""
        found = [
            inner
            for block in self.blocks("terraform")
            for inner in block.body.blocks
            if inner.kind in ("backend", "cloud")
        ]
        return found[-1] if found else None

    @property
    def providers(self) -> tuple[ProviderRequirement, ...]:
        """Entries of `required_providers`."""
        return tuple(
            _requirement(attribute)
            for block in self.blocks("terraform")
            for inner in block.body.find("required_providers")
            for attribute in inner.body.attributes
        )

    @property
    def provider_blocks(self) -> tuple[Block, ...]:
        return tuple(self.blocks("provider"))

    @property
    def required_version(self) -> str | None:
        found = [value for block in self.blocks("terraform") if (value := literal(block, "required_version"))]
        return ", ".join(found) or None

    def variable(self, name: str) -> Block | None:
        return next(self.blocks("variable", name), None)

    def local(self, name: str) -> Attribute | None:
        return next((found for block in self.blocks("locals") if (found := block.body.attribute(name))), None)

    def resource(self, kind: str, name: str) -> Block | None:
        return next(self.blocks("resource", kind, name), None)

    def file_references(self, root: str) -> Iterator[FileReference]:
        """Paths that the module's expressions name: first arguments of functions that read files, and every string
        that starts with `${path.module}`, `${path.root}` or `${path.cwd}`. `root` is the root module's directory,
        which is also where relative paths lead."""
        for source in self.sources:
            for expression in source.expressions():
                if expression.form is Form.CALL and expression.function in _READS and expression.arguments:
                    first = expression.arguments[0]
                    if isinstance(said := first.static(), str):
                        yield FileReference(_join(root, said), expression.function != "fileset", first.place)
                elif expression.form is Form.TEMPLATE and (found := self._anchored(expression, root)) is not None:
                    yield found

    def _anchored(self, template: Expression, root: str) -> FileReference | None:
        first, *rest = template.parts or ("",)
        if not isinstance(first, Expression) or first.steps is None or first.steps[0] != "path":
            return None
        base = self.directory if first.steps[1:] == ("module",) else root
        if all(isinstance(part, str) for part in rest):
            return FileReference(_join(base, "".join(str(part) for part in rest).lstrip("/")), True, template.place)
        known = ""
        for part in rest:
            if not isinstance(part, str):
                break
            known += part
        return FileReference(_join(base, posixpath.dirname(known).lstrip("/")), False, template.place)


def literal(block: Block, name: str) -> str | None:
    """The string that a block's attribute says, None when there is none or it is computed."""
    attribute = block.body.attribute(name)
    said = attribute.value.static() if attribute else None
    return said if isinstance(said, str) else None


def _requirement(attribute: Attribute) -> ProviderRequirement:
    said = attribute.value.static()
    if isinstance(said, str):
        return ProviderRequirement(attribute.name, None, said, attribute.place)
    entries = {entry.key: entry.value.static() for entry in attribute.value.entries}
    source, version = entries.get("source"), entries.get("version")
    return ProviderRequirement(
        attribute.name,
        source if isinstance(source, str) else None,
        version if isinstance(version, str) else None,
        attribute.place,
    )


def _join(base: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(base, path))
    return "" if joined == "." else joined


def _overrides(path: str) -> bool:
    name = posixpath.basename(path)
    return name == "override.tf" or name.endswith("_override.tf")
