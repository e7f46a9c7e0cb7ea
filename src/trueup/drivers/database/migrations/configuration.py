"""Configuration: flyway.conf and flyway.toml, and what trueup.yaml says instead, become one `Settings`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from trueup.drivers.database.migrations import locations
from trueup.drivers.database.migrations.configuration_files import Said, parse_conf, parse_toml
from trueup.drivers.database.migrations.migrations import Version
from trueup.drivers.database.migrations.settings import Settings as Settings
from trueup.drivers.database.spec import FlywaySpec, MigrationsSpec
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding
from trueup.ports.tree import Tree

CONFIG_FILES = ("conf/flyway.conf", "flyway.conf", "conf/flyway.toml", "flyway.toml", "flyway.user.toml")
"""A later one says more than an earlier one, as in Flyway."""
PATTERN = re.compile(r"(versioned|repeatable|\*):(missing|pending|ignored|future|\*)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+\}")


@dataclass(frozen=True)
class Configured:
    """The settings of one stack, the files that they were read from and what is wrong with those."""

    settings: Settings
    read: tuple[str, ...]
    findings: tuple[Finding, ...]


_NAMES = {
    "table": "table",
    "sqlMigrationPrefix": "versioned_prefix",
    "undoSqlMigrationPrefix": "undo_prefix",
    "repeatableSqlMigrationPrefix": "repeatable_prefix",
    "baselineMigrationPrefix": "baseline_prefix",
    "sqlMigrationSeparator": "separator",
    "sqlMigrationSuffixes": "suffixes",
    "encoding": "encoding",
    "outOfOrder": "out_of_order",
    "ignoreMigrationPatterns": "ignore_patterns",
    "target": "target",
    "baselineOnMigrate": "baseline_on_migrate",
    "baselineVersion": "baseline_version",
    "baselineDescription": "baseline_description",
    "placeholderReplacement": "placeholder_replacement",
    "placeholderPrefix": "placeholder_prefix",
    "placeholderSuffix": "placeholder_suffix",
    "placeholderSeparator": "placeholder_separator",
    "group": "group",
    "mixed": "mixed",
    "executeInTransaction": "in_transaction",
    "installedBy": "installed_by",
    "validateMigrationNaming": "validate_naming",
    "validateOnMigrate": "validate_on_migrate",
    "createSchemas": "create_schemas",
    "initSql": "init_sql",
    "lockRetryCount": "lock_retries",
    "callbackLocations": "callback_locations",
    "schemas": "schemas",
    "sqlMigrationSuffix": "suffixes",
    "url": "url",
}
"""Flyway's name to ours. `locations`, `defaultSchema`, `environment` and `placeholders.NAME` are handled apart."""
_CHANGES_MORE = {"cherryPick", "skipExecutingMigrations", "resolvers", "callbacks", "javaMigrations", "errorOverrides"}
"""Settings that make Flyway do something else with the same files, and that Trueup does not follow."""
_OF_SPEC = {"validate_migration_naming": "validate_naming"} | {
    name: _NAMES[camel]
    for name, camel in (
        ("sql_migration_prefix", "sqlMigrationPrefix"),
        ("undo_sql_migration_prefix", "undoSqlMigrationPrefix"),
        ("repeatable_sql_migration_prefix", "repeatableSqlMigrationPrefix"),
        ("baseline_migration_prefix", "baselineMigrationPrefix"),
        ("sql_migration_separator", "sqlMigrationSeparator"),
        ("sql_migration_suffixes", "sqlMigrationSuffixes"),
    )
}
_KINDS = {each.name: str(each.type) for each in fields(Settings)}


