"""The name of the next migration file: one version further, in the folder's own style. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from posixpath import dirname, join

from trueup.drivers.database.migrations.migrations import Kind, Migration, Migrations, Version
from trueup.model.errors import Refused

_DESCRIPTION_LENGTH = 60
_STAMPS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Lengths of a version that is a moment."""


@dataclass(frozen=True)
class Style:
    """How the newest file of a folder writes its name."""

    directory: str
    prefix: str
    version: str
    """Of the newest file, as its name writes it; empty where there is none."""
    separator: str
    suffix: str
    undo_prefix: str = "U"
    undo_suffix: str = ""
    """Of rollbacks, where that is what tells them: `.down.sql`."""

    def undo(self, version: str, description: str) -> str:
        """The rollback of that file."""
        prefix, suffix = (self.prefix, self.undo_suffix) if self.undo_suffix else (self.undo_prefix, self.suffix)
        return join(self.directory, f"{prefix}{version}{self.separator}{words(description)}{suffix}")

    def path(self, version: str, description: str) -> str:
        return join(self.directory, f"{self.prefix}{version}{self.separator}{words(description)}{self.suffix}")


def style_of(migrations: Migrations) -> Style:
    """As the file of the highest version does it; as the settings say where there is none. Raises Refused where no
    directory can be told."""
    settings = migrations.settings
    versioned = [each for each in migrations.of(Kind.VERSIONED, Kind.BASELINE) if each.version is not None]
    newest = max(versioned, key=lambda each: (each.version or Version.parse("0"), each.kind), default=None)
    if newest is None:
        if not settings.locations:
            raise Refused("the stack has no directory for migrations", hint="name one with `locations`")
        prefix, separator, suffix = settings.versioned_prefix, settings.separator, settings.suffixes[0]
        found = Style(settings.locations[0], prefix, "", separator, suffix)
    else:
        found = _style_of_file(newest, settings.separator, settings.suffixes)
    undo_suffix = settings.undo_suffixes[0] if settings.undo_suffixes else ""
    return replace(found, undo_prefix=settings.undo_prefix, undo_suffix=undo_suffix)


def _style_of_file(newest: Migration, separator: str, suffixes: Sequence[str]) -> Style:
    name = newest.path.rpartition("/")[2]
    suffix = next((each for each in suffixes if name.lower().endswith(each.lower())), ".sql")
    stem = name[: -len(suffix)]
    found = re.match(r"(?P<prefix>\D*)(?P<version>\d+(?:[._-]\d+)*)", stem)
    if found is None:
        raise Refused(f"{newest.path} does not say how the next version is written")
    prefix, version = found["prefix"], found["version"]
    if newest.kind is Kind.BASELINE:
        prefix = "V"
    rest = stem[found.end() :]
    between = separator if rest.startswith(separator) else rest[: len(rest) - len(rest.lstrip("_-. "))] or separator
    return Style(dirname(newest.path), prefix, version, between, name[len(stem) :])


def next_version(style: Style, taken: Iterable[Version], at: datetime) -> str:
    """The version after all those that files and history have, as a file's name writes it. `at` is when it was changed
    by hand, for folders whose versions are moments."""
    highest = max(taken, default=None)
    if highest is None or not style.version:
        return style.version or "1"
    mark = next((each for each in "_-." if each in style.version), ".")
    written = re.split(r"[._-]", style.version)
    if len(written) == 1 and len(written[0]) in _STAMPS and written[0][:2] in ("19", "20"):
        return _later_stamp(written[0], highest, at)
    if len(written) > 1 and _is_day(written):
        today = [f"{at.year}", f"{at.month:0{len(written[1])}d}", f"{at.day:0{len(written[2])}d}"]
        if len(written) == 4:
            today.append(f"{at:%H%M%S}"[: len(written[3])] if len(written[3]) in (4, 6) else "1")
        fresh = mark.join(today)
        if Version.parse(fresh) > highest:
            return fresh
    parts = list(highest.parts) + [0] * max(0, len(written) - len(highest.parts))
    parts = parts[: len(written)]
    parts[-1] += 1
    return mark.join(
        f"{part:0{len(old)}d}" if old.startswith("0") else str(part) for part, old in zip(parts, written, strict=True)
    )


def _later_stamp(written: str, highest: Version, at: datetime) -> str:
    fresh = at.strftime(_STAMPS[len(written)])
    return fresh if Version.parse(fresh) > highest else str(highest.parts[0] + 1)


def _is_day(written: Sequence[str]) -> bool:
    """2024.11.22, perhaps with a number for several on one day."""
    if len(written) not in (3, 4) or len(written[0]) != 4:
        return False
    year, month, day = (int(each) for each in written[:3])
    return 1990 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= 31


def words(description: str) -> str:
    """A description as file names write it: small letters, digits and underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", description.lower()).strip("_")
    return plain[:_DESCRIPTION_LENGTH].rstrip("_") or "codify_drift"
