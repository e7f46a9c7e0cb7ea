"""Placeholders: `${name}` in migration files, as Flyway replaces them: everywhere, in any case, without an escape."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trueup.drivers.database.migrations.settings import Settings
from trueup.model.errors import Invalid, Place
from trueup.ports.credentials import SECRET_SCHEMES

BUILT_IN = (
    "defaultSchema",
    "user",
    "database",
    "timestamp",
    "filename",
    "workingDirectory",
    "table",
    "environment",
)
"""Names below `flyway:` that every file may use."""

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


@dataclass(frozen=True)
class Filled:
    text: str
    open: frozenset[str] = frozenset()
    """Names, in lower case, of those that stayed, because their values are not known here."""


def values(
    settings: Settings,
    built_in: Mapping[str, str],
    secret: Callable[[str], str],
    environment: Mapping[str, str],
) -> Mapping[str, str]:
    """The value of every placeholder. `built_in`: the names of BUILT_IN that the connection knows (not `filename`).
    A value may have `${NAME}` out of the job's environment, and one of trueup.yaml may be a secret reference.
    Raises Invalid for a variable that is not there, and what `secret` raises."""
    own = {"table": settings.table, "environment": settings.environment, **built_in}
    found = {f"flyway{settings.placeholder_separator}{name}": value for name, value in own.items()}
    for name, text in settings.placeholders.items():
        filled = _with_variables(name, text, environment)
        found[name] = secret(filled) if name in settings.references else filled
    return found


def declared(settings: Settings) -> tuple[Mapping[str, str], frozenset[str]]:
    """Offline: the values that are plain text, and in lower case the names whose values are not known here."""
    plain = {
        name: text
        for name, text in settings.placeholders.items()
        if not _VARIABLE.search(text) and not (name in settings.references and text.partition(":")[0] in SECRET_SCHEMES)
    }
    plain[f"flyway{settings.placeholder_separator}table"] = settings.table
    known = {name.lower() for name in plain}
    later = {name.lower() for name in settings.placeholders}
    later |= {f"flyway{settings.placeholder_separator}{name}".lower() for name in BUILT_IN}
    return plain, frozenset(later - known)


def fill(
    text: str, values: Mapping[str, str], settings: Settings, place: Place, later: frozenset[str] = frozenset()
) -> Filled:
    """Raises Invalid with the line of a placeholder that has no value and is not in `later`."""
    known = {name.lower(): value for name, value in values.items()}
    left: set[str] = set()

    def value_of(found: re.Match[str]) -> str:
        name = found["name"].lower()
        if found["end"] and name in known:
            return known[name]
        if found["end"] and name in later:
            left.add(name)
            return found[0]
        raise _missing(found, text, settings, place)

    return Filled(_pattern(settings).sub(value_of, text), frozenset(left))


def _pattern(settings: Settings) -> re.Pattern[str]:
    start, end = re.escape(settings.placeholder_prefix), re.escape(settings.placeholder_suffix)
    return re.compile(f"{start}(?P<name>(?:(?!{end}).)*)(?P<end>(?:{end})?)", re.DOTALL)


def _missing(found: re.Match[str], text: str, settings: Settings, place: Place) -> Invalid:
    line = text.count("\n", 0, found.start()) + 1
    where = Place(place.file, line)
    if not found["end"]:
        return Invalid(
            f"a placeholder begins with `{settings.placeholder_prefix}` and does not end",
            place=where,
            hint=f"close it with `{settings.placeholder_suffix}`; Flyway knows no escape for it",
        )
    return Invalid(
        f"no value for the placeholder `{found[0]}`",
        place=where,
        hint=f"add `{found['name']}` below `placeholders:`, or set placeholderReplacement=false in {place.file}.conf",
    )


def _with_variables(name: str, text: str, environment: Mapping[str, str]) -> str:
    def value_of(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise Invalid(
                f"the placeholder {name} takes ${{{found[1]}}}, which the stack's context does not have",
                hint=f"add {found[1]} below `contexts:` of trueup.yaml",
            )
        return environment[found[1]]

    return _VARIABLE.sub(value_of, text)