def configured(tree: Tree, path: str, spec: MigrationsSpec) -> Configured:
    """Raises Invalid with file and line for configuration that cannot be read."""
    path = path.strip("/")
    settings = _defaults(spec)
    said, read = _said(tree, path, spec) if isinstance(spec, FlywaySpec) else ({}, ())
    findings = list(_remarks(said))
    for name, each in said.items():
        if name in _NAMES and not _VARIABLE.search(each.value):
            settings = replace(settings, **{_NAMES[name]: _value(_NAMES[name], each)})
    settings = replace(settings, ignore_patterns=_with_older_words(settings.ignore_patterns, said))
    placeholders = {
        name.removeprefix("placeholders."): each.value
        for name, each in said.items()
        if name.startswith("placeholders.")
    }
    if (default := said.get("defaultSchema")) is not None:
        others = (each for each in settings.schemas if each != default.value)
        settings = replace(settings, schemas=(default.value, *others))
    if (environment := said.get("environment")) is not None:
        settings = replace(settings, environment=environment.value)
    settings = _with_spec(settings, spec, placeholders)
    directories, places = _locations(tree, path, spec, said.get("locations"))
    settings = replace(settings, locations=directories)
    if settings.callback_locations:
        place = said["callbackLocations"].place
        callbacks, missing = locations.found(tree, path, settings.callback_locations, place)
        settings, places = replace(settings, callback_locations=callbacks), (*places, *missing)
    place = said["ignoreMigrationPatterns"].place if "ignoreMigrationPatterns" in said else Place(path)
    _check_versions(settings, said, Place(path))
    return Configured(settings, read, (*findings, *places, *_bad_patterns(settings, place)))


