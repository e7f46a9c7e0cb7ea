"""Break-glasses as people see them: the list, and the one page about each."""

from rich.console import Group, RenderableType

from trueup.cli import sheet
from trueup.cli.when import When
from trueup.model.values import JSON
from trueup.render.values import shown

NEXT = {
    "requested": (("Another person:", "confirm"), ("Not needed any more:", "close")),
    "open": (("Done:", "close"), ("More time, once:", 'extend {} --reason "..."')),
}


def break_glasses(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["id"],
            sheet.word(each["state"]),
            each["environment"] if each["whole"] else ", ".join(each["names"]),
            each["requested_by"],
            each["because"],
            when.ago(each.get("opened_at")),
            when.ago(each.get("ended_at") or each.get("until")),
            each["reason"],
        )
        for each in document
    ]
    columns = ("break-glass", "state", "what", "who", "because", "opened", "ends", "why")
    return sheet.table(columns, rows, "No break-glass is open or unfinished.")


def page(document: JSON, when: When) -> RenderableType:
    """What changed, by whom, codified where, and what is owed."""
    named = document["names"]
    about = [("break-glass", document["id"]), *((name, value) for name, value in document["heading"])]
    parts: list[RenderableType] = [sheet.fields([*about, ("stacks", named)])]
    rows = [
        (
            each["address"],
            "; ".join(_differs(difference) for difference in each.get("differences") or []),
            (each.get("origin") or {}).get("actor") or "nobody knows yet",
            each["happened"],
            each["codified_where"],
        )
        for each in document["changes"]
    ]
    columns = ("address", "change", "who", "when", "codified where")
    nothing = "Nothing that a check has seen."
    parts.append(sheet.section("What changed", sheet.table(columns, rows, nothing)))
    if document["owed"]:
        parts.append(sheet.section("Owed", sheet.lines(*document["owed"]), style="bold yellow"))
    for title, entries in (("Beside it", document["beside"]), ("Step by step", document["steps"])):
        if entries:
            told = [(when.short(entry["time"]), entry["actor"], entry["summary"]) for entry in entries]
            parts.append(sheet.section(title, sheet.table(("when", "who", "what"), told, "")))
    parts += _ways_on(document)
    return Group(*parts)


def _differs(difference: JSON) -> str:
    settled, real = shown(difference.get("settled")), shown(difference.get("real"))
    return f"{sheet.label(difference.get('path'))}: {settled} became {real}"


def _ways_on(document: JSON) -> list[RenderableType]:
    ways = [
        (what, f"trueup break-glass {verb.format(document['id']) if '{}' in verb else verb + ' ' + document['id']}")
        for what, verb in NEXT.get(str(document["state"]), ())
    ]
    if document["state"] == "open":
        ways.insert(0, ("Work under it:", f"trueup break-glass exec {document['id']} -- COMMAND"))
    return [sheet.ways("Ways on", *ways)] if ways else []
