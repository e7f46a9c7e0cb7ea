"""Ledger entries, its verification and its exports as people see them."""

import json

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.when import When
from trueup.model.values import JSON


def entries(document: JSON, when: When) -> RenderableType:
    rows = [(each["seq"], when.short(each["time"]), each["kind"], each["actor"], each["summary"]) for each in document]
    return sheet.table(("seq", "time", "kind", "who", "what"), rows, "The ledger has no such entries.")


def entry(document: JSON, when: When) -> RenderableType:
    about = [(key, document.get(key)) for key in ("seq", "kind", "summary", "actor", "name", "environment")]
    about += [("time", when.at(document["time"]))]
    about += [(key, document.get(key)) for key in ("run", "commit", "request", "reason", "ticket", "leaf", "prev")]
    details = document.get("details")
    parts: list[RenderableType] = [sheet.fields(about)]
    if details:
        parts.append(sheet.section("Details", Text(json.dumps(details, indent=2, ensure_ascii=False))))
    return Group(*parts)


def verification(document: JSON, when: When) -> RenderableType:
    del when
    faults = document.get("faults") or []
    about = sheet.fields(
        [
            ("entries", document.get("size")),
            ("root", document.get("root")),
            ("checkpoints", document.get("checkpoints")),
        ]
    )
    if not faults:
        return Group(Text("The ledger is intact.", style="green"), about)
    told = [
        f"entry {each['seq']}: {each['message']}" if each.get("seq") is not None else each["message"] for each in faults
    ]
    title = f"The ledger was altered: {len(faults)} fault{'s' if len(faults) != 1 else ''}"
    return Group(about, sheet.section(title, sheet.lines(*told), style="bold red"))


def changed(document: JSON, when: When) -> RenderableType:
    """What happened, in order, with who and why."""
    rows = []
    for each in document:
        reason = f"\n{each['reason']}" if each.get("reason") and each["reason"] not in each["summary"] else ""
        ticket = f" [{each['ticket']}]" if each.get("ticket") else ""
        told = f"{each['summary']}{ticket}{reason}"
        rows.append((when.short(each["time"]), each.get("what"), each["actor"], told))
    return sheet.table(("time", "kind", "who", "what and why"), rows, "Nothing changed in that time.")


def incident(document: JSON, when: When) -> RenderableType:
    """What changed shortly before a moment, most likely causes first, each with why it stands there."""
    named = f", on {document['stack']}" if document.get("stack") else ""
    head = [f"Around {when.exactly(document['around'])}{named}. Looked back to {when.exactly(document['since'])}."]
    if document.get("upstream"):
        head.append(f"Upstream: {', '.join(document['upstream'])}")
    if not document["found"]:
        return Group(sheet.lines(*head), Text("Nothing changed in that time."))
    parts: list[RenderableType] = [sheet.lines(*head)]
    for each in document["found"]:
        happened = each["happened"]
        time = when.between(happened["after"], happened["until"]) if happened["after"] else when.at(happened["until"])
        story = Text.assemble((f"{each['rank']}. ", "bold"), Text(each["story"], style=_style(each)))
        about = [("time", time), ("why", each.get("reason")), ("ticket", each.get("ticket"))]
        about += [("here because", "; ".join(each["because"])), ("entry", f"trueup ledger show {each['seq']}")]
        parts += [Text(""), story, Padding(sheet.fields(about), (0, 0, 0, 3), expand=False)]
    rest = document["looked_at"] - len(document["found"])
    return Group(
        *parts, *([Text(f"\n... and {rest} less likely ones: what-changed --since lists all")] if rest else [])
    )


def _style(each: JSON) -> str:
    return "bold red" if each["undid"] else ""


