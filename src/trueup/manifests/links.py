"""Links: what stacks hand each other and wait for, resolved to full names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trueup.manifests.entries import Entry
from trueup.manifests.mistakes import Mistakes
from trueup.manifests.names import Named, Names, first_cycle
from trueup.manifests.patterns import fill
from trueup.manifests.positions import Loc
from trueup.model.errors import Invalid
from trueup.model.stack import Declaration, OutputReference


@dataclass(frozen=True)
class Found:
    """One stack that an entry matched in a tree."""

    entry: Entry
    path: str
    environment: str
    attributes: Mapping[str, str]
    """Captures, name and (unless empty) env."""
    name: str = ""

    @property
    def key(self) -> str:
        return f"{self.entry.repository}//{self.path}"


def linked(
    declared: list[tuple[Found, Declaration]], named: Iterable[Found], mistakes: Mistakes
) -> tuple[Declaration, ...]:
    """With dependencies and inputs resolved to full names."""
    names = Names(Named(each.name, each.path, each.environment, each.attributes["name"]) for each in named)
    unavailable = {each.name for each in named if not each.entry.known}
    linked = [_link(found, declaration, names, unavailable, mistakes) for found, declaration in declared]
    cycle = first_cycle({each.name: each.depends_on for each in linked})
    if cycle:
        place = next(found.entry.place for found, declaration in declared if declaration.name == cycle[0])
        message = f"the stacks wait for each other in a circle: {' -> '.join(cycle)}"
        mistakes.add("cycle", message, place, "take one `dependsOn` or input away")
    _check_moves(linked, declared, mistakes)
    return tuple(sorted(linked, key=lambda declaration: declaration.name))


def _link(
    found: Found, declaration: Declaration, names: Names, unavailable: set[str], mistakes: Mistakes
) -> Declaration:
    common = found.entry.common
    waits: dict[str, None] = {}
    inputs: dict[str, OutputReference] = {}

    def resolve(text: str, loc: Loc) -> str | None:
        place = found.entry.parsed.place((*found.entry.loc, *loc))
        try:
            name = names.find(fill(text, found.attributes))
        except Invalid as error:
            mistakes.add("unknown-stack", error.message, place, error.hint)
            return None
        if name == found.name:
            hint = "give it an entry of its own, and leave it out here with `except`"
            mistakes.add("cycle", f"`{name}` would wait for itself", place, hint)
        elif name in unavailable:
            mistakes.add("unavailable", f"`{name}` has no driver here, so nothing can wait for it", place)
        else:
            waits[name] = None
            return name
        return None

    for index, text in enumerate(common.depends_on):
        resolve(text, ("dependsOn", index))
    for variable, text in common.inputs.items():
        stack, _, output = text.rpartition(".")
        name = resolve(stack, ("inputs", variable))
        if name and found.entry.layout and not name.startswith(f"{found.entry.repository}//"):
            # Outputs may be secret: who merges to one repository must not fetch those of another.
            place = found.entry.parsed.place((*found.entry.loc, "inputs", variable))
            hint = "declare this stack in the control repository, which may hand outputs across"
            mistakes.add("elsewhere", f"a layout cannot take outputs of `{name}`", place, hint)
        elif name:
            inputs[variable] = OutputReference(name, output)
    return replace(declaration, depends_on=tuple(waits), inputs=inputs)


def _check_moves(
    linked: Iterable[Declaration], declared: Iterable[tuple[Found, Declaration]], mistakes: Mistakes
) -> None:
    entries = {declaration.name: found.entry for found, declaration in declared}
    claimed: dict[str, str] = {}
    for declaration in linked:
        if declaration.moved_from is None:
            continue
        place = entries[declaration.name].place_of("movedFrom")
        if declaration.moved_from in entries:
            mistakes.add("moved", f"`{declaration.moved_from}` is still declared", place, "one stack, one directory")
        other = claimed.setdefault(declaration.moved_from, declaration.name)
        if other != declaration.name:
            mistakes.add("moved", f"`{declaration.moved_from}` cannot have become two stacks", place, f"also: {other}")
