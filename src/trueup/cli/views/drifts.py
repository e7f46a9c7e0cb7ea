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
            sheet.word("quarantined" if each.get("quarantine") else each["state"]),
            sheet.word(each.get("severity")),
            each.get("owner"),
            each.get("actor"),
            when.ago(each.get("first_seen")),
            when.ago(each.get("deadline")) if each["state"] == "open" else None,
        )
        for each in document
    ]
    columns = ("drift", "stack", "address", "state", "severity", "owner", "who", "seen", "deadline")
    return sheet.table(columns, rows, "There is no such drift.")


def ignored(document: JSON, when: When) -> RenderableType:
    """Each ignored path with the rule that ignores it."""
    rows = [
        (
            each["id"],
            each.get("name"),
            each["address"],
            sheet.label(path["difference"]["path"]),
            path["by"],
            when.ago(each.get("first_seen")),
        )
        for each in document
        for path in each.get("ignored") or ()
    ]
    return sheet.table(("drift", "stack", "address", "path", "rule", "seen"), rows, "Nothing is ignored.")


def piles(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["key"],
            each["count"],
            each["structural"],
            each["overdue"],
            when.ago(each["oldest"]),
            when.ago(each["newest"]),
        )
        for each in document
    ]
    columns = ("", "drifts", "structural", "overdue", "oldest", "newest")
    return sheet.table(columns, rows, "There is no such drift.")


def proposed(document: JSON, when: When) -> RenderableType:
    """One line for each change request of a backlog."""
    del when
    rows = []
    for each in document:
        made = each.get("codified") or {}
        number = f"#{made['request']['number']}" if made else "-"
        outcome = each["error"] or ("proven" if made.get("proven") else "a draft: it could not be proven")
        rows.append((number, each["person"], sheet.word(each["cause"]), len(each["drifts"]), outcome))
    return sheet.table(("request", "who", "cause", "drifts", "outcome"), rows, "Nothing was proposed.")


def drift(document: JSON, when: When) -> RenderableType:
    about = sheet.fields(
        [
            ("drift", document["id"]),
            ("stack", document.get("name")),
            ("address", document["address"]),
            ("live as", document.get("identity")),
            ("state", sheet.word(document["state"])),
            ("made by", made_by(document, when)),
            ("happened", when.between(document.get("not_before"), document["first_seen"])),
            ("last seen", when.at(document.get("last_seen"))),
            ("severity", _weighed(document)),
            ("owner", document.get("owner")),
            ("deadline", when.at(document.get("deadline")) if document["state"] == "open" else None),
            ("quarantine", document.get("quarantine")),
            ("provisional", "seen before the stack was adopted" if document.get("provisional") else None),
            ("resolved", document.get("resolution")),
            ("change request", f"#{document['request']}" if document.get("request") else None),
            ("run", document.get("run")),
            ("came back", _lives(document, when)),
        ]
    )
    parts: list[RenderableType] = [about]
    if document.get("differences"):
        parts.append(sheet.section("What differs", changes([{**document, "action": "drift"}])))
    if document.get("ignored"):
        parts.append(sheet.section("Ignored", ignored([document], when)))
    if document.get("life"):
        told = [(when.at(each["time"]), each["summary"]) for each in document["life"]]
        parts.append(sheet.section("Its life", sheet.table(("when", "what"), told, "")))
    if document["state"] == "open":
        parts.append(_ways_on(str(document["id"])))
    return Group(*parts)


def _weighed(document: JSON) -> str:
    why = document.get("because")
    return f"{document.get('severity')}: {why}" if why else str(document.get("severity") or "")


def _lives(document: JSON, when: When) -> str:
    """Its earlier lives, newest first, each with its end; before they were looked up, the id."""
    lives = document.get("earlier_lives")
    if not lives:
        return str(document.get("earlier") or "")
    return "; ".join(f"{each['id']}, {each.get('resolution')} {when.ago(each.get('resolved_at'))}" for each in lives)


def made_by(document: JSON, when: When) -> str:
    """Who, when, from where, with which call: as the live system's own log tells."""
    origin = document.get("origin")
    if not origin:
        return "nobody knows yet: no event told"
    place = f" from {origin['address']}" if origin.get("address") else ""
    call = f" ({origin['name']}, event {origin['event']})" if origin.get("name") else ""
    glass = f", under break-glass {origin['break_glass']}" if origin.get("break_glass") else ""
    return f"{origin['actor']} at {when.at(origin['at'])}{place}{call}{glass}"


def _ways_on(id: str) -> RenderableType:
    return sheet.ways(
        "Ways on",
        ("Codify: keep it, and let the code say so.", f'trueup drift codify {id} --reason "..."'),
        ("Revert: undo it, and nothing else.", f'trueup drift revert {id} --reason "..."'),
        ("Tolerate: leave it for a while.", f'trueup drift tolerate {id} --until 14d --reason "..."'),
    )
