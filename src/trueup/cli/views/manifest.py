"""Mistakes of a trueup.yaml as people see them: place, words, and the line with a caret below the column."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.views.ledger import anything as anything
from trueup.cli.when import When
from trueup.model.plan import Finding
from trueup.model.values import JSON

LONGEST_LINE = 160


def findings(found: Sequence[Finding], source: Sequence[str], file: str) -> RenderableType:
    """`source` are the lines of `file`; findings in other files are shown without their line."""
    mistakes = sum(finding.stops for finding in found)
    parts: list[RenderableType] = [_finding(finding, source, file) for finding in found]
    if mistakes:
        total = f"{mistakes} mistake{'s' if mistakes != 1 else ''}"
        return Group(*parts, Text(f"{total} in {file}", style="bold red"))
    return Group(*parts, Text(f"{file} is right.", style="green"))


def written(document: JSON, when: When) -> RenderableType:
    del when
    count = document["stacks"]
    about = f"Wrote {document['file']}: {count} stack{'s' if count != 1 else ''}, everything only observed."
    ways = sheet.ways("Next", ("Check it:", "trueup validate"), ("Look at what is real:", "trueup up --repo ."))
    return Group(Text(about), Text(""), Text(str(document["text"]).rstrip()), ways)


def _finding(finding: Finding, source: Sequence[str], file: str) -> RenderableType:
    place = finding.place
    where = f"{place}: " if place else ""
    word = Text("" if finding.stops else "note: ", style="cyan")
    told = Text.assemble((where, "bold"), word, finding.message)
    parts: list[RenderableType] = [told]
    if place and place.file == file and 0 < place.line <= len(source):
        line = source[place.line - 1][:LONGEST_LINE]
        shown = Text(f"  {place.line:>4} | {line.expandtabs(1)}", no_wrap=True, overflow="ellipsis")
        parts.append(shown)
        if place.column:
            parts.append(Text("       | " + " " * (place.column - 1) + "^", style="bold red", no_wrap=True))
    if finding.hint:
        parts.append(Text(f"  {finding.hint}"))
    return Group(*parts)
