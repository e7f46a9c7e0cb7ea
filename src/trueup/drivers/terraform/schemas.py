"""Provider schemas as shapes, and a compact file of them so that 15 MB of JSON are read once per lock file.

Format: https://developer.hashicorp.com/terraform/cli/commands/providers/schema
"""

import contextlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON, digest

_KINDS = {"list": Kind.LIST, "set": Kind.SET, "map": Kind.MAP, "object": Kind.OBJECT, "tuple": Kind.LIST}
_DOUBLES = frozenset({"tags_all"})
"""Attributes that repeat another one together with the provider's defaults."""

Names = Iterable[tuple[str, str]]
"""Provider address and kind of resource."""


def shape_of(block: JSON) -> Shape:
    """The shape of a resource or nested block from its `block` representation."""
    children = {name: _attribute(name, each) for name, each in block.get("attributes", {}).items()}
    children |= {name: _nested_block(each) for name, each in block.get("block_types", {}).items()}
    if (id := children.get("id")) is not None and id.computed_default:
        # The plug-in SDK declares every resource's id as one that code may set; no code does.
        children["id"] = replace(id, computed=True, computed_default=False)
    return Shape(kind=Kind.OBJECT, children=children)


def _attribute(name: str, attribute: JSON) -> Shape:
    optional, computed = attribute.get("optional", False), attribute.get("computed", False)
    nested = attribute.get("nested_type")
    kind, children, element = _nested_type(nested) if nested else _typed(attribute.get("type", "dynamic"))
    return Shape(
        kind=kind,
        computed=computed and not optional,
        optional=not attribute.get("required", False),
        computed_default=computed and optional,
        sensitive=attribute.get("sensitive", False),
        ignored=name in _DOUBLES,
        children=children,
        element=element,
    )


_Form = tuple[Kind, Mapping[str, Shape], Shape | None]


def _typed(kind: JSON) -> _Form:
    """cty's JSON notation of types: "string", ["list", T], ["object", {...}]."""
    match kind:
        case ["list" | "set" | "map" as name, inner]:
            return _KINDS[name], {}, _plain(inner)
        case ["object", attributes, *_]:
            return Kind.OBJECT, {name: _plain(each) for name, each in attributes.items()}, None
        case ["tuple", _]:
            return Kind.LIST, {}, None
        case "dynamic":
            return Kind.OBJECT, {}, None
        case _:
            return Kind.LEAF, {}, None


def _plain(kind: JSON) -> Shape:
    form, children, element = _typed(kind)
    return Shape(kind=form, children=children, element=element)


def _nested_type(nested: JSON) -> _Form:
    children = {name: _attribute(name, each) for name, each in nested.get("attributes", {}).items()}
    return _around(nested.get("nesting_mode", "single"), children)


def _nested_block(nested: JSON) -> Shape:
    kind, children, element = _around(nested["nesting_mode"], shape_of(nested["block"]).children)
    return Shape(kind=kind, optional=nested.get("min_items", 0) == 0, children=children, element=element)


def _around(mode: str, children: Mapping[str, Shape]) -> _Form:
    if mode in ("single", "group"):
        return Kind.OBJECT, children, None
    return _KINDS[mode], {}, Shape(kind=Kind.OBJECT, children=children)


class SchemaCache:
    """A zip for each (lock file, engine) with the schema of every kind of resource as a member of its own."""

    def __init__(self, directory: Path) -> None:
        """The directory is shared by all stacks of a worker."""
        self._directory = directory

    def shapes(self, key: JSON, names: Names, fetch: Callable[[], JSON]) -> Mapping[str, Shape]:
        """Shapes by kind. `fetch` answers the whole document of `providers schema -json`; called when there is no
        file yet for this key. A kind that no provider has is left out."""
        file = self._directory / f"{digest(key).removeprefix('sha256:')}.zip"
        wanted = sorted(set(names))
        if not file.exists():
            self._write(file, fetch())
        found = {}
        with zipfile.ZipFile(file) as archive:
            for provider, kind in wanted:
                with contextlib.suppress(KeyError):
                    found[kind] = shape_of(json.loads(archive.read(f"{provider}/{kind}")))
        return found

    def _write(self, file: Path, document: JSON) -> None:
        """Complete or not at all: several workers may write the same file."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        growing = file.with_name(f"{file.name}.{os.getpid()}")
        with zipfile.ZipFile(growing, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for provider, schemas in document.get("provider_schemas", {}).items():
                for kind, schema in schemas.get("resource_schemas", {}).items():
                    archive.writestr(f"{provider}/{kind}", json.dumps(schema["block"]))
        growing.replace(file)
