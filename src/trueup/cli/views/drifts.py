"""Drifts as people see them."""

from rich.console import Group, RenderableType

from trueup.cli import sheet
from trueup.cli.views.stacks import changes
from trueup.cli.when import When
from trueup.model.values import JSON


def drifts(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["id"],
            each.get("name"),
            each["address"],
            sheet.word(each["state"]),
            when.ago(each.get("first_seen")),
            each.get("actor"),
        )
        for each in document
    ]
    return sheet.table(("drift", "stack", "address", "state", "seen", "who"), rows, "There is no such drift.")


def drift(document: JSON, when: When) -> RenderableType:
    about = sheet.fields(
        [
            ("drift", document["id"]),
            ("stack", document.get("name")),
            ("address", document["address"]),
            ("live as", document.get("identity")),
            ("state", sheet.word(document["state"])),
            ("made by", document.get("actor") or "nobody knows yet: no event told"),
            ("happened", when.between(document.get("not_before"), document["first_seen"])),
            ("last seen", when.at(document.get("last_seen"))),
            ("provisional", "seen before the stack was adopted" if document.get("provisional") else None),
            ("resolved", document.get("resolution")),
            ("change request", f"#{document['request']}" if document.get("request") else None),
            ("run", document.get("run")),
            ("came back", document.get("earlier")),
        ]
    )
    parts: list[RenderableType] = [about]
    if document.get("differences"):
        parts.append(sheet.section("What differs", changes([{**document, "action": "drift"}])))
    if document["state"] == "open":
        parts.append(_ways_on(str(document["id"])))
    return Group(*parts)


def _ways_on(id: str) -> RenderableType:
    return sheet.ways(
        "Ways on",
        ("Codify: keep it, and let the code say so.", f'trueup drift codify {id} --reason "..."'),
        ("Revert: undo it, and nothing else.", f'trueup drift revert {id} --reason "..."'),
        ("Tolerate: leave it for a while.", f'trueup drift tolerate {id} --until 14d --reason "..."'),
    )
