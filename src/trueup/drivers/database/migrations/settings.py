"""Settings: how one stack's migration files are named, read and compared with a history."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """How files are named, read and compared with a history."""

    table: str
    plain: bool = False
    """Names of a plain folder, not Flyway's."""
    schemas: tuple[str, ...] = ()
    """The first is the default schema, in which the history table lies; none: the connection's own."""
    locations: tuple[str, ...] = ()
    """Directories in the repository."""
    callback_locations: tuple[str, ...] = ()
    versioned_prefix: str = "V"
    undo_prefix: str = "U"
    repeatable_prefix: str | None = "R"
    baseline_prefix: str | None = "B"
    separator: str = "__"
    suffixes: tuple[str, ...] = (".sql",)
    undo_suffixes: tuple[str, ...] = ()
    """Of rollbacks in a plain folder."""
    encoding: str = "utf-8"
    out_of_order: bool = False
    ignore_patterns: tuple[str, ...] = ("*:future",)
    target: str | None = None
    """A version, or Flyway's `latest`, `current`, `next`; with `?` at its end it need not exist."""
    baseline_on_migrate: bool = False
    baseline_version: str = "1"
    baseline_description: str = "<< Flyway Baseline >>"
    placeholder_replacement: bool = True
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """As written."""
    references: frozenset[str] = frozenset()
    """Placeholders whose value may be a secret reference: those of trueup.yaml. What the repository's own files say
    never is one, or a change request could read every secret of this installation."""
    placeholder_prefix: str = "${"
    placeholder_suffix: str = "}"
    placeholder_separator: str = ":"
    group: bool = False
    mixed: bool = False
    in_transaction: bool = True
    """`executeInTransaction` of the whole project."""
    installed_by: str | None = None
    validate_naming: bool = False
    validate_on_migrate: bool = True
    create_schemas: bool = True
    init_sql: str = ""
    """Run on each new connection."""
    lock_retries: int = 50
    """How often Flyway's lock is tried, once a second; -1: forever."""
    environment: str = "default"
    """Of flyway.toml: the placeholder `flyway:environment`."""
    url: str = ""
    """What the configuration says of the database: only to be compared and shown, never connected to."""
