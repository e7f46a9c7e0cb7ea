"""Output: a document of the API on standard output, as a table for people or exactly as it came."""

import io
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from ruamel.yaml import YAML

from trueup.cli.invocation import Output
from trueup.cli.when import When
from trueup.model.values import JSON

PIPED = 1000
"""Columns when nobody looks: what reads a pipe wants whole lines."""

View = Callable[[JSON, When], RenderableType]


def emit(output: Output, document: JSON, view: View) -> None:
    """A view makes a renderable of a document; it is not asked for JSON and YAML."""
    match output:
        case Output.TABLE:
            say(view(document, clock()))
        case Output.JSON:
            print(json.dumps(document, indent=2, ensure_ascii=False))
        case Output.YAML:
            print(as_yaml(document), end="")


def say(renderable: RenderableType) -> None:
    """For people: colours on a terminal unless NO_COLOR, plain and unwrapped in a pipe."""
    if sys.stdout.isatty():
        console().print(renderable, crop=False)
        return
    with (piped := console()).capture() as captured:
        piped.print(renderable, crop=False)
    for line in captured.get().splitlines():
        print(line.rstrip())


def aside(line: str) -> None:
    """A remark on standard error, so that standard output stays what was asked for."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


def console() -> Console:
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED
    return Console(highlight=False, width=wide)


def clock() -> When:
    return When(datetime.now(_local_zone()))


def _local_zone() -> tzinfo | None:
    """With its summer time, which a date of half a year ago may have had; else the offset of this moment."""
    name = os.environ.get("TZ", "").lstrip(":")
    try:
        if name:
            return ZoneInfo(name)
        with open("/etc/localtime", "rb") as file:
            return ZoneInfo.from_file(file, key="local")
    except (OSError, ValueError, KeyError):  # no such zone, or no database of zones here
        return datetime.now().astimezone().tzinfo


def as_yaml(document: JSON) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()


def declare_boundary(document: JSON) -> None:
    """An approval over the data directory keeps nobody out; whoever reads it should know."""
    if document.get("boundary") == "none":
        aside("note: the name was only claimed; an approval that proves who gave it needs a personal token")
