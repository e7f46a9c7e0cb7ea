"""Scope: which module a resource's address leads to, where its block is, and where a variable's value comes from."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trueup.drivers.terraform.hcl import Block, parse
from trueup.drivers.terraform.hcl_expressions import Expression
from trueup.drivers.terraform.module import Module, ModuleCall
from trueup.model.errors import Refused
from trueup.model.plan import Address
from trueup.ports.tree import Tree

_INDEX = r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]'
_STEP = re.compile(rf"module\.([\w-]+)({_INDEX})?\.")
_RESOURCE = re.compile(rf"([\w-]+)\.([\w-]+)({_INDEX})?")


@dataclass(frozen=True)
class ParsedAddress:
    modules: tuple[tuple[str, bool], ...]
    """Names of the modules on the way, and whether one instance of several is meant."""
    kind: str
    name: str
    key: str | int | None

    @property
    def repeated(self) -> bool:
        return self.key is not None


def parse_address(address: str) -> ParsedAddress:
    """Of a managed resource: `module.a["x"].aws_vpc.main[0]`. Raises Refused for anything else."""
    modules: list[tuple[str, bool]] = []
    rest = address
    while (step := _STEP.match(rest)) is not None:
        modules.append((step[1], step[2] is not None))
        rest = rest[step.end() :]
    found = _RESOURCE.fullmatch(rest)
    if found is None:
        raise Refused(f"{address} is no managed resource")
    return ParsedAddress(tuple(modules), found[1], found[2], _key(found[3]))


def without_key(address: Address) -> str:
    """The address of the block: the same for every instance of count and for_each."""
    return re.sub(rf"{_INDEX}$", "", address)


@dataclass(frozen=True, eq=False)
class Scope:
    """One module as it is called: expressions in it mean something only together with the caller."""

    module: Module
    caller: "Scope | None" = None
    call: ModuleCall | None = None
    outside: Mapping[str, str] = field(default_factory=dict)
    """Of a root module: variables whose value comes from elsewhere, and from where."""
    variable_files: tuple[str, ...] = ()
    """Of a root module: paths, weakest first."""

    def enter(self, name: str, *, repeated: bool) -> "Scope":
        call = next((call for call in self.module.module_calls if call.name == name), None)
        if call is None:
            raise Refused(f"module.{name} is not called in {self.module.directory or 'the root directory'}")
        if repeated or call.repeated:
            raise Refused(f"module.{name} has count or for_each: one edit would change every instance")
        if not call.local:
            raise Refused(f"module.{name} comes from {call.source or 'elsewhere'}, outside this repository")
        return Scope(Module(self.module.tree, call.directory(self.module.directory)), self, call)

    def resource(self, address: ParsedAddress) -> Block:
        found = list(self.module.blocks("resource", address.kind, address.name))
        if len(found) > 1:
            raise Refused(f"the resource is overridden in {found[-1].source.path}: which one to edit is for a person")
        if found:
            return found[0]
        if self.module.json_files:
            raise Refused(
                f"the resource is not in any .tf file; .tf.json is not edited ({', '.join(self.module.json_files)})"
            )
        raise Refused(f'there is no block `resource "{address.kind}" "{address.name}"` in this revision')

    def references(self, address: ParsedAddress) -> tuple[str, ...]:
        """Files and lines in which the module refers to a resource."""
        return tuple(
            str(expression.place)
            for expression in self.module.expressions()
            if expression.steps is not None and expression.steps[:2] == (address.kind, address.name)
        )

    def variable(self, name: str) -> "tuple[Scope, Expression]":
        """The expression that gives a variable its value, and the scope to read that expression in."""
        if self.caller is not None and self.call is not None:
            given = self.call.block.body.attribute(name)
            return (self.caller, given.value) if given else self._default(name)
        if name in self.outside:
            raise Refused(f"var.{name} is set outside the repository ({self.outside[name]})")
        for path in reversed(self.variable_files):
            content = self.module.tree.read(path)
            if path.endswith(".json"):
                if f'"{name}"'.encode() in content:
                    raise Refused(f"var.{name} is set in {path}: JSON variable files are not edited")
                continue
            assigned = parse(path, content).attribute(name)
            if assigned is not None:
                return self, assigned.value
        return self._default(name)

    def _default(self, name: str) -> "tuple[Scope, Expression]":
        block = self.module.variable(name)
        default = block.body.attribute("default") if block else None
        if default is None:
            raise Refused(f"var.{name} has no default and no value in this repository: it is set outside")
        return self, default.value


@dataclass(frozen=True)
class Given:
    """How a root module gets its variables, strongest last: Terraform's own order."""

    files: Sequence[str] = ()
    """`-var-file`s, relative to the stack's directory."""
    environment: frozenset[str] = frozenset()
    """Names from TF_VAR_*."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Names that override every file, and where they come from."""


def root_scope(tree: Tree, directory: str, given: Given) -> Scope:
    module = Module(tree, directory)
    files = (
        *module.variable_files,
        *(posixpath.normpath(posixpath.join(module.directory, path)) for path in given.files),
    )
    in_files = set(_assigned(tree, files))
    outside = {name: "the environment's TF_VAR_" + name for name in given.environment - in_files}
    return Scope(module, outside={**outside, **given.elsewhere}, variable_files=files)


def _assigned(tree: Tree, files: Sequence[str]) -> Iterator[str]:
    for path in files:
        if not path.endswith(".json"):
            yield from (attribute.name for attribute in parse(path, tree.read(path)).attributes)


def _key(text: str | None) -> str | int | None:
    if text is None:
        return None
    key: str | int = json.loads(text[1:-1])
    return key
