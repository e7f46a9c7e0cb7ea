"""Notifications as people see them."""

from rich.console import Group, RenderableType

from trueup.cli import sheet
from trueup.cli.when import When
from trueup.model.values import JSON


def notifications(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["id"],
            each["service"],
            each["target"],
            sheet.word(each["state"]),
            when.ago(each.get("created_at")),
            each["attempts"],
            each["error"] or each["headline"],
        )
        for each in document
    ]
    columns = ("notification", "service", "to", "state", "made", "tries", "what")
    return sheet.table(columns, rows, "There is no such notification.")


def notification(document: JSON, when: When) -> RenderableType:
    about = sheet.fields(
        [
            ("notification", document["id"]),
            ("to", f"{document['service']} {document['target']}"),
            ("state", sheet.word(document["state"])),
            ("made", when.at(document.get("created_at"))),
            ("next try", when.at(document.get("due_at")) if document["state"] in ("pending", "held") else None),
            ("tries", document["attempts"] or None),
            ("ended", when.at(document.get("ended_at"))),
            ("error", document["error"]),
            ("remark", document["remark"]),
        ]
    )
    told = [f"{each['at'][:16].replace('T', ' ')}  {each['summary']}" for each in document["notices"]]
    more = document["count"] - len(document["notices"])
    shown = sheet.section(str(document["headline"]), sheet.lines(*told, *([f"and {more} more"] if more > 0 else [])))
    parts: list[RenderableType] = [about, shown]
    if document["state"] == "dead":
        retry = ("Send it again.", f"trueup notifications retry {document['id']}")
        drop = ("Give it up.", f"trueup notifications drop {document['id']}")
        parts.append(sheet.ways("Ways on", retry, drop))
    return Group(*parts)


def routes(document: JSON, when: When) -> RenderableType:
    rows = [
        (each["number"], each["service"], each["target"], each["on"], each["environments"], each["quiet"])
        for each in document
    ]
    columns = ("route", "service", "to", "on", "environments", "quiet")
    return sheet.table(columns, rows, "No alert is declared: add `alerts:` to trueup.yaml.")


def trend(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["start"],
            each["owner"],
            each["opened"],
            ", ".join(f"{count} {how}" for how, count in each["resolved"].items()),
            each["breached"] or "",
            "" if each["median_hours"] is None else f"{each['median_hours']:g} h",
        )
        for each in document["weeks"]
    ]
    table = sheet.table(
        ("week of", "owner", "opened", "resolved", "breached", "median"), rows, "Nothing drifted in these weeks."
    )
    open_now = ", ".join(f"{count} {owner}" for owner, count in document["open_now"].items())
    late = ", ".join(f"{count} {owner}" for owner, count in document["breached_now"].items())
    return Group(table, sheet.fields([("\nopen now", f"\n{open_now or 'none'}"), ("past deadline", late)]))
