"""Writing YAML in the style of the file that it goes into: its indentation and its quotes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import yaml
from natsort import natsort_keygen

from trueup.model.values import JSON

NATURAL = natsort_keygen()


@dataclass(frozen=True)
class Style:
    mapping: int
    """Columns by which a name's record is indented."""
    dash: int
    """Columns by which a list's dash is indented below its key."""

    @classmethod
    def of(cls, text: str, newline: str) -> "Style":
        """As the file has it; octoDNS's own where it has neither."""
        lines = text.split(newline)
        mapping = dash = None
        for above, line in pairwise(lines):
            key = re.match(r"( *)(?:- )?[^\s#-][^#]*:\s*(?:#.*)?$", above)
            if key is None:
                continue
            item = re.match(r"( *)- ", line)
            inner = re.match(r"( *)[^\s#-]", line)
            start = len(key[1]) + (2 if above.lstrip().startswith("- ") else 0)
            if item is not None and dash is None and len(item[1]) >= start:
                dash = len(item[1]) - start
            if inner is not None and item is None and mapping is None and len(inner[1]) > start:
                mapping = len(inner[1]) - start
        return cls(mapping or 2, dash if dash is not None else 2)


def lines_of(value: JSON, style: Style) -> list[str]:
    """A block of YAML, without indentation of its own; keys in natural order."""
    match value:
        case Mapping():
            return [line for key in sorted(value, key=NATURAL) for line in _pair(key, value[key], style)]
        case list():
            return [line for item in value for line in _item(lines_of(item, style))]
        case _:
            return [scalar_like(None, value)]


def inline(value: JSON) -> str:
    """On one line, in braces and brackets."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=True)
    return str(text).strip().removesuffix("...").strip()


def scalar_like(style: str | None, value: JSON) -> str:
    """A scalar, in the same quotes as the one before it; plain where it had none and YAML allows it."""
    if style == '"' and isinstance(value, str):
        text = yaml.safe_dump(value, default_style='"', width=float("inf"), allow_unicode=True)
    elif style == "'" and isinstance(value, str) and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    else:
        text = yaml.safe_dump(value, width=float("inf"), allow_unicode=True)
    return str(text).strip().removesuffix("...").strip()


def _pair(key: str, value: JSON, style: Style) -> list[str]:
    name = scalar_like(None, key) if key else "''"
    if isinstance(value, Mapping) and value:
        return [f"{name}:", *(" " * style.mapping + line for line in lines_of(value, style))]
    if isinstance(value, list) and value:
        return [f"{name}:", *(" " * style.dash + line for line in lines_of(value, style))]
    return [f"{name}: {inline(value) if isinstance(value, Mapping | list) else scalar_like(None, value)}"]


def _item(lines: list[str]) -> list[str]:
    return [("- " if number == 0 else "  ") + line for number, line in enumerate(lines)]
