"""Change requests as people see them."""

from textwrap import indent

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.views.stacks import findings
from trueup.cli.when import When
from trueup.model.values import JSON


def requests(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            f"{each['repository']}#{each['number']}",
            sheet.word("draft" if each.get("draft") else each["state"]),
            each["title"],
            person(each.get("author")),
            when.ago(each.get("opened_at")),
        )
        for each in document
    ]
    return sheet.table(("request", "state", "title", "author", "opened"), rows, "There are no such change requests.")


def request(document: JSON, when: When) -> RenderableType:
    about = sheet.fields(
        [
            ("request", f"{document['repository']}#{document['number']}"),
            ("title", document["title"]),
            ("state", sheet.word("draft" if document.get("draft") else document["state"])),
            ("author", person(document.get("author"))),
            ("opened", when.at(document.get("opened_at"))),
            ("branches", f"{document.get('head_branch')} -> {document.get('base_branch')}"),
            ("head", document.get("head")),
            ("labels", document.get("labels")),
            ("approved by", [person(each["by"]) for each in document.get("approvals") or () if _fresh(each, document)]),
            (
                "merged",
                f"{sheet.short(document['merged_commit'])} by {document.get('merged_by')}"
                if document.get("merged_commit")
                else None,
            ),
        ]
    )
    parts: list[RenderableType] = [about]
    if document.get("body"):
        parts.append(sheet.section("What it says", sheet.lines(str(document["body"]))))
    statuses = document.get("statuses") or {}
    if statuses:
        rows = [(context, sheet.word(each["state"]), each["description"]) for context, each in statuses.items()]
        parts.append(sheet.section("Statuses", sheet.table(("context", "state", "what it says"), rows, "")))
    for comment in document.get("comments") or ():
        title = f"{person(comment.get('by'))}, {when.at(comment.get('at'))}"
        parts.append(sheet.section(title, sheet.lines(str(comment["body"]))))
    if document.get("diff"):
        parts.append(sheet.section("Diff", _diff(str(document["diff"]))))
    return Group(*parts)


def codification(document: JSON, when: When) -> RenderableType:
    """The change request that came of it, whether it is proven, and what it could not write."""
    proven = Text("Proven: with this edit, the plan is empty again.", style="green")
    draft = Text("A draft: the edit is not proven. A person has to finish it.", style="yellow")
    parts: list[RenderableType] = [proven if document.get("proven") else draft, request(document["request"], when)]
    declined = [_declined(each) for each in document.get("declined") or ()]
    if declined:
        parts.append(sheet.section("Not written", sheet.lines(*declined)))
    notes = [str(each) for each in document.get("notes") or ()]
    if notes:
        parts.append(sheet.section("Notes", sheet.lines(*notes)))
    return Group(*parts, *findings(document))


def person(who: JSON) -> str:
    if isinstance(who, dict):
        return str(who["name"]) if who.get("kind") in ("name", "email") else f"{who.get('kind')}:{who.get('name')}"
    return str(who or "-")


def _fresh(approval: JSON, document: JSON) -> bool:
    """Given to the commit that is the head now."""
    return bool(approval.get("commit") == document.get("head"))


def _diff(diff: str) -> Text:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return Text("\n").join(Text(line, style=colours.get(line[:1], "")) for line in diff.rstrip("\n").split("\n"))


def _declined(each: JSON) -> str:
    suggestion = indent(f"\n{each['suggestion']}", "  ") if each.get("suggestion") else ""
    return f"{each['address']}: {each['reason']}{suggestion}"
