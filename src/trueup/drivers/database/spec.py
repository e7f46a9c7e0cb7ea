"""The keys `flyway`, `migrations` and `command` of trueup.yaml."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trueup.manifests.keys import Wait

AUTO = "auto"
"""The scratch database that Trueup starts itself."""


class DatabaseSpec(BaseModel):
    """One database and what the code means for it: what all formats have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    url: str | None = Field(
        None,
        description="the database: a secret reference (`awssm:prod/app#url`), or text in which `${NAME}` is a variable "
        "of the stack's context; `postgresql://`, `sqlite:` and `jdbc:` URLs",
    )
    plan_url: str | None = Field(
        None, description="the same database for plans and checks, as a role that only reads; default: `url`"
    )
    scratch: str = Field(
        AUTO, description="URL of a server on which plans are tried out, or `auto`: one that Trueup starts itself"
    )
    schemas: tuple[str, ...] = Field(
        (), description="schemas that the code manages; default: the first of the connection's search path"
    )
    lock_timeout: Wait = Field(
        timedelta(seconds=5), gt=timedelta(0), description="the longest that one statement waits for a lock"
    )
    statement_timeout: Wait | None = Field(
        None, gt=timedelta(0), description="the longest that one statement may run; default: no limit"
    )
    retries: int = Field(
        5, ge=0, le=100, description="how often a statement is tried again after it waited too long for a lock"
    )
    apply_timeout: Wait | None = Field(
        None, gt=timedelta(0), description="the longest that a whole delivery may take; default: two hours"
    )
    expected_time: Wait = Field(
        timedelta(minutes=1),
        gt=timedelta(0),
        description="how long one migration may take before that is alerted and, on a scratch database, found",
    )


class MigrationsSpec(DatabaseSpec):
    """A folder of plain SQL files with sequential or timestamp names: `001_create_users_table.sql`."""

    history_table: ClassVar[str] = "trueup_schema_history"

    table: str | None = Field(None, description="the history table; default: `trueup_schema_history`")
    locations: tuple[str, ...] | None = Field(
        None, description="directories of migration files, relative to the stack's directory; default: itself"
    )
    encoding: str | None = Field(None, description="of the files; default: UTF-8")
    target: str | None = Field(None, description="the highest version that is applied")
    out_of_order: bool | None = Field(
        None, description="whether a file below the highest applied version is applied late; default: it is refused"
    )
    ignore_patterns: tuple[str, ...] | None = Field(
        None, description="`TYPE:STATE` of rows and files that validation passes over; default: `*:future`"
    )
    baseline_on_migrate: bool | None = Field(
        None, description="whether a schema with objects and without history gets a baseline row by itself"
    )
    baseline_version: str | None = Field(None, description="the version of that baseline; default: 1")
    baseline_description: str | None = Field(None, description="its description; default: Flyway's")
    placeholder_replacement: bool | None = Field(None, description="whether `${name}` is replaced in the files")
    placeholders: Mapping[str, str] = Field(
        default_factory=dict, description="values for `${name}`; each may be a secret reference"
    )
    group: bool | None = Field(None, description="whether all pending migrations are one transaction")
    mixed: bool | None = Field(
        None, description="whether one file may hold statements that need a transaction and ones that refuse it"
    )
    installed_by: str | None = Field(None, description="the name in the history; default: the database's role")
    validate_migration_naming: bool | None = Field(
        None, description="whether a file whose name is no migration's is an error"
    )
    undo_required: bool = Field(
        True, description="whether a migration that changes existing columns needs a tested rollback file"
    )
    undo_waived: Mapping[str, str] = Field(
        default_factory=dict, description="versions that go without a rollback file, each with the reason"
    )


class FlywaySpec(MigrationsSpec):
    """A Flyway project: what its flyway.conf or flyway.toml says holds where nothing is said here."""

    history_table: ClassVar[str] = "flyway_schema_history"

    table: str | None = Field(None, description="the history table; default: `flyway_schema_history`")
    locations: tuple[str, ...] | None = Field(
        None,
        description="directories of migration files, relative to the stack's directory; default: those of flyway.conf, "
        "else `db/migration`, `sql` or `migrations` below it, else itself",
    )
    config_files: tuple[str, ...] | None = Field(
        None,
        description="Flyway configuration, relative to the stack's directory; default: flyway.conf, flyway.toml, "
        "flyway.user.toml, and the first two below conf, where they exist",
    )
    environment: str | None = Field(None, description="the environment of flyway.toml; default: the one it names")
    sql_migration_prefix: str | None = Field(None, description="of versioned files; default: V")
    undo_sql_migration_prefix: str | None = Field(None, description="of rollback files; default: U")
    repeatable_sql_migration_prefix: str | None = Field(None, description="of repeatable files; default: R")
    baseline_migration_prefix: str | None = Field(None, description="of baseline files; default: B")
    sql_migration_separator: str | None = Field(None, description="between version and description; default: `__`")
    sql_migration_suffixes: tuple[str, ...] | None = Field(None, description="endings of files; default: `.sql`")


class CommandSpec(DatabaseSpec):
    """Another tool that manages the schema, by its own commands in the stack's directory: alembic, Liquibase."""

    plan: tuple[str, ...] = Field(
        min_length=1,
        description="prints the SQL that is pending; `${CURRENT}` is the first word that `history` prints, or `base`: "
        '`[alembic, upgrade, "${CURRENT}:head", --sql]`, `[liquibase, update-sql]`',
    )
    check: tuple[str, ...] = Field(
        (),
        description="says by its exit code whether the files are valid: `[alembic, heads]`, "
        '`[liquibase, validate, "--url=offline:postgresql"]`',
    )
    apply: tuple[str, ...] = Field(
        (), description="applies what is pending: `[alembic, upgrade, head]`; without it the stack is never delivered"
    )
    history: tuple[str, ...] = Field((), description="prints what is applied: `[alembic, current]`")
    files: tuple[str, ...] = Field(
        (),
        description="files and directories that the commands need besides the stack's directory, relative to it: "
        "`[../app]`",
    )
    url_variable: str = Field(
        "DATABASE_URL",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="the environment variable in which the commands find the database's URL",
    )
    history_tables: tuple[str, ...] = Field(
        ("alembic_version", "databasechangelog", "databasechangeloglock"),
        description="the tool's own tables, which are no part of the schema",
    )
    timeout: Wait = Field(timedelta(minutes=30), gt=timedelta(0), description="the longest that a command may run")
