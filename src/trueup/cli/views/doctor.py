"""What the doctor found, as people see it."""

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.views.ledger import anything
from trueup.cli.when import When
from trueup.model.values import JSON

_SIGNS = {"fine": ("ok", "green"), "absent": ("--", "cyan"), "care": ("! ", "yellow"), "wrong": ("!!", "bold red")}


def examined(document: JSON, when: When) -> RenderableType:
    parts: list[RenderableType] = [_check(each) for each in document["here"]]
    server = document.get("server")
    if server is None:
        parts.append(Text("\nNo server to ask: nothing runs on this data directory, and no --server was named."))
    elif "error" in server:
        parts.append(sheet.section("The server", sheet.lines(str(server["error"])), style="bold red"))
    else:
        parts.append(sheet.section(f"The server at {server['place']}", anything(server["says"], when)))
    return Group(*parts)


def _check(each: JSON) -> RenderableType:
    sign, colour = _SIGNS[each["state"]]
    line = Text.assemble((sign, colour), "  ", (str(each["name"]), "bold"), f"  {each['found']}")
    if each["state"] == "fine":
        return line
    purpose = f"\n      for: {each['what_for']}" if each["what_for"] else ""
    how = f"\n      {each['how']}" if each["how"] else ""
    return Text.assemble(line, purpose, how)
