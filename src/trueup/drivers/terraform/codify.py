"""Codify: edits to a stack's HCL that make the code want what is real, or the reason why a person must write them.

Pure: from a tree, drifts and a plan of that tree to new file contents. Nothing here is believed before the engine
has planned with the edit (stages/codify.py).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from trueup.drivers.terraform import codify_lines as lines
from trueup.drivers.terraform import imports, render_hcl
from trueup.drivers.terraform.codify_blocks import Ground, Wanted, edit_body
from trueup.drivers.terraform.codify_editing import Editing, Spot
from trueup.drivers.terraform.codify_expressions import edit
from trueup.drivers.terraform.codify_format import formatted
from trueup.drivers.terraform.codify_instances import Written, refuse_part
from trueup.drivers.terraform.codify_references import with_references
from trueup.drivers.terraform.codify_scope import Given, ParsedAddress, Scope, parse_address, root_scope
from trueup.drivers.terraform.codify_suggest import suggestion
from trueup.drivers.terraform.hcl import Block, parse
from trueup.drivers.terraform.spec import TerraformSpec, TofuSpec
from trueup.drivers.terraform.splices import Splices
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Declined, Drift
from trueup.model.errors import Invalid, Refused
from trueup.model.normal import child, key, read_json
from trueup.model.placing import placed
from trueup.model.plan import Address, Plan
from trueup.model.shape import Kind
from trueup.model.values import JSON, Path, is_masked, nodes
from trueup.ports.driver import Codification, Job

_PLACE = re.compile(r"[^\s:]+\.\w+:\d+")
_PRESENT = "present"
"""Stands for what an instance of for_each says, where only its being there counts."""


def codify(job: Job[TerraformSpec], drifts: Sequence[Drift], plan: Plan, *, inline: bool = False) -> Codification:
    """As ports.driver.Codifies says. A drift is codified wholly or declined wholly."""
    editing = Editing(Splices(), inline)
    root = root_scope(job.tree, job.path, _given(job))
    done: list[Address] = []
    declined: list[Declined] = []
    for drift in drifts:
        before, notes = editing.splices.snapshot(), len(editing.notes)
        try:
            if imports.is_child(drift):
                imports.codify_child(editing, root, drift, plan)
            else:
                _codify_one(editing, root, drift, drifts, plan)
            _check(editing.splices, job)
        except (Refused, Invalid) as error:
            editing.splices.restore(before)
            del editing.notes[notes:]
            suggested = imports.suggestion if imports.is_child(drift) else suggestion
            declined.append(Declined(drift.address, _said(error), suggested(drift, plan), "hcl"))
        else:
            done.append(drift.address)
    return Codification(
        edits={
            path: formatted(path, job.tree.read(path), content)
            for path, content in editing.splices.applied(job.tree.read).items()
        },
        done=tuple(done),
        declined=tuple(declined),
        notes=tuple(dict.fromkeys(editing.notes)),
    )


def _codify_one(editing: Editing, root: Scope, drift: Drift, drifts: Sequence[Drift], plan: Plan) -> None:
    address = parse_address(drift.address)
    scope = root
    for name, key_ in address.modules:
        scope = scope.enter(name, key_)
    block = scope.resource(address)
    snapshot = editing.splices.snapshot()
    try:
        _refuse_undecided(drift)
        if any(not each.path for each in drift.differences):
            _codify_existence(editing, scope, block, address, drift)
        else:
            for_each = block.body.attribute("for_each")
            each = (address.key, for_each.value) if for_each is not None and address.key is not None else None
            wanted = list(_wanted(drift, plan, block))
            if not editing.inline:
                wanted = [with_references(each, address, plan) for each in wanted]
            _refuse_unseen(block, drift, wanted)
            edit_body(editing, Ground(block, scope, each), wanted)
        refuse_part(Written(block, scope, address), editing.splices.since(snapshot), drift, (drifts, plan))
    except Refused as error:
        raise (
            error if error.place or _PLACE.match(error.message) else Refused(error.message, place=block.place)
        ) from None


def _refuse_undecided(drift: Drift) -> None:
    conflicts = [each.label or "the whole resource" for each in drift.differences if each.cause is Cause.CONFLICT]
    if conflicts:
        raise Refused(f"changed both by hand and in the code: {', '.join(conflicts)}")
    if any(each.cause is Cause.UNKNOWN for each in drift.differences):
        raise Refused("nobody has settled yet what it should be: adopt the stack first")


def _codify_existence(editing: Editing, scope: Scope, block: Block, address: ParsedAddress, drift: Drift) -> None:
    """A resource that was deleted by hand goes from the code too, unless something there needs it."""
    if any(each.real is not None for each in drift.differences if not each.path):
        raise Refused("it lives and is not in the code: importing it is for a person")
    users = scope.references(address)
    for_each = block.body.attribute("for_each")
    if address.repeated and for_each is None:
        raise Refused("one instance of a count was deleted: which one count leaves out cannot be said in code")
    if for_each is not None and address.key is not None:
        if users:
            raise Refused(f"it was deleted by hand and the code refers to it: {', '.join(users)}")
        edit(editing, Spot(scope, for_each.value), (address.key,), _PRESENT, None)
        return
    if users:
        raise Refused(f"it was deleted by hand and the code refers to it: {', '.join(users)}")
    lines.cut_lines(editing.splices, block.source, block)


def _wanted(drift: Drift, plan: Plan, block: Block) -> Iterator[Wanted]:
    """Per attribute: what the code yields (D, or S where no plan looks) and the same with what is real."""
    shape, desired, real = plan.shape_of(drift.kind), plan.desired(drift.address), plan.real.get(drift.address)
    if not isinstance(desired, dict) or real is None or not isinstance(real.values, dict):
        raise Refused("the code of this revision does not have it any more")
    by_name: dict[str, list[Difference]] = {}
    for each in drift.differences:
        by_name.setdefault(str(each.path[0]), []).append(each)
    for name, differences in by_name.items():
        inner, live = child(shape, name), real.values.get(name)
        before = desired.get(name)
        for each in differences:
            if inner.sensitive or any(is_masked(node) for side in (each.real, each.settled) for node in nodes(side)):
                raise Refused(_sensitive(each, block))
            if each.cause is Cause.UNMANAGED:
                before = placed(before, live, each.path[1:], each.settled, inner)
        after = before
        for each in differences:
            _refuse_moved(before, each)
            after = placed(after, live, each.path[1:], each.real, inner)
        yield Wanted(name, before, after, inner)


def _sensitive(difference: Difference, block: Block) -> str:
    attribute = block.body.attribute(str(difference.path[0]))
    place = attribute.place if attribute is not None else block.place
    return (
        f"{place}: {difference.label} is sensitive and is never written into code: set it where the code takes it "
        "from, or revert the drift"
    )


def _refuse_moved(before: JSON, difference: Difference) -> None:
    """The drift was seen against other code: where this revision wants a third value, it is a conflict."""
    found = _at(before, difference.path[1:])
    if found is not None and key(found[0]) not in (key(difference.settled), key(difference.real)):
        raise Refused(f"changed both by hand and in the code: {difference.label}")


def _at(value: JSON, path: Path) -> tuple[JSON] | None:
    """The value at a path, through JSON texts; None for an element of a set, which has no place."""
    for step in path:
        document = read_json(value)
        value = value if document is None else document
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        elif value is None and not isinstance(step, int):
            value = None
        else:
            return None
    return (value,)


def _refuse_unseen(block: Block, drift: Drift, wanted: Sequence[Wanted]) -> None:
    """What no plan looks at, no edit can settle."""
    ignored = {
        expression.text
        for lifecycle in block.body.find("lifecycle")
        if (attribute := lifecycle.body.attribute("ignore_changes")) is not None
        for expression in (*attribute.value.elements, attribute.value)
    }
    unmanaged = {str(each.path[0]) for each in drift.differences if each.cause is Cause.UNMANAGED}
    for each in wanted:
        if each.name in ignored or "all" in ignored:
            raise Refused(f"{block.place}: ignore_changes covers {each.name}, so Terraform does not look at it")
        written = block.body.attribute(each.name) or next(block.body.find(each.name), None)
        rules = each.shape.kind is Kind.SET and render_hcl.is_blocks(each.after, each.shape)
        if each.name in unmanaged and written is None and rules:
            raise Refused(f"{block.place}: {each.name} is not written here but by resources of their own: add one")


def _check(splices: Splices, job: Job[Any]) -> None:
    """Raises Refused when edits collide, Invalid when the result is no HCL."""
    clash = splices.overlapping
    if clash is not None:
        raise Refused(f"another drift needs another value in the same place of {clash[0].file}")
    for path, content in splices.applied(job.tree.read).items():
        parse(path, content)


def _given(job: Job[TerraformSpec]) -> Given:
    elsewhere = dict.fromkeys(job.spec.vars, "vars in trueup.yaml")
    elsewhere |= dict.fromkeys(job.inputs, "another stack's output")
    variables = frozenset(name.removeprefix("TF_VAR_") for name in job.environment if name.startswith("TF_VAR_"))
    return Given(
        files=job.spec.var_files,
        environment=variables - set(elsewhere),
        elsewhere=elsewhere,
        tofu=isinstance(job.spec, TofuSpec),
    )


def _said(error: Refused | Invalid) -> str:
    return f"{error.place}: {error.message}" if error.place else error.message