def audit(document: JSON, when: When) -> RenderableType:
    """Who did what in the cloud, ours first, and whether every write of ours is explained."""
    ordered = sorted(document["activities"], key=lambda each: (not each["ours"], each["identity"]))
    rows = [
        (
            each["identity"],
            "ours" if each["ours"] else "-",
            each["reads"],
            _writes(each["writes"]),
            when.short(each["last"]),
        )
        for each in ordered
    ]
    seen = sheet.table(("identity", "", "reads", "writes", "last"), rows, "The cloud recorded nothing.")
    if document["violations"]:
        title = f"{len(document['violations'])} writes that no apply explains"
        return Group(seen, sheet.section(title, sheet.lines(*document["violations"]), style="bold red"))
    wrote = (
        f"Trueup wrote {document['wrote']} times, each in an apply." if document["wrote"] else "Trueup wrote nothing."
    )
    return Group(seen, Text(""), Text(wrote, style="green"))


def evidence(document: JSON, when: When) -> RenderableType:
    """What is in it, what does not add up, and the exceptions; the whole is for machines."""
    counts = document["counts"]
    about = [
        ("from", when.at(document["from"])),
        ("to", when.at(document["to"])),
        ("changes", counts["changes"]),
        ("exceptions", counts["exceptions"]),
        ("steps of live states", f"{counts['state_steps']}, {counts['state_steps_without_explanation']} unexplained"),
        ("commits without a run", counts["commits_without_a_run"]),
        ("changes of trueup.yaml", len(document["settings"])),
        ("signed by", (document["checkpoint"] or {}).get("origin")),
    ]
    changes = [
        (
            each["seq"],
            when.short(each["at"]),
            each["stack"],
            each["what"],
            f"#{each['request']}" if each["request"] else "-",
            ", ".join(each["authors"]) or each["who"],
            ", ".join(dict.fromkeys(one["person"] for one in each["approvals"] if one["before_apply"])),
            each["result"],
        )
        for each in document["changes"]
    ]
    columns = ("seq", "time", "stack", "what", "request", "authors", "approved by", "result")
    parts: list[RenderableType] = [sheet.fields(about)]
    parts.append(sheet.section("Changes", sheet.table(columns, changes, "Nothing changed in that time.")))
    exceptions = [(each["seq"], each["stack"], each["who"], each["exception"]) for each in document["exceptions"]]
    exceptions += [
        (
            each["seq"],
            each["stack"],
            "-",
            f"somebody wrote the state: {_cell(each['before'])} -> {_cell(each['after'])}",
        )
        for each in document["state_steps_without_explanation"]
    ]
    exceptions += [
        (
            "-",
            each["stack"],
            each.get("author"),
            f"{each.get('commit', '')[:12]} {each.get('subject') or each['error']}",
        )
        for each in document["commits_without_a_run"]
    ]
    return Group(*parts, sheet.section("Exceptions", sheet.table(("seq", "stack", "who", "what"), exceptions, "None.")))


def anything(document: JSON, when: When) -> RenderableType:
    """A report whose parts are named by its keys."""
    del when
    if not isinstance(document, dict):
        return Text(json.dumps(document, indent=2, ensure_ascii=False))
    plain = [(key.replace("_", " "), each) for key, each in document.items() if not isinstance(each, dict | list)]
    parts: list[RenderableType] = [sheet.fields(plain)]
    for key, each in document.items():
        if isinstance(each, dict | list) and each:
            parts.append(sheet.section(key.replace("_", " ").capitalize(), _part(each)))
    return Group(*parts)


def _part(document: JSON) -> RenderableType:
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        columns = list(dict.fromkeys(key for row in document for key in row))
        return sheet.table(columns, [[_cell(row.get(key)) for key in columns] for row in document], "")
    if isinstance(document, dict):
        return sheet.fields([(key, _cell(each)) for key, each in document.items()])
    return sheet.lines(*(str(each) for each in document))


def _cell(each: JSON) -> str:
    return json.dumps(each, ensure_ascii=False) if isinstance(each, dict | list) else "-" if each is None else str(each)


def _writes(writes: JSON) -> str:
    return ", ".join(f"{count}x {action}" for action, count in writes.items()) or "none"
