"""Imports: a live child that no code has, written as a resource beside its siblings and an `import` block. Pure.

https://developer.hashicorp.com/terraform/language/import: Terraform 1.5 and later, and only in the root module.
"""

import json
import re
from collections.abc import Mapping, Sequence

from trueup.drivers.terraform import codify_lines as lines
from trueup.drivers.terraform import render_hcl
from trueup.drivers.terraform.children import Watch
from trueup.drivers.terraform.children_table import BY_KIND
from trueup.drivers.terraform.codify_editing import Editing
from trueup.drivers.terraform.codify_scope import ParsedAddress, Scope, parse_address
from trueup.drivers.terraform.hcl import Block
from trueup.model.address import parent_of
from trueup.model.child import Child
from trueup.model.drift import Drift
from trueup.model.errors import Refused
from trueup.model.normal import NOTHING_KNOWN, read_json
from trueup.model.plan import Plan
from trueup.model.values import JSON

_REFERS = ("_id", "_arn", "_ids")
"""Attributes that name other resources end so."""
_ENGINE = re.compile(r"terraform (\d+)\.(\d+)")
_FIRST_WITH_IMPORT = (1, 5)


def is_child(drift: Drift) -> bool:
    return parent_of(drift.address) is not None


def codify_child(editing: Editing, root: Scope, drift: Drift, plan: Plan) -> None:
    """Adds the resource and the import. Raises Refused with what a person can do."""
    child = _seen(drift, plan)
    parent = parse_address(child.parent)
    scope = root
    for name, key in parent.modules:
        scope = scope.enter(name, key)
        if scope.call is not None and scope.call.repeated:
            raise Refused(f"module.{name} has count or for_each: a resource in it would be one for every instance")
    block = scope.resource(parent)
    name = _free_name(editing, scope, child, parent)
    within = child.parent.rpartition(f"{parent.kind}.{parent.name}")[0]
    to = f"{within}{child.kind}.{name}"
    id = BY_KIND[child.kind].import_id(child.values)
    _refuse_old_engine(plan.basis.engine, to, id)
    sibling = _last_sibling(scope, child.kind, parent)
    order = tuple(each.name for each in sibling.body.attributes) if sibling is not None else ()
    text = _resource(child, name, _references(child, parent, within, plan), order)
    after = sibling or block
    if scope is root:
        _insert(editing, after, f"{text}\n\n{_import(to, id)}")
    else:
        _insert(editing, after, text)
        call = next(call for call in root.module.module_calls if call.name == parent.modules[0][0])
        _insert(editing, call.block, _import(to, id))
    editing.notes.append("import blocks do nothing once they are applied: they may be deleted then")


def suggestion(drift: Drift, plan: Plan) -> str:
    """What a person would write for a child; "" where there is nothing to write."""
    child = next((each for each in plan.children or () if each.address == drift.address), None)
    if child is None:
        return ""
    try:
        return written(child, _label(child))
    except Refused:
        return ""


def written(child: Child, name: str) -> str:
    """Resource and import of a child, with the live system's own names for references; pruned of what is empty."""
    return f"{_resource(child, name, {})}\n\n{_import(f'{child.kind}.{name}', import_id(child))}\n"


def takes_in(child: Child, plan: Plan) -> str:
    """The same with references to what the plan manages, as codifying would write it; "" for a secret."""
    parent = parse_address(child.parent)
    within = child.parent.rpartition(f"{parent.kind}.{parent.name}")[0]
    name = _slug(f"{parent.name}_{_watched(child).label(child.values)}")
    try:
        text = _resource(child, name, _references(child, parent, within, plan))
        return f"{text}\n\n{_import(f'{within}{child.kind}.{name}', import_id(child))}\n"
    except Refused:
        return ""


def import_id(child: Child) -> str:
    return BY_KIND[child.kind].import_id(child.values)


def _seen(drift: Drift, plan: Plan) -> Child:
    child = next((each for each in plan.children or () if each.address == drift.address), None)
    if child is None and all(each.real is None for each in drift.differences):
        raise Refused(
            "it is gone and no code ever had it, so there is nothing to write: put it back by hand, or "
            "`trueup adopt STACK` settles that it is gone"
        )
    if child is None:
        raise Refused("it is not there any more, or it could not be looked at now")
    if child.managed_by is not None:
        raise Refused(f"{child.managed_by} has it already")
    return child


