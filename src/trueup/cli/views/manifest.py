"""Mistakes of a trueup.yaml as people see them: place, words, and the line with a caret below the column."""

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.validation import Validation, line_at
from trueup.cli.views.ledger import anything as anything
from trueup.cli.when import When
from trueup.model.plan import Finding
from trueup.model.values import JSON

LONGEST_LINE = 160


def validation(found: Validation) -> RenderableType:
    parts: list[RenderableType] = [_finding(finding) for finding in found.findings]
    if found.mistakes:
        return Group(*parts, Text(_counted(found.mistakes, "mistake"), style="bold red"))
    return Group(*parts, Text(f"{found.file} is right: {_counted(found.stacks, 'stack')}.", style="green"))


def written(document: JSON, when: When) -> RenderableType:
    del when
    about = f"Wrote {document['file']}: {_counted(document['stacks'], 'stack')}, everything only observed."
    ways = sheet.ways(
        "Next",
        ("Say below `credentials:` what plans may use, and check it:", "trueup validate"),
        ("Commit it: what Git does not have is not seen.", "git add trueup.yaml && git commit"),
        ("Look at what is real:", "trueup up --repo ."),
    )
    return Group(Text(about), Text(""), Text(str(document["text"]).rstrip()), ways)


def _finding(finding: Finding) -> RenderableType:
    place = finding.place
    where = f"{place}: " if place else ""
    word = Text("" if finding.stops else "note: ", style="cyan")
    parts: list[RenderableType] = [Text.assemble((where, "bold"), word, finding.message)]
    line = line_at(place) if place else None
    if place and line is not None:
        shown = f"  {place.line:>4} | {line[:LONGEST_LINE].expandtabs(1)}"
        parts.append(Text(shown, no_wrap=True, overflow="ellipsis"))
        if place.column:
            parts.append(Text("       | " + " " * (place.column - 1) + "^", style="bold red", no_wrap=True))
    if finding.hint:
        parts.append(Text(f"  {finding.hint}"))
    return Group(*parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
