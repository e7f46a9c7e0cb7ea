"""Coverage as people see it: what is watched beside the plan, and what was found there."""

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.views.stacks import findings
from trueup.cli.when import When
from trueup.model.values import JSON
from trueup.render.values import shown


def coverage(document: JSON, when: When) -> RenderableType:
    del when
    head = Text.assemble((document["name"], "bold"), f"  {document['share']:.0%} of its resources are watched")
    rows = [
        (each["kind"], each.get("children") or "-", f"{each['watched']} of {each['resources']}", each.get("why") or "")
        for each in document["kinds"]
    ]
    watched = sheet.table(("resources", "parts looked for", "watched", "why not all"), rows, "It has no resources.")
    found = [(each["address"], each["known"], shown(each["values"])) for each in document["strays"]]
    parts: list[RenderableType] = [head, watched]
    if found:
        parts.append(sheet.section("Live, and in no code", sheet.table(("address", "books", "what it is"), found, "")))
        parts += [Text(f"\n{each['code']}".rstrip()) for each in document["strays"] if each["code"]]
    else:
        parts.append(Text("Nothing was found that no code has."))
    return Group(*parts, *findings(document))
