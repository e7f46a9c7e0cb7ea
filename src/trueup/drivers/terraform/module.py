"""One Terraform module: the HCL files of a directory of a tree, as far as editing them needs."""

import posixpath
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property

from trueup.drivers.terraform.hcl import Attribute, Block, Body, parse
from trueup.drivers.terraform.hcl_expressions import Expression, expressions
from trueup.ports.tree import Tree


@dataclass(frozen=True)
class ModuleCall:
    name: str
    source: str | None
    """None when it is missing or not a literal."""
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


class Module:
    """The code of one directory as its engine reads it, override files last, as they are merged. Terraform does not
    read `.tofu`; OpenTofu reads `a.tofu` in place of `a.tf`. Files are parsed when they are first asked for; parsing
    raises Invalid with file, line and column."""

    def __init__(self, tree: Tree, directory: str, *, tofu: bool = False) -> None:
        self.tree = tree
        self.directory = directory.strip("/")
        self.tofu = tofu
        prefix = f"{self.directory}/" if self.directory else ""
        paths = [entry.path for entry in tree.entries(self.directory) if not entry.link]
        here = {path for path in paths if "/" not in path.removeprefix(prefix)}
        self.files = tuple(path for path in paths if path in here and _is_read(path, here, tofu=tofu))

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        paths = sorted((path for path in self.files if path.endswith(_CODE)), key=lambda path: (_overrides(path), path))
        return tuple(parse(path, self.tree.read(path)) for path in paths)

    @property
    def json_files(self) -> tuple[str, ...]:
        """Configuration in JSON syntax, which nothing here reads."""
        return tuple(path for path in self.files if path.endswith((".tf.json", ".tofu.json")))

    @property
    def variable_files(self) -> tuple[str, ...]:
        """Those that Terraform loads by itself in a root module, weakest first, JSON variants among them."""
        plain = [path for path in self.files if posixpath.basename(path) in _VARIABLES]
        return (*sorted(plain), *sorted(path for path in self.files if path.endswith(_AUTOMATIC)))

    def blocks(self, kind: str, *labels: str) -> Iterator[Block]:
        for body in self.bodies:
            yield from body.find(kind, *labels)

    def expressions(self) -> Iterator[Expression]:
        for body in self.bodies:
            yield from expressions(body.source)

    @cached_property
    def module_calls(self) -> tuple[ModuleCall, ...]:
        return tuple(
            ModuleCall(block.labels[0], literal(block, "source"), block)
            for block in self.blocks("module")
            if block.labels
        )

    def variable(self, name: str) -> Block | None:
        return next(self.blocks("variable", name), None)

    def local(self, name: str) -> Attribute | None:
        return next((found for block in self.blocks("locals") if (found := block.body.attribute(name))), None)


def literal(block: Block, name: str) -> str | None:
    """The string that a block's attribute says, None when there is none or it is computed."""
    attribute = block.body.attribute(name)
    said = attribute.value.static() if attribute else None
    return said if isinstance(said, str) else None


_CODE = (".tf", ".tofu")
_VARIABLES = ("terraform.tfvars", "terraform.tfvars.json")
_AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")


def _is_read(path: str, beside: Container[str], *, tofu: bool) -> bool:
    if not tofu:
        return not path.endswith((".tofu", ".tofu.json"))
    return not any(
        path.endswith(plain) and path.removesuffix(plain) + instead in beside
        for plain, instead in ((".tf", ".tofu"), (".tf.json", ".tofu.json"))
    )


def _overrides(path: str) -> bool:
    stem = posixpath.basename(path).rpartition(".")[0]
    return stem == "override" or stem.endswith("_override")
