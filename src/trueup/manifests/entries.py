"""Entries: one item of `stacks:` each, checked as far as possible without looking at a tree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from trueup.manifests.document import GOVERNING, StackEntry
from trueup.manifests.formats import KNOWN, FormatEntry, Formats
from trueup.manifests.mistakes import Mistakes, properties, suggestion
from trueup.manifests.patterns import Pattern, compile_pattern, fill_all, names_in
from trueup.manifests.positions import Loc, Parsed
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON, at

BUILT_IN = ("env", "name")
"""Attributes that every stack has (env: unless it has no environment)."""


@dataclass(frozen=True)
class Entry:
    format: str
    known: FormatEntry | None
    """None: no driver for it is installed here."""
    repository: str
    pattern: Pattern
    common: StackEntry
    settings: Mapping[str, JSON]
    """The keys that belong to the format, captures still in them."""
    parsed: Parsed
    loc: Loc
    layout: bool = False
    """From another repository's own file."""

    @property
    def label(self) -> str:
        return f"`{self.format}: {self.repository}//{self.pattern.text or '.'}`"

    @property
    def place(self) -> Place:
        return self.parsed.key_place((*self.loc, self.format))

    def place_of(self, key: str) -> Place:
        return self.parsed.place((*self.loc, key))

    @property
    def explicit_environment(self) -> bool:
        return self.common.env is not None or self.common.envs is not None


@dataclass(frozen=True)
class Scope:
    """Which file is being read, and what its entries may say."""

    parsed: Parsed
    formats: Formats
    home: str
    """The repository of a path without `//`."""
    repositories: frozenset[str] | None
    """Repositories that entries may name. None: a layout, whose entries are all in `home`."""


def read_entries(scope: Scope, mistakes: Mistakes) -> tuple[Entry, ...]:
    """Every entry that is right; mistakes hold the rest."""
    raw = scope.parsed.value.get("stacks") if isinstance(scope.parsed.value, dict) else None
    items = enumerate(raw) if isinstance(raw, list) else ()
    entries = (_read_entry(scope, ("stacks", index), item, mistakes) for index, item in items if isinstance(item, dict))
    return tuple(entry for entry in entries if entry is not None)


@cache
def schema_of(model: type[BaseModel]) -> JSON:
    return model.model_json_schema()


def _read_entry(scope: Scope, loc: Loc, raw: dict[str, Any], mistakes: Mistakes) -> Entry | None:
    before = len(mistakes.stopping)
    format = _format(scope, loc, raw, mistakes)
    if format is None:
        return None
    known = scope.formats.get(format)
    shared = properties(schema_of(StackEntry), ())
    own = properties(schema_of(known.spec), ()) if known else [key for key in raw if key not in shared]
    for key in raw:
        if key != format and key not in shared and key not in own:
            place = scope.parsed.key_place((*loc, key))
            mistakes.add("unknown-key", f"unknown key `{key}`", place, suggestion(key, [*shared, *own]))
    if scope.repositories is None and known:
        keys = schema_of(known.spec).get("properties", {})
        _not_here(scope, loc, [key for key in raw if keys.get(key, {}).get("governing")], mistakes)
    located = _pattern(scope, loc, format, raw[format], mistakes)
    common = _common(scope, loc, {key: raw[key] for key in raw if key in shared and key not in own}, mistakes)
    if located is None or common is None:
        return None
    repository, pattern = located
    settings = {key: raw[key] for key in raw if key in own and key != format}
    layout = scope.repositories is None
    entry = Entry(format, known, repository, pattern, common, settings, scope.parsed, loc, layout)
    _check_environment(entry, mistakes)
    _check_captures(entry, mistakes)
    if known:
        _check_settings(entry, known, mistakes)
    return entry if len(mistakes.stopping) == before else None


def _format(scope: Scope, loc: Loc, raw: dict[str, Any], mistakes: Mistakes) -> str | None:
    candidates = {*scope.formats, *KNOWN}
    found = [key for key in raw if key in candidates]
    if len(found) == 1:
        return found[0]
    place = scope.parsed.key_place(loc)
    if found:
        mistakes.add("two-formats", f"two technologies in one entry: {', '.join(found)}", place, "write two entries")
        return None
    strange = [key for key in raw if key not in properties(schema_of(StackEntry), ())]
    place = scope.parsed.key_place((*loc, strange[0])) if strange else place
    what = f"unknown technology `{strange[0]}`" if strange else "the entry names no technology"
    mistakes.add("unknown-format", what, place, suggestion(strange[0] if strange else "", candidates))
    return None