def _refuse_old_engine(engine: str, to: str, id: str) -> None:
    found = _ENGINE.match(engine)
    if found is not None and (int(found[1]), int(found[2])) < _FIRST_WITH_IMPORT:
        raise Refused(f"{engine} knows no import blocks: write the resource and run `terraform import '{to}' '{id}'`")


def _resource(child: Child, name: str, references: Mapping[str, str], order: Sequence[str] = ()) -> str:
    """In the layout of `terraform fmt`: what is said on one line first, aligned; documents and blocks after it.
    Attributes that a sibling has stand as they do there."""
    plain: dict[str, str] = {}
    long: list[str] = []
    names = sorted(child.values, key=lambda each: order.index(each) if each in order else len(order))
    for attribute, value in ((each, child.values[each]) for each in names):
        document = read_json(value)
        if document is not None:
            long.append(f"  {attribute} = jsonencode({render_hcl.render(document, '  ')})")
        elif render_hcl.is_blocks(value, NOTHING_KNOWN):
            long += [_block(attribute, each) for each in value]
        else:
            plain[attribute] = references.get(attribute) or _value(value, references)
    width = max(map(len, plain), default=0)
    head = "\n".join(f"  {attribute.ljust(width)} = {text}" for attribute, text in plain.items())
    body = "\n\n".join([head, *long])
    return f'resource "{child.kind}" "{name}" {{\n{body}\n}}'


def _value(value: JSON, references: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(each, references) for each in value) + "]"
    known = references.get(f"={value}") if isinstance(value, str) else None
    return known or render_hcl.render(value)


def _block(name: str, values: Mapping[str, JSON]) -> str:
    width = max(map(len, values), default=0)
    inner = "\n".join(f"    {each.ljust(width)} = {render_hcl.render(value)}" for each, value in values.items())
    return f"  {name} {{\n{inner}\n  }}"


def _import(to: str, id: str) -> str:
    return f"import {{\n  to = {to}\n  id = {render_hcl.render(id)}\n}}"


def _references(child: Child, parent: ParsedAddress, within: str, plan: Plan) -> dict[str, str]:
    """By attribute: the parent. By `=VALUE`, where an attribute names another resource: that of the same module."""
    watch, key = BY_KIND[child.kind], "" if parent.key is None else f"[{json.dumps(parent.key)}]"
    found = {watch.attribute: f"{parent.kind}.{parent.name}{key}.{watch.reference}"}
    wanted = {
        text
        for attribute, value in child.values.items()
        if attribute.endswith(_REFERS)
        for text in (value if isinstance(value, list) else [value])
    }
    for address, resource in plan.real.items():
        local = address.removeprefix(within)
        if not address.startswith(within) or local.startswith("module.") or not isinstance(resource.values, dict):
            continue
        for name in ("id", "arn"):
            if resource.values.get(name) in wanted:
                found.setdefault(f"={resource.values[name]}", f"{local}.{name}")
    return found


def _free_name(editing: Editing, scope: Scope, child: Child, parent: ParsedAddress) -> str:
    """Parent and what tells the child apart; numbered where the module has that name, or this edit gave it."""
    taken = {block.labels[1] for block in scope.module.blocks("resource", child.kind) if len(block.labels) > 1}
    for splice in editing.splices.snapshot():
        taken |= set(re.findall(rf'resource "{child.kind}" "([\w-]+)"', splice.text))
    name = _slug(f"{parent.name}_{_watched(child).label(child.values)}")
    names = (name if number == 1 else f"{name}_{number}" for number in range(1, len(taken) + 2))
    return next(each for each in names if each not in taken)


def _label(child: Child) -> str:
    return _slug(_watched(child).label(child.values) or "this")


def _slug(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return name if name[:1].isalpha() else f"n_{name}"


def _watched(child: Child) -> Watch:
    return BY_KIND[child.kind]


def _last_sibling(scope: Scope, kind: str, parent: ParsedAddress) -> Block | None:
    """The last resource of that kind that refers to the same parent."""
    reference, attribute = f"{parent.kind}.{parent.name}", BY_KIND[kind].attribute
    siblings = [
        block
        for block in scope.module.blocks("resource", kind)
        if (said := block.body.attribute(attribute)) is not None
        and re.search(rf"\b{re.escape(reference)}\b", said.value.text)
    ]
    return siblings[-1] if siblings else None


def _insert(editing: Editing, after: Block, text: str) -> None:
    feed = lines.newline(after.source)
    position = lines.line_end(after.source, after.end)
    lines.insert(editing.splices, after.source, position, f"{feed}{feed}{text.replace(chr(10), feed)}")