def _locations(
    tree: Tree, path: str, spec: MigrationsSpec, said: Said | None
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    if spec.locations is not None:
        return locations.found(tree, path, [f"filesystem:{name}" for name in spec.locations], Place(path))
    if said is not None and not _VARIABLE.search(said.value):
        names = [name.strip() for name in said.value.split(",") if name.strip()]
        return locations.found(tree, path, names, said.place)
    return (locations.usual(tree, path) if isinstance(spec, FlywaySpec) else (path,)), ()


def _check_versions(settings: Settings, said: Mapping[str, Said], place: Place) -> None:
    for name, text in (("target", settings.target or "latest"), ("baselineVersion", settings.baseline_version)):
        version = text.removesuffix("?") if name == "target" else text
        if name == "target" and version.lower() in ("latest", "current", "next"):
            continue
        try:
            Version.parse(version)
        except Invalid as error:
            where = said[name].place if name in said and said[name].value == text else place
            raise Invalid(f"{name}: {error.message}", place=where, hint=error.hint) from error


def _bad_patterns(settings: Settings, place: Place) -> Iterator[Finding]:
    for pattern in settings.ignore_patterns:
        if not PATTERN.fullmatch(pattern.strip()):
            yield Finding(
                "bad-ignore-pattern",
                f"`{pattern}` is no pattern of migrations to ignore",
                place,
                hint="write TYPE:STATE: versioned, repeatable or *, then missing, pending, ignored, future or *",
                stops=True,
            )


def _defaults(spec: MigrationsSpec) -> Settings:
    if isinstance(spec, FlywaySpec):
        return Settings(spec.history_table)
    return Settings(
        spec.history_table,
        plain=True,
        versioned_prefix="",
        undo_prefix="",
        repeatable_prefix=None,
        baseline_prefix=None,
        separator="_",
        suffixes=(".up.sql", ".sql"),
        undo_suffixes=(".down.sql", ".undo.sql"),
        # A file that nobody applies because its name is odd is worse than an error.
        validate_naming=True,
    )


def _said(tree: Tree, path: str, spec: FlywaySpec) -> tuple[dict[str, Said], tuple[str, ...]]:
    """What all configuration files say, under Flyway's names without `flyway.`, and which files those are."""
    files = [locations.inside(path, name) for name in spec.config_files or CONFIG_FILES]
    if spec.config_files is None:
        there = {entry.path for entry in tree.entries(path)}
        files = [file for file in files if file in there]
    found: dict[str, Said] = {}
    read = []
    for file in files:
        content = tree.read(file)
        document = parse_toml(content, file) if file.endswith(".toml") else parse_conf(content, file)
        found |= document
        read.append(file)
    environment = spec.environment or _text(found, "flyway.environment") or "default"
    said = {
        name.removeprefix("flyway."): each for name, each in found.items() if not name.startswith(("environments.",))
    }
    prefix = f"environments.{environment}."
    said |= {
        name.removeprefix(prefix).removeprefix("flyway."): each
        for name, each in found.items()
        if name.startswith(prefix)
    }
    if spec.environment:
        said["environment"] = Said(spec.environment, Place(path))
    return said, tuple(read)


def _text(found: Mapping[str, Said], name: str) -> str:
    return found[name].value if name in found else ""


def _remarks(said: Mapping[str, Said]) -> Iterator[Finding]:
    for name, each in said.items():
        if name == "url":
            yield Finding(
                "url-in-configuration",
                "this file names a database; Trueup connects only to the `url:` of trueup.yaml, which nobody "
                "can change from here",
                each.place,
                hint="say the same database there: its migrations and its history are what is compared",
            )
        elif name == "password" and each.value and not _VARIABLE.search(each.value):
            yield Finding(
                "password-in-git",
                "this file holds a password for everybody who can read the repository; Trueup never uses it",
                each.place,
                hint="change that password, and give Trueup a secret reference as `url:`",
            )
        elif name in _CHANGES_MORE and each.value:
            yield Finding(
                "setting-not-followed",
                f"Flyway's `{name}` changes what is run, and Trueup does not know how",
                each.place,
                hint="leave the setting out, or let Flyway itself apply this stack (mode: observe)",
                stops=True,
            )
        elif name in (*_NAMES, "locations", "defaultSchema") and _VARIABLE.search(each.value):
            key = {"defaultSchema": "schemas"}.get(name, name)
            yield Finding(
                "setting-from-environment",
                f"`{name}` comes from an environment variable that is not known here, so its default counts",
                each.place,
                hint=f"say `{key}:` in trueup.yaml",
                stops=True,
            )


def _with_older_words(patterns: tuple[str, ...], said: Mapping[str, Said]) -> tuple[str, ...]:
    """Flyway before 9 had one setting for each state: `ignoreMissingMigrations=true`."""
    for state in ("missing", "pending", "ignored", "future"):
        each = said.get(f"ignore{state.capitalize()}Migrations")
        if each is not None:
            patterns = tuple(one for one in patterns if one != f"*:{state}")
            patterns += (f"*:{state}",) if each.value.strip().lower() == "true" else ()
    return patterns


def _value(name: str, said: Said) -> Any:
    """As the field's type wants it."""
    kind, text = _KINDS[name], said.value
    if "tuple" in kind:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if "bool" in kind:
        if text.strip().lower() not in ("true", "false"):
            raise Invalid(f"`{text}` is neither true nor false", place=said.place, hint="write true or false")
        return text.strip().lower() == "true"
    if kind == "<class 'int'>":
        if not re.fullmatch(r"-?\d+", text.strip()):
            raise Invalid(f"`{text}` is no number", place=said.place)
        return int(text)
    return text


def _with_spec(settings: Settings, spec: MigrationsSpec, placeholders: Mapping[str, str]) -> Settings:
    """trueup.yaml says more than Flyway's own configuration."""
    given: dict[str, Any] = {}
    for name in type(spec).model_fields:
        ours = _OF_SPEC.get(name, name)
        value = getattr(spec, name)
        if ours in _KINDS and value not in (None, ()) and name not in ("placeholders", "locations", "url"):
            given[ours] = value
    if spec.ignore_patterns is not None:
        given["ignore_patterns"] = spec.ignore_patterns
    references = frozenset(spec.placeholders)
    return replace(settings, **given, placeholders={**placeholders, **spec.placeholders}, references=references)