def _pattern(scope: Scope, loc: Loc, format: str, text: Any, mistakes: Mistakes) -> tuple[str, Pattern] | None:
    place = scope.parsed.place((*loc, format))
    if not isinstance(text, str):
        mistakes.add("wrong-value", f"`{format}`: expected a path", place, "write it as repository//path")
        return None
    head, separator, path = text.partition("//")
    repository, path = (head, path) if separator else (scope.home, text)
    if scope.repositories is None and repository != scope.home:
        mistakes.add(
            "elsewhere", f"a layout cannot speak for `{repository}`", place, "move it to the control repository"
        )
        return None
    if scope.repositories is not None and repository not in scope.repositories:
        known = suggestion(repository, scope.repositories)
        mistakes.add("unknown-repository", f"no repository `{repository}` below `repositories:`", place, known)
        return None
    try:
        return repository, compile_pattern(path.rstrip("/"))
    except Invalid as error:
        mistakes.add("wrong-pattern", error.message, place, error.hint)
        return None


def _common(scope: Scope, loc: Loc, raw: dict[str, Any], mistakes: Mistakes) -> StackEntry | None:
    if scope.repositories is None:
        _not_here(scope, loc, [key for key in GOVERNING if key in raw], mistakes)
    try:
        return StackEntry.model_validate(raw)
    except ValidationError as error:
        mistakes.add_validation(error, scope.parsed, loc, schema_of(StackEntry))
        return None


def _not_here(scope: Scope, loc: Loc, keys: Iterable[str], mistakes: Mistakes) -> None:
    for key in keys:
        hint = "the control repository's trueup.yaml sets it, by environment or by entry"
        mistakes.add("not-here", f"`{key}` cannot be set here", scope.parsed.key_place((*loc, key)), hint)


def _check_environment(entry: Entry, mistakes: Mistakes) -> None:
    common = entry.common
    if common.env is not None and common.envs is not None:
        mistakes.add("two-environments", "`env` and `envs` in one entry", entry.place_of("envs"), "keep one of them")
    if "env" in entry.pattern.captures and entry.explicit_environment:
        key = "env" if common.env is not None else "envs"
        hint = "rename the capture, or leave the key out"
        mistakes.add("two-environments", f"the path captures `{{env}}` and `{key}` sets it", entry.place_of(key), hint)
    if common.envs is not None and len(set(common.envs)) < len(common.envs):
        mistakes.add("twice", "an environment is in `envs` twice", entry.place_of("envs"), "keep one of them")


def _check_captures(entry: Entry, mistakes: Mistakes) -> None:
    has_environment = entry.explicit_environment or "env" in entry.pattern.captures
    known = {*entry.pattern.captures, "name", *(["env"] if has_environment else [])}
    common = entry.common
    texts: dict[str, JSON] = {
        "dependsOn": common.depends_on,
        "inputs": common.inputs,
        "owner": common.owner,
        "movedFrom": common.moved_from,
        **entry.settings,
    }
    if common.env is not None:
        _unknown_captures(entry, "env", names_in(common.env) - {*entry.pattern.captures, "name"}, known, mistakes)
    for key, value in texts.items():
        _unknown_captures(entry, key, names_in(value) - known, known, mistakes)
    for variable, text in common.inputs.items():
        stack, _, output = text.rpartition(".")
        if not stack or not output.replace("_", "").replace("-", "").isalnum():
            place = entry.parsed.place((*entry.loc, "inputs", variable))
            mistakes.add(
                "wrong-input", f"`{text}` names no output", place, "write STACK.OUTPUT: networking-{env}.vpc_id"
            )


def _unknown_captures(entry: Entry, key: str, unknown: set[str], known: Iterable[str], mistakes: Mistakes) -> None:
    for name in sorted(unknown):
        place = entry.place_of(key)
        mistakes.add("unknown-capture", f"nothing here captures `{{{name}}}`", place, suggestion(name, known))


def _check_settings(entry: Entry, known: FormatEntry, mistakes: Mistakes) -> None:
    """Against the format's model, with a sample for every capture: what has captures is checked once they are known."""
    samples = dict.fromkeys({*names_in(entry.settings), *BUILT_IN}, "x")
    try:
        known.spec.model_validate(fill_all(entry.settings, samples))
    except ValidationError as error:

        def unsure(loc: Loc) -> bool:
            return bool(names_in(at(entry.settings, loc)))

        mistakes.add_validation(error, entry.parsed, entry.loc, schema_of(known.spec), unsure)
