"""Plan and state documents of `show -json` as our nouns. Pure.

Format: https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trueup.drivers.terraform.masking import NO_SHAPE, Hider, both
from trueup.model.plan import OUTPUT, Action, Address, Finding, PlannedChange, Resource
from trueup.model.shape import Shape
from trueup.model.values import JSON, UNKNOWN, Path, at, dotted

Shapes = Mapping[str, Shape]


@dataclass(frozen=True)
class Changes:
    """What one plan document says of every address."""

    planned: tuple[PlannedChange, ...]
    real: Mapping[Address, Resource]
    stored: Mapping[Address, Resource]
    findings: tuple[Finding, ...]


def kinds_in(document: JSON) -> set[tuple[str, str]]:
    """Provider address and kind of every resource that the plan speaks of."""
    changes = [*document.get("resource_changes", ()), *document.get("resource_drift", ())]
    return {(each.get("provider_name", ""), each["type"]) for each in changes if each.get("mode") == "managed"}


def secrets_of(document: JSON) -> Iterator[tuple[JSON, JSON]]:
    """Values and their marks, for Hider.learning: sensitive variables, attributes and outputs."""
    declared = at(document, ("configuration", "root_module", "variables")) or {}
    for name, variable in document.get("variables", {}).items():
        yield variable.get("value"), declared.get(name, {}).get("sensitive", False)
    changes = [each["change"] for each in document.get("resource_changes", ())]
    changes += [each["change"] for each in document.get("resource_drift", ())]
    for change in [*changes, *document.get("output_changes", {}).values()]:
        yield change.get("before"), change.get("before_sensitive")
        yield change.get("after"), change.get("after_sensitive")


def changes_of(document: JSON, shapes: Shapes, hider: Hider) -> Changes:
    """Data sources and deposed objects are no drift and no change; deposed ones are named in the findings."""
    planned: list[PlannedChange] = []
    real: dict[Address, Resource] = {}
    findings: list[Finding] = []
    for each in document.get("resource_changes", ()):
        if each.get("mode") != "managed":
            continue
        if "deposed" in each:
            message = f"{each['address']} has a deposed object, which the next apply deletes"
            findings.append(Finding("deposed", message))
            continue
        converted = _planned(_refreshed(each, document), shapes.get(each["type"], NO_SHAPE), hider)
        if each["change"].get("before") is not None:
            real[converted.address] = _resource(each["type"], converted.before)
        if converted.action is not Action.NOTHING or converted.moved_from or converted.imported:
            planned.append(converted)
    for name, change in document.get("output_changes", {}).items():
        output = _output(name, change, hider)
        if change.get("before") is not None:
            real[output.address] = Resource(OUTPUT, output.before)
        if output.action is not Action.NOTHING:
            planned.append(output)
    repeatable = [_without_the_moment(each, document.get("timestamp", ""), findings) for each in planned]
    ordered = tuple(sorted(repeatable, key=lambda each: each.address))
    return Changes(ordered, real, _stored(document, real, shapes, hider), tuple(findings))


def resources_of_state(document: JSON, shapes: Shapes, hider: Hider) -> dict[Address, Resource]:
    """S from a state document: every managed resource and output. Deposed objects are left out."""
    values = document.get("values") or {}
    found: dict[Address, Resource] = {}
    for each in state_resources(values.get("root_module", {})):
        hidden = hider.value(each["values"], each.get("sensitive_values"), shape=shapes.get(each["type"], NO_SHAPE))
        found[Address(each["address"])] = _resource(each["type"], hidden)
    for name, output in values.get("outputs", {}).items():
        hidden = hider.value(output.get("value"), output.get("sensitive", False))
        found[Address(f"output.{name}")] = Resource(OUTPUT, hidden)
    return found


def state_resources(module: JSON) -> Iterator[JSON]:
    """Managed resources of a state's module and the modules in it, without deposed objects."""
    for each in module.get("resources", ()):
        if each.get("mode") == "managed" and "deposed_key" not in each:
            yield each
    for child in module.get("child_modules", ()):
        yield from state_resources(child)


