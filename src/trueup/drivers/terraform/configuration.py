"""What the code says beside the values: which attributes it sets, and what acts without showing in any value. Pure.

Format: the `configuration` of https://developer.hashicorp.com/terraform/internals/json-format
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from trueup.drivers.terraform.layout import join
from trueup.drivers.terraform.reading import Root
from trueup.drivers.terraform.said import EVERYTHING, Declared
from trueup.model.plan import Action, Address, Finding, PlannedChange
from trueup.model.values import JSON, digest_bytes, nodes

_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')


@dataclass(frozen=True)
class Configured:
    """One resource block, in the module that has it."""

    body: JSON
    """Its entry in the plan's configuration."""
    declared: Declared | None
    """What its source says; None in modules from elsewhere."""
    directory: str | None
    """Of its module in the tree."""


Configuration = Mapping[str, Configured]
"""By address without instance keys: `module.a.aws_vpc.main`."""


def without_keys(address: str) -> str:
    return _INDEX.sub("", address)


def configuration_of(document: JSON, root: Root) -> Configuration:
    module = document.get("configuration", {}).get("root_module", {})
    return dict(_walk(module, "", root.path, root))


def _walk(module: JSON, prefix: str, directory: str | None, root: Root) -> Iterator[tuple[str, Configured]]:
    own = root.modules.get(directory) if directory is not None else None
    declared = {
        f"{each.kind}.{each.name}": each
        for source in (own.sources.values() if own else ())
        for each in source.declared
        if each.mode == "resource"
    }
    for body in module.get("resources", ()):
        if body.get("mode") == "managed":
            name = f"{body['type']}.{body['name']}"
            yield prefix + name, Configured(body, declared.get(name), directory)
    for name, call in module.get("module_calls", {}).items():
        source = call.get("source", "")
        local = directory is not None and source.startswith(("./", "../"))
        inner = root.layout.resolve(join(directory or "", source))[0] if local else None
        yield from _walk(call.get("module", {}), f"{prefix}module.{name}.", inner, root)


def sets_of(configuration: Configuration, addresses: Iterable[Address]) -> dict[Address, frozenset[str]]:
    """Top-level attributes and blocks that the code sets and does not ignore, for every address that has code."""
    found = {}
    for address in addresses:
        configured = configuration.get(without_keys(address))
        if configured is None:
            continue
        names = frozenset(configured.body.get("expressions", {}))
        if configured.declared is not None:
            ignored = configured.declared.ignored
            names = frozenset() if EVERYTHING in ignored else (names | configured.declared.dynamic) - ignored
        found[address] = names
    return found


def ignored_of(configuration: Configuration, addresses: Iterable[Address]) -> dict[Address, frozenset[str]]:
    """What `ignore_changes` covers, for every address that has one; `*` for all."""
    found = {}
    for address in addresses:
        configured = configuration.get(without_keys(address))
        if configured is not None and configured.declared is not None and configured.declared.ignored:
            ignored = configured.declared.ignored
            found[address] = frozenset({"*"}) if EVERYTHING in ignored else ignored
    return found


def unseen_by(
    changes: Iterable[PlannedChange], document: JSON, root: Root, hash_secret: Callable[[JSON], str]
) -> dict[str, str]:
    """What an apply would do beside the values that it writes: provisioners, with what they refer to, and the
    content of files that a value names."""
    configuration = configuration_of(document, root)
    found: dict[str, str] = {}
    for change in changes:
        configured = configuration.get(without_keys(change.address))
        provisioners = configured.body.get("provisioners", []) if configured else []
        acts = change.action in (Action.CREATE, Action.REPLACE, Action.DELETE)
        if configured is not None and provisioners and acts:
            found[f"{change.address} provisioner"] = hash_secret(
                [provisioners, document.get("variables", {}), _contents(configured, root)]
            )
        for path in _files_named(change.after, root):
            found[f"{change.address} {path}"] = digest_bytes(root.layout.tree.read(path))
    return found


def _contents(configured: Configured, root: Root) -> list[str]:
    """What a provisioner may refer to: the locals and scripts of its module, by everything in the closure that is
    not another resource's value."""
    directory = configured.directory if configured.directory is not None else root.path
    return [
        digest_bytes(root.layout.tree.read(path))
        for path in sorted(root.files)
        if posixpath.dirname(path) == directory or not path.endswith((".tf", ".tofu", ".hcl", ".json"))
        if not root.layout.entries[path].link
    ]


def _files_named(value: JSON, root: Root) -> Iterator[str]:
    for node in nodes(value):
        if isinstance(node, str) and 0 < len(node) < 500 and "\n" not in node:
            path = join(root.path, node)
            if path in root.files and not root.layout.entries[path].link:
                yield path


def moments_in(root: Root) -> Iterator[Finding]:
    """Where the code asks for the time: such a value is another one in every plan."""
    for _, source in root.sources():
        for function, place in source.moments:
            yield Finding(
                "never-repeats",
                f"{function}() is another value in every plan",
                place,
                hint="keep it out of what is stored, or ignore the attribute's changes",
            )
