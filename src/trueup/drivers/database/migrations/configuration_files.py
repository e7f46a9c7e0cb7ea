"""Configuration files: flyway.conf (properties), flyway.toml and `.conf` files beside scripts, as flat names.

https://documentation.red-gate.com/flyway: back-slashes in .conf files are plain characters, except at a line's end.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trueup.drivers.database.migrations.checksums import LINE_END
from trueup.model.errors import Invalid, Place

_ENTRY = re.compile(r"\s*(?P<key>[^\s=:#!][^\s=:]*)\s*[=:]?\s*(?P<value>.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """One setting and where it stands."""

    value: str
    """A list is joined with commas, as in a .conf file."""
    place: Place


def parse_conf(content: bytes, path: str) -> Mapping[str, Said]:
    """Names with their values; of a name that is there twice the last one. Raises Invalid."""
    found: dict[str, Said] = {}
    lines = LINE_END.split(decoded(content, path))
    number = 0
    while number < len(lines):
        start, text = number, lines[number]
        while text.endswith("\\") and number + 1 < len(lines):
            number += 1
            text = text[:-1] + lines[number].lstrip()
        number += 1
        if text.strip() and text.lstrip()[0] not in "#!":
            entry = _ENTRY.fullmatch(text)
            if entry is None:
                raise Invalid(
                    "this line is no setting", place=Place(path, start + 1), hint="write NAME=VALUE, or # before a note"
                )
            found[entry["key"]] = Said(entry["value"], Place(path, start + 1))
    return found


def parse_toml(content: bytes, path: str) -> Mapping[str, Said]:
    """Tables become dotted names: `flyway.locations`, `environments.prod.url`. Raises Invalid with the line."""
    text = decoded(content, path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise Invalid(f"this is not TOML: {error}", place=Place(path, int(line[1]) if line else 0)) from error
    found: dict[str, Said] = {}
    _flatten(document, "", text, path, found)
    return found


def decoded(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid("this is not UTF-8", place=Place(path, line), hint="save the file as UTF-8") from error


def _flatten(table: Mapping[str, Any], prefix: str, text: str, path: str, found: dict[str, Said]) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", text, path, found)
            continue
        parts = value if isinstance(value, list) else [value]
        joined = ",".join(str(part).lower() if isinstance(part, bool) else str(part) for part in parts)
        found[f"{prefix}{key}"] = Said(joined, Place(path, _line_of(key, text)))


def _line_of(key: str, text: str) -> int:
    """Of the first line that sets this key; tables are not told apart."""
    found = re.search(rf'^[^#\n]*(?<![\w-])"?{re.escape(key)}"?\s*=', text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 0