def _planned(entry: JSON, shape: Shape, hider: Hider) -> PlannedChange:
    change = entry["change"]
    marks = both(change.get("before_sensitive"), change.get("after_sensitive"))
    before, after = change.get("before"), change.get("after")
    unknown = change.get("after_unknown", False)
    moved = entry.get("previous_address")
    return PlannedChange(
        address=Address(entry["address"]),
        kind=entry["type"],
        action=_action(change["actions"]),
        before=hider.value(before, marks, shape=shape),
        after=None if after is None and unknown is not True else hider.value(after, marks, unknown, shape),
        reason=entry.get("action_reason", "").replace("_", " "),
        moved_from=Address(moved) if moved else None,
        imported="importing" in change,
    )


def _refreshed(entry: JSON, document: JSON) -> JSON:
    """An entry that deletes, with what the refresh found: Terraform plans the deletion of an instance that the code
    does not have any more from the state as it was before the refresh."""
    if entry["change"]["actions"] not in (["delete"], ["forget"]):
        return entry
    for each in document.get("resource_drift", ()):
        found = each["change"].get("after")
        if each["address"] == entry["address"] and "deposed" not in each and found is not None:
            marks = both(entry["change"].get("before_sensitive"), each["change"].get("after_sensitive"))
            return {**entry, "change": {**entry["change"], "before": found, "before_sensitive": marks}}
    return entry


def _output(name: str, change: JSON, hider: Hider) -> PlannedChange:
    marks = both(change.get("before_sensitive"), change.get("after_sensitive"))
    return PlannedChange(
        address=Address(f"output.{name}"),
        kind=OUTPUT,
        action=_action(change["actions"]),
        before=hider.value(change.get("before"), marks),
        after=hider.value(change.get("after"), marks, change.get("after_unknown", False)),
    )


def _action(actions: list[str]) -> Action:
    match actions:
        case ["no-op"] | ["read"]:
            return Action.NOTHING
        case ["create"] | ["create", "forget"]:
            return Action.CREATE
        case ["forget"]:
            return Action.FORGET
        case [only]:
            return Action(only)
        case _:
            return Action.REPLACE


def _resource(kind: str, values: JSON) -> Resource:
    names = (values.get("arn"), values.get("id")) if isinstance(values, dict) else ()
    return Resource(kind, values, next((name for name in names if name and isinstance(name, str)), ""))


def _stored(document: JSON, real: Mapping[Address, Resource], shapes: Shapes, hider: Hider) -> dict[Address, Resource]:
    """The state before the refresh: what is real, except where the refresh found something else."""
    stored = dict(real)
    for each in document.get("resource_drift", ()):
        if each.get("mode") != "managed" or "deposed" in each or each["change"].get("before") is None:
            continue
        change = each["change"]
        marks = both(change.get("before_sensitive"), change.get("after_sensitive"))
        hidden = hider.value(change["before"], marks, shape=shapes.get(each["type"], NO_SHAPE))
        stored[Address(each["address"])] = _resource(each["type"], hidden)
    for each in document.get("resource_changes", ()):
        if "importing" in each.get("change", {}):
            stored.pop(Address(each["address"]), None)
    return stored


def _without_the_moment(change: PlannedChange, moment: str, findings: list[Finding]) -> PlannedChange:
    """plantimestamp() is another value in every plan: the apply, which plans again, will write another one. So it is
    unknown until then, and the effect stays the same from plan to plan."""
    paths: list[Path] = []

    def walk(value: JSON, path: Path) -> JSON:
        if isinstance(value, dict):
            return {name: walk(inner, (*path, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, (*path, index)) for index, inner in enumerate(value)]
        if moment and isinstance(value, str) and moment in value and at(change.before, path) != value:
            paths.append(path)
            return UNKNOWN
        return value

    after = walk(change.after, ())
    if not paths:
        return change
    named = ", ".join(dotted(path) for path in paths)
    findings.append(
        Finding(
            "never-repeats",
            f"{change.address}: {named or 'the value'} is the moment of the plan, so no plan of this code stays empty",
            hint="keep plantimestamp() and timestamp() out of what is stored, or ignore the attribute's changes",
        )
    )
    return PlannedChange(
        change.address,
        change.kind,
        change.action,
        change.before,
        after,
        change.reason,
        change.moved_from,
        change.imported,
    )
