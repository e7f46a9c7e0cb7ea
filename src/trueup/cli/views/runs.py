"""Runs as people see them, above all one that is blocked: what would be lost, whose it is, and the ways on."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.views.stacks import changes, findings
from trueup.cli.when import When
from trueup.model.values import JSON

CHANGES = 20
"""Changes that are shown before the rest is counted."""

_NUMBERS = {3: "Three", 4: "Four"}
_CONVERGED = {"True": "yes", "False": "no: the plan after it was not empty"}


def runs(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["id"],
            each.get("name"),
            each["kind"],
            Text.assemble(sheet.word(each["state"]), ", worker lost" if each.get("worker_lost") else ""),
            sheet.short(each.get("revision")),
            when.ago(each.get("created_at")),
            each.get("requested_by"),
        )
        for each in document
    ]
    return sheet.table(("run", "stack", "kind", "state", "commit", "when", "who"), rows, "There are no such runs.")


def run(document: JSON, when: When) -> RenderableType:
    about = sheet.fields(
        [
            ("run", document["id"]),
            ("stack", document.get("name")),
            ("kind", document["kind"]),
            ("state", sheet.word(document["state"])),
            ("commit", sheet.short(document.get("revision"))),
            ("request", f"#{document['request']}" if document.get("request") else None),
            ("asked for by", document.get("requested_by")),
            ("reason", document.get("reason")),
            ("ticket", document.get("ticket")),
            ("began", when.at(document.get("created_at"))),
            ("now since", when.at(document.get("updated_at"))),
            ("waits for", document.get("waiting_for")),
            ("held", document.get("held")),
            ("urgent", _urgent(document.get("urgency"))),
            ("worker", _worker(document.get("worker_lost"), when)),
            ("tries again", when.at(document["not_before"]) if document.get("not_before") else None),
            ("superseded by", document.get("superseded_by")),
            ("released", [f"{each['address']} by {each['person']}" for each in document.get("releases") or []]),
            ("converged", _CONVERGED.get(str(document.get("converged")))),
            ("error", document.get("error")),
        ]
    )
    parts: list[RenderableType] = [about]
    found = document.get("changes") or []
    if found:
        title = f"{len(found)} change{'s' if len(found) != 1 else ''}"
        parts.append(sheet.section(title, changes(found[:CHANGES])))
        if len(found) > CHANGES:
            parts.append(Text(f"  ... and {len(found) - CHANGES} more: --output json has all of them"))
    parts += findings(document)
    return Group(*parts)


def _worker(lost: JSON, when: When) -> str | None:
    if not lost:
        return None
    heard, end = when.at(lost["heard_at"]), when.short(lost["taken_up_at"])
    return f"lost: last heard of at {heard}; its lease ends at {end}, then the run is taken up again"


def _urgent(urgency: JSON) -> str | None:
    if not urgency:
        return None
    second = f" and {urgency['second']}" if urgency.get("second") else "; another person has to agree"
    return f"{urgency['person']}{second}: {urgency['reason']}"


def why(document: JSON, when: When) -> RenderableType:
    """What is missing, and from whom."""
    told = document.get("why") or {}
    if isinstance(told, str):
        return sheet.section("Why", sheet.lines(told))
    parts: list[RenderableType] = [sheet.lines(str(told.get("explanation") or f"It is {document['state']}."))]
    given = [
        (each.get("person"), when.at(each.get("at")), each.get("ignored") or "counts") for each in _approvals(told)
    ]
    if given:
        parts.append(sheet.table(("person", "approved", ""), given, ""))
    if document["state"] == "awaiting_approval":
        command = f"trueup run approve {document['id']} --as NAME"
        return Group(sheet.section("Why", *parts), sheet.ways("Way on", ("Somebody who may:", command)))
    return sheet.section("Why", *parts)


def blocked(document: JSON, when: When) -> RenderableType:
    """What would be lost, whose it was, since when, as which drift; and the ways on."""
    parts: list[RenderableType] = [Text(f"{document['id']} would undo what somebody did by hand. Nothing was applied.")]
    for lost in document.get("lost") or []:
        parts += _lost(lost, when)
    ways = [(each["what"], each["command"]) for each in document.get("ways_on") or []]
    title = f"{_NUMBERS.get(len(ways), str(len(ways)))} ways on"
    return Group(sheet.section("Blocked", *parts, style="bold red"), sheet.ways(title, *ways))


def log_lines(document: JSON, when: When) -> RenderableType:
    del when
    return Text("\n".join(str(line) for _, line in document))


def _lost(lost: JSON, when: When) -> list[RenderableType]:
    seen = when.between(lost.get("not_before"), lost["first_seen"]) if lost.get("first_seen") else None
    state = str(lost.get("state") or "")
    being = f", being codified by #{lost['request']}" if lost.get("request") else f", {state}" if state else ""
    about = [
        ("applying", lost["would"]),
        ("tolerated", "yes, until its tolerance ends" if lost.get("tolerated") else None),
        ("made by", lost.get("made_by") or "nobody knows yet: no event told"),
        ("happened", seen or "since the last check, which did not see it"),
        ("drift", f"{lost['drift']}{being}" if lost.get("drift") else "none yet: a check opens it"),
        ("came back", f"it was there before, as {lost['earlier']}" if lost.get("earlier") else None),
    ]
    title = Text.assemble("\n", (str(lost["address"]), "bold"), f"  {lost.get('attribute') or '(all of it)'}")
    return [title, Padding(sheet.fields(about), (0, 0, 0, 2), expand=False)]


def _approvals(told: JSON) -> list[JSON]:
    ignored = [{**each.get("approval", each), "ignored": each.get("reason")} for each in told.get("ignored") or []]
    return [*(told.get("counted") or []), *ignored]
