"""Tokens as people see them; the text of one only when it was just made."""

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.when import When
from trueup.model.values import JSON


def tokens(document: JSON, when: When) -> RenderableType:
    rows = [
        (
            each["id"],
            each.get("person"),
            each.get("scopes"),
            when.ago(each.get("used_at")),
            "revoked" if each.get("revoked_at") else when.ago(each.get("expires_at")),
        )
        for each in document
    ]
    return sheet.table(("token", "person", "scopes", "used", "ends"), rows, "There are no tokens.")


def created(document: JSON, when: When) -> RenderableType:
    return Group(
        sheet.fields(
            [
                ("token", document.get("id")),
                ("person", document.get("person")),
                ("scopes", document.get("scopes")),
                ("ends", when.at(document.get("expires_at"))),
            ]
        ),
        Text("\nIts text, which is shown this once:"),
        Text(f"  {document['token']}", style="bold", no_wrap=True),
    )


def revoked(document: JSON, when: When) -> RenderableType:
    return tokens([document], when)
