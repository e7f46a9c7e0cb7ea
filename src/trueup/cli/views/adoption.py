"""Adoptions as people see them: what differs before the first books, and what was settled."""

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.views.stacks import changes, findings
from trueup.cli.when import When
from trueup.model.values import JSON
from trueup.render.values import shown

_MEANING = {
    "clean": "code, state and reality agree",
    "pending": "merged code was never applied",
    "drifted": "something was changed by hand",
    "absent": "nothing is live: the first delivery creates it all",
    "failed": "it could not be planned",
}


def adoption(document: JSON, when: When) -> RenderableType:
    del when
    state = str(document["state"])
    head = Text.assemble((document["name"], "bold"), "  ", sheet.word(state), f"  {_meaning(document)}")
    parts: list[RenderableType] = [head]
    if document.get("changes"):
        parts.append(sheet.section("What differs", changes(document["changes"])))
    if document.get("strays"):
        rows = [(each["address"], shown(each["values"])) for each in document["strays"]]
        listed = sheet.table(("address", "what it is"), rows, "")
        parts.append(sheet.section("Live and in no code: it is settled as it is", listed))
    return Group(*parts, *findings(document))


def adoptions(document: JSON, when: When) -> RenderableType:
    del when
    rows = [(each["name"], sheet.word(each["state"]), _first(each)) for each in document]
    nothing = "Every stack has its books: there is nothing to adopt."
    listed = sheet.table(("stack", "state", "what differs"), rows, nothing)
    if not rows:
        return listed
    look, settle = "trueup adopt STACK", 'trueup adopt STACK --as NAME --reason "..."'
    return Group(listed, sheet.ways("Nothing is settled yet", ("Look at one:", look), ("Settle one:", settle)))


def settle_it(name: str) -> RenderableType:
    command = f'trueup adopt {name} --as NAME --reason "..."'
    return sheet.ways("Nothing is settled yet", ("To settle it:", command))


def adopted(document: JSON, when: When) -> RenderableType:
    del when
    return sheet.fields(
        [
            ("settled", document["name"]),
            ("at commit", sheet.short(document.get("revision"))),
            ("resources", document.get("resources")),
            ("open drifts", document.get("open_drifts")),
            ("mode", document.get("mode")),
        ]
    )


def all_adopted(document: JSON, when: When) -> RenderableType:
    del when
    rows = [(each["name"], sheet.short(each.get("revision")), each.get("open_drifts") or "-") for each in document]
    return sheet.table(("settled", "at commit", "drifts"), rows, "Nothing was settled.")


def _first(document: JSON) -> str:
    if document.get("error"):
        return str(document["error"]).splitlines()[0]
    addresses = [str(change["address"]) for change in document.get("changes") or ()]
    if not addresses or document["state"] == "clean":
        return _meaning(document)
    return addresses[0] + (f" and {len(addresses) - 1} more" if len(addresses) > 1 else "")


def _meaning(document: JSON) -> str:
    """Code that may not run agrees with nothing, also where nothing differs."""
    stopping = [str(each["message"]) for each in document.get("findings") or () if each.get("stops")]
    if stopping and document["state"] == "clean":
        return f"nothing runs before this is put right: {stopping[0].splitlines()[0]}"
    return _MEANING.get(str(document["state"]), "")
