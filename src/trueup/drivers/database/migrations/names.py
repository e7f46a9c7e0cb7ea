"""Names: what a file's name says of it, in Flyway's way and in the way of plain folders.

Flyway 13: the suffix goes first, then the longest prefix counts, and the rest is split at the first separator.
"""

import re
from dataclasses import dataclass

from trueup.drivers.database.migrations.callbacks import EVENTS
from trueup.drivers.database.migrations.migrations import Kind, Version
from trueup.drivers.database.migrations.settings import Settings
from trueup.model.errors import Invalid

_PLAIN = re.compile(
    r"(?P<version>[0-9]{4}(?P<cut>[_-])[0-9]{2}(?P=cut)[0-9]{2}(?:(?P=cut)[0-9]{4,6})?|[0-9]+(?:\.[0-9]+)*)"
    r"(?:[_-]+(?P<description>.*))?"
)
"""A number, a timestamp, or a date in parts (`2024_01_31_120000_add_email`)."""


@dataclass(frozen=True)
class Name:
    """The name of a migration file, or of a callback's when there is an event."""

    kind: Kind | None
    version: Version | None
    description: str
    event: str = ""


def parse_name(name: str, settings: Settings) -> Name | None:
    """None for a file that is none of ours. Raises Invalid for one that wants to be a migration and is not."""
    stem, undo = _stem(name, settings)
    if stem is None:
        return None
    return _plain(name, stem, undo=undo) if settings.plain else _flyway(name, stem, settings)


def file_name(version: str, description: str, settings: Settings, *, undo: bool = False) -> str:
    """The name of a versioned file, or of its rollback."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", description).strip("_")
    prefix = settings.undo_prefix if undo and not settings.plain else settings.versioned_prefix
    suffix = settings.undo_suffixes[0] if undo and settings.plain else settings.suffixes[-1]
    separator = settings.separator if words else ""
    # So that no description can look like the rest of a date.
    doubled = settings.plain and words[:1].isdigit()
    return f"{prefix}{version}{separator * 2 if doubled else separator}{words}{suffix}"


def _stem(name: str, settings: Settings) -> tuple[str | None, bool]:
    """The name without the longest suffix that fits, in any case; and whether that suffix is a rollback's."""
    endings = [(each, True) for each in settings.undo_suffixes] + [(each, False) for each in settings.suffixes]
    for ending, undo in sorted(endings, key=lambda each: -len(each[0])):
        if name.lower().endswith(ending.lower()):
            return name[: len(name) - len(ending)], undo
    return None, False


def _plain(name: str, stem: str, *, undo: bool) -> Name:
    found = _PLAIN.fullmatch(stem)
    if found is None:
        raise Invalid(
            f"`{name}` does not begin with a number: it is no migration",
            hint="name it like `001_create_users_table.sql` or `20240131120000_add_email.sql`, or move it elsewhere",
        )
    version = Version.parse(found["version"].replace("-", "_"))
    return Name(Kind.UNDO if undo else Kind.VERSIONED, version, _words(found["description"] or ""))


def _flyway(name: str, stem: str, settings: Settings) -> Name | None:
    prefixes: dict[str, Kind | str] = {event: event for event in EVENTS}
    for prefix, kind in (
        (settings.undo_prefix, Kind.UNDO),
        (settings.baseline_prefix, Kind.BASELINE),
        (settings.repeatable_prefix, Kind.REPEATABLE),
        (settings.versioned_prefix, Kind.VERSIONED),
    ):
        if prefix is not None:
            prefixes[prefix] = kind
    fitting = [prefix for prefix in prefixes if stem.startswith(prefix)]
    if not fitting:
        raise Invalid(f"`{name}` begins with no prefix of a migration", hint=_advice(settings))
    prefix = max(fitting, key=len)
    kind_or_event = prefixes[prefix]
    version, _, description = stem[len(prefix) :].partition(settings.separator)
    if isinstance(kind_or_event, Kind):
        return _of_kind(name, kind_or_event, version, description, settings)
    if version:
        raise Invalid(f"`{name}` is neither a migration nor the callback {kind_or_event}", hint=_advice(settings))
    return Name(None, None, _words(description), kind_or_event)


def _of_kind(name: str, kind: Kind, version: str, description: str, settings: Settings) -> Name:
    if kind is Kind.REPEATABLE:
        if version:
            raise Invalid(f"`{name}` has a version (`{version}`), and a repeatable has none", hint=_advice(settings))
        return Name(kind, None, _words(description))
    try:
        return Name(kind, Version.parse(version), _words(description))
    except Invalid as error:
        said = f"`{name}` has no version" if not version else f"`{name}`: {error.message}"
        raise Invalid(said, hint=_advice(settings)) from error


def _words(description: str) -> str:
    return description.replace("_", " ")


def _advice(settings: Settings) -> str:
    end = settings.suffixes[0]
    return (
        f"name it like `{settings.versioned_prefix}7{settings.separator}add_email{end}`, "
        f"or `{settings.repeatable_prefix}{settings.separator}user_view{end}` for a repeatable; or move it elsewhere"
    )
