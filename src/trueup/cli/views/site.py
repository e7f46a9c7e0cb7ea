"""The site as a whole, and the caller, as people see them."""

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.when import When
from trueup.model.values import JSON


def refreshed(document: JSON, when: When) -> RenderableType:
    del when
    parts: list[RenderableType] = [
        Text(f"New commits in {', '.join(document['moved'])}." if document["moved"] else "Nothing new.")
    ]
    rewritten = [
        f"{name}: {sheet.short(each['before'])} -> {sheet.short(each['now'])}"
        for name, each in document["rewritten"].items()
    ]
    if rewritten:
        parts.append(sheet.section("History was rewritten", sheet.lines(*rewritten), style="bold red"))
    errors = [f"{name}: {each['message']}" for name, each in document["errors"].items()]
    if errors:
        parts.append(sheet.section("Could not be read", sheet.lines(*errors), style="bold red"))
    return Group(*parts)


def caller(document: JSON, when: When) -> RenderableType:
    del when
    proof = {"none": "only claimed: whoever has the data directory can claim any name", "token": "a personal token"}
    return sheet.fields(
        [
            ("person", document["person"]),
            ("site", document.get("site")),
            ("may", document.get("scopes")),
            ("proof", proof.get(document.get("boundary", ""), document.get("boundary"))),
        ]
    )
