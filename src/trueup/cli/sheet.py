"""Sheet: the few shapes that every view is made of: tables, named fields, coloured words, values."""

import re
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from trueup.cli.rows import Rows
from trueup.model.values import JSON, dotted

_ELEMENT = re.compile(r"\.[0-9a-f]{12}\b")

_COLOURS: Mapping[str, str] = {
    "clean": "green",
    "settled": "green",
    "finished": "green",
    "approved": "green",
    "merged": "green",
    "success": "green",
    "resolved": "green",
    "drifted": "yellow",
    "open": "yellow",
    "pending": "cyan",
    "unadopted": "cyan",
    "awaiting_approval": "cyan",
    "blocked": "bold red",
    "failed": "red",
    "failure": "red",
    "refused": "red",
    "uncertain": "bold red",
    "orphaned": "magenta",
    "ghost_revert": "bold red",
    "conflict": "bold red",
    "unknown": "yellow",
    "unmanaged": "yellow",
    "create": "green",
    "update": "yellow",
    "replace": "red",
    "delete": "red",
}


def word(text: object) -> Text:
    """A state, cause or action in its colour, with spaces for underscores."""
    plain = str(text or "-")
    return Text(plain.replace("_", " "), style=_COLOURS.get(plain, ""))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], nothing: str) -> RenderableType:
    """Two spaces between columns and no lines, so that it can be copied and cut. Without rows, `nothing`."""
    made = [[text(each) for each in row] for row in rows]
    return Rows(columns, made) if made else Text(nothing)


def fields(pairs: Iterable[tuple[str, object]]) -> RenderableType:
    """Name and value, one a line; what is empty is left out."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, each in pairs:
        if text(each).plain not in ("", "-"):
            made.add_row(name, text(each))
    return made


def section(title: str, *parts: RenderableType, style: str = "bold") -> RenderableType:
    return Group(Text(""), Text(title, style=style), *(Padding(part, (0, 0, 0, 2), expand=False) for part in parts))


def lines(*parts: str) -> Text:
    return Text("\n".join(parts))


def ways(title: str, *pairs: tuple[str, str]) -> RenderableType:
    """What can be done next, each with the exact command below it. Never wrapped or cut: it is there to be copied."""
    parts = [Text(f"  {what}\n      ").append(command, style="bold") for what, command in pairs]
    shown = Text("\n").join(parts)
    shown.no_wrap, shown.overflow = True, "ignore"
    return Group(Text(""), Text(title, style="bold"), shown)


def text(each: object) -> Text:
    if isinstance(each, Text):
        return each
    if isinstance(each, list | tuple):
        return Text(", ".join(str(part) for part in each) or "-")
    return Text("-" if each is None or each == "" else str(each))


def label(path: JSON) -> str:
    """A path inside a resource, whether it comes as text or as steps; without the keys of sets' elements, which say
    nothing to people."""
    plain = path if isinstance(path, str) else dotted(tuple(path or ()))
    return _ELEMENT.sub("", plain) or "(all of it)"


def short(commit: object) -> str:
    return str(commit or "-")[:8]
