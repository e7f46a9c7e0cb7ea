"""Runs as people see them, above all one that is blocked: what would be lost, whose it is, and the ways on."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.views.stacks import changes
from trueup.cli.when import When
from trueup.model.values import JSON
from trueup.render.values import shown

CHANGES = 20
"""Changes that are shown before the rest is counted."""

_CONVERGED = {"True": "yes", "False": "no: the plan after it was not empty"}


def runs(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["id"],
            each.get("name"),
            each["kind"],
            sheet.word(each["state"]),
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
            ("tries again", when.at(document["not_before"]) if document.get("not_before") else None),
            ("superseded by", document.get("superseded_by")),
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
    return Group(*parts)


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


def blocked(document: JSON, drifts: Mapping[str, JSON], when: When) -> RenderableType:
    """`drifts` are the records that the losses name, by id."""
    parts: list[RenderableType] = [Text(f"{document['id']} would undo what somebody did by hand. Nothing was applied.")]
    for loss in document.get("losses") or []:
        parts += _loss(loss, drifts.get(str(loss.get("drift"))), when)
    return Group(sheet.section("Blocked", *parts, style="bold red"), _ways_on(document))


def log_lines(document: JSON, when: When) -> RenderableType:
    del when
    return Text("\n".join(str(line) for _, line in document))


def _loss(loss: JSON, drift: JSON | None, when: When) -> list[RenderableType]:
    difference = loss.get("difference") or loss
    about = [
        (_verb(difference), shown(difference.get("real"))),
        ("back to", shown(difference.get("desired")) if difference.get("desired") is not None else None),
        ("tolerated", "yes, until its tolerance ends" if loss.get("tolerated") else None),
    ]
    if drift:
        about += [
            ("made by", drift.get("actor") or "nobody knows yet: no event told"),
            ("happened", when.between(drift.get("not_before"), drift["first_seen"])),
            ("drift", drift.get("id")),
        ]
    title = Text.assemble("\n", (str(loss["address"]), "bold"), f"  {sheet.label(difference.get('path'))}")
    return [title, Padding(sheet.fields(about), (0, 0, 0, 2), expand=False)]


def _verb(difference: JSON) -> str:
    return "would remove" if difference.get("desired") is None else "would change"


def _ways_on(document: JSON) -> RenderableType:
    losses = document.get("losses") or []
    drifts = list(dict.fromkeys(str(loss["drift"]) for loss in losses if loss.get("drift")))
    addresses = list(dict.fromkeys(str(loss["address"]) for loss in losses))
    name, quoted = document.get("name"), " ".join(_quoted(address) for address in addresses)
    codify = f"trueup drift codify {' '.join(drifts)}" if drifts else f"trueup stack check {_quoted(str(name))}"
    return sheet.ways(
        "Three ways on",
        ("Codify: keep it, and let the code say so.", f'{codify} --reason "..."' if drifts else codify),
        (
            "Wait: once the drift is gone, the run goes on by itself. A check looks:",
            f"trueup stack check {_quoted(str(name))}",
        ),
        (
            "Release: apply, and lose exactly this.",
            f'trueup run release {document["id"]} {quoted} --reason "..."',
        ),
    )


def _quoted(word: str) -> str:
    return f"'{word}'" if any(each in word for each in '[]"{}* $') else word


def _approvals(told: JSON) -> list[JSON]:
    ignored = [{**each.get("approval", each), "ignored": each.get("reason")} for each in told.get("ignored") or []]
    return [*(told.get("counted") or []), *ignored]
