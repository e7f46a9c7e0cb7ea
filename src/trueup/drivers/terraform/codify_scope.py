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
from trueup.ports.tree import Tree

_INDEX = r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]'
_STEP = re.compile(rf"module\.([\w-]+)({_INDEX})?\.")
_RESOURCE = re.compile(rf"([\w-]+)\.([\w-]+)({_INDEX})?")


Key = str | int | None
"""Of one instance of count or for_each; None where there is only one."""


@dataclass(frozen=True)
class ParsedAddress:
    modules: tuple[tuple[str, Key], ...]
    """Names of the modules on the way, and which instance of each."""
    kind: str
    name: str
    key: Key

    @property
    def repeated(self) -> bool:
        return self.key is not None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Of every module from the outside, and of the resource."""
        return (*(key for _, key in self.modules), self.key)

    def beside(self, other: "ParsedAddress", shared: frozenset[int]) -> bool:
        """Whether the other one is the same resource, in any instance at the shared places of `keys`."""
        mine = (tuple(name for name, _ in self.modules), self.kind, self.name)
        theirs = (tuple(name for name, _ in other.modules), other.kind, other.name)
        pairs = enumerate(zip(self.keys, other.keys, strict=False))
        return mine == theirs and all(a == b or place in shared for place, (a, b) in pairs)


def parse_address(address: str) -> ParsedAddress:
    """Of a managed resource: `module.a["x"].aws_vpc.main[0]`. Raises Refused for anything else."""
    modules: list[tuple[str, Key]] = []
    rest = address
    while (step := _STEP.match(rest)) is not None:
        modules.append((step[1], _key(step[2])))
        rest = rest[step.end() :]
    found = _RESOURCE.fullmatch(rest)
    if found is None:
        raise Refused(f"{address} is no managed resource")
    return ParsedAddress(tuple(modules), found[1], found[2], _key(found[3]))


@dataclass(frozen=True, eq=False)
class Scope:
    """One module as it is called: expressions in it mean something only together with the caller."""

    module: Module
    caller: "Scope | None" = None
    call: ModuleCall | None = None
    key: Key = None
    """Which instance of the call."""
    outside: Mapping[str, str] = field(default_factory=dict)
    """Of a root module: variables whose value comes from elsewhere, and from where."""
    variable_files: tuple[str, ...] = ()
    """Of a root module: paths, weakest first."""

    @property
    def each(self) -> "tuple[str | int, Expression] | None":
        """What `each` means where this module is called: the instance's key and the for_each expression."""
        for_each = self.call.block.body.attribute("for_each") if self.call is not None else None
        return (self.key, for_each.value) if for_each is not None and self.key is not None else None

    def enter(self, name: str, key: Key = None) -> "Scope":
        call = next((call for call in self.module.module_calls if call.name == name), None)
        if call is None:
            raise Refused(f"module.{name} is not called in {self.module.directory or 'the root directory'}")
        if not call.local:
            raise Refused(
                f"{call.block.place}: module.{name} comes from {call.source or 'elsewhere'}, outside of this "
                "repository: change it there, or pass the value as an argument"
            )
        module = Module(self.module.tree, call.directory(self.module.directory), tofu=self.module.tofu)
        return Scope(module, self, call, key)

    def resource(self, address: ParsedAddress) -> Block:
        found = list(self.module.blocks("resource", address.kind, address.name))
        if len(found) > 1:
            raise Refused(f"the resource is overridden in {found[-1].source.path}: which one to edit is for a person")
        if found:
            return found[0]
        for path in self.module.json_files:
            line = _line_in_json(self.module.tree.read(path).decode(errors="replace"), address)
            if line:
                raise Refused(f"{path}:{line}: the resource is written in JSON syntax, which is not edited")
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
            raise Refused(f"var.{name} is set outside of the repository ({self.outside[name]}): change it there")
        for path in reversed(self.variable_files):
            content = self.module.tree.read(path)
            if path.endswith(".json"):
                if f'"{name}"'.encode() in content:
                    raise Refused(f"{path}: var.{name} is set in a JSON variable file, which is not edited")
                continue
            assigned = parse(path, content).attribute(name)
            if assigned is not None:
                return self, assigned.value
        return self._default(name)

    def _default(self, name: str) -> "tuple[Scope, Expression]":
        block = self.module.variable(name)
        default = block.body.attribute("default") if block else None
        if default is None:
            raise Refused(f"var.{name} has no default and no value in this repository: change it where it is set")
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
    tofu: bool = False
    """Whether OpenTofu reads the files."""


def root_scope(tree: Tree, directory: str, given: Given) -> Scope:
    module = Module(tree, directory, tofu=given.tofu)
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


def _line_in_json(text: str, address: ParsedAddress) -> int:
    """Where a JSON configuration names a resource: the line of its name behind its type; 0 where it does not."""
    kind = text.find(f'"{address.kind}"')
    name = text.find(f'"{address.name}"', kind) if kind >= 0 else -1
    return text.count("\n", 0, name) + 1 if name >= 0 else 0


def _key(text: str | None) -> Key:
    if text is None:
        return None
    key: str | int = json.loads(text[1:-1])
    return key
