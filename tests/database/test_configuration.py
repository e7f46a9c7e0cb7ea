"""flyway.conf, flyway.toml and trueup.yaml: what counts, and what is said of the rest."""

from typing import Any

import pytest

from tests.database.folders import flyway, plain, tree
from trueup.drivers.database.migrations.configuration import configured
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.spec import CommandSpec, FlywaySpec, MigrationsSpec
from trueup.model.errors import Invalid

CONF = r"""
# where the migrations are
flyway.url=jdbc:postgresql://db.internal/app
flyway.user = app
flyway.password=hunter2
flyway.locations=filesystem:sql,\
    filesystem:views
flyway.schemas=app, audit
flyway.defaultSchema=app
flyway.table=history
flyway.outOfOrder=true
flyway.sqlMigrationPrefix=M
flyway.sqlMigrationSuffixes=.sql,.pgsql
flyway.ignoreMigrationPatterns=*:missing,repeatable:future
flyway.placeholders.owner=app_owner
flyway.placeholders.path=C:\temp
flyway.lockRetryCount=-1
"""

TOML = """
[flyway]
environment = "prod"
locations = ["filesystem:sql"]
outOfOrder = true
baselineVersion = "7"

[flyway.placeholders]
owner = "app_owner"

[environments.prod]
url = "jdbc:postgresql://db.internal/app"
schemas = ["app", "audit"]

[environments.dev]
schemas = ["dev"]

[environments.dev.flyway]
outOfOrder = false
"""


def test_flyway_conf_is_read() -> None:
    """Continued lines, back-slashes as plain characters, lists, flags and placeholders."""
    found = flyway({"flyway.conf": CONF, "sql/M1__a.sql": "", "views/R__v.pgsql": ""})
    settings = found.settings
    assert settings.locations == ("db/sql", "db/views")
    assert (settings.schemas, settings.table, settings.out_of_order) == (("app", "audit"), "history", True)
    assert settings.ignore_patterns == ("*:missing", "repeatable:future")
    assert settings.placeholders == {"owner": "app_owner", "path": r"C:\temp"}
    assert settings.lock_retries == -1
    assert [each.script for each in found.files] == ["M1__a.sql", "R__v.pgsql"]
    assert found.read == ("db/flyway.conf", "db/sql/M1__a.sql", "db/views/R__v.pgsql")


def test_a_database_and_a_password_in_the_configuration_are_told_and_never_used() -> None:
    """Whoever may change the repository must not be able to point Trueup at another server."""
    findings = {each.code: each for each in flyway({"flyway.conf": CONF, "sql/M1__a.sql": "", "views/x": ""}).findings}
    assert str(findings["url-in-configuration"].place) == "db/flyway.conf:3"
    assert str(findings["password-in-git"].place) == "db/flyway.conf:5"
    assert not findings["url-in-configuration"].stops
    assert "hunter2" not in repr(findings)


def test_flyway_toml_is_read_with_its_environment() -> None:
    """`environments.NAME` counts for the environment that the file names, or that trueup.yaml names."""
    files = {"flyway.toml": TOML, "sql/V1__a.sql": ""}
    settings = flyway(files).settings
    assert (settings.schemas, settings.environment, settings.baseline_version) == (("app", "audit"), "prod", "7")
    assert settings.placeholders == {"owner": "app_owner"}
    other = flyway(files, environment="dev").settings
    assert (other.schemas, other.out_of_order, other.environment) == (("dev",), False, "dev")


def test_a_later_file_says_more() -> None:
    """flyway.user.toml over flyway.toml over flyway.conf."""
    files = {
        "flyway.conf": "flyway.table=one\nflyway.outOfOrder=true\n",
        "flyway.toml": '[flyway]\ntable = "two"\n',
        "flyway.user.toml": '[flyway]\ntable = "three"\n',
        "V1__a.sql": "",
    }
    settings = flyway(files).settings
    assert (settings.table, settings.out_of_order) == ("three", True)


@pytest.mark.parametrize(
    ("key", "value", "name", "expected"),
    [
        ("table", "other", "table", "other"),
        ("outOfOrder", False, "out_of_order", False),
        ("ignorePatterns", [], "ignore_patterns", ()),
        ("schemas", ["x"], "schemas", ("x",)),
        ("sqlMigrationPrefix", "V", "versioned_prefix", "V"),
        ("baselineVersion", "9", "baseline_version", "9"),
        ("placeholders", {"owner": "env:OWNER"}, "placeholders", {"owner": "env:OWNER", "path": r"C:\temp"}),
    ],
)
def test_trueup_yaml_says_more_than_flyways_files(key: str, value: Any, name: str, expected: Any) -> None:
    """What is said in trueup.yaml counts, also when it is false or empty."""
    settings = flyway({"flyway.conf": CONF, "sql/M1__a.sql": "", "views/x": ""}, **{key: value}).settings
    assert getattr(settings, name) == expected


def test_older_words_for_ignored_states() -> None:
    """Flyway before 9: one setting for each state."""
    conf = "flyway.ignoreMissingMigrations=true\nflyway.ignoreFutureMigrations=false\n"
    assert flyway({"flyway.conf": conf, "V1__a.sql": ""}).settings.ignore_patterns == ("*:missing",)


@pytest.mark.parametrize(
    ("conf", "code", "line"),
    [
        ("\nflyway.cherryPick=2.1\n", "setting-not-followed", 2),
        ("flyway.schemas=${SCHEMA}\n", "setting-from-environment", 1),
        ("flyway.ignoreMigrationPatterns=*:wrong\n", "bad-ignore-pattern", 1),
        ("flyway.locations=s3:bucket/sql\n", "location-elsewhere", 1),
    ],
)
def test_what_cannot_be_followed_stops(conf: str, code: str, line: int) -> None:
    """Nothing is run by other rules than the ones that the project names."""
    (finding,) = (each for each in flyway({"flyway.conf": conf, "V1__a.sql": ""}).findings if each.stops)
    assert (finding.code, str(finding.place)) == (code, f"db/flyway.conf:{line}")
    assert finding.hint


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("flyway.conf", "flyway.outOfOrder=perhaps\n", "db/flyway.conf:1"),
        ("flyway.conf", "\n\nflyway.lockRetryCount=many\n", "db/flyway.conf:3"),
        ("flyway.conf", b"flyway.table=\xff\n", "db/flyway.conf:1"),
        ("flyway.conf", "=x\n", "db/flyway.conf:1"),
        ("flyway.toml", "[flyway]\ntable =\n", "db/flyway.toml:2"),
    ],
)
def test_configuration_that_cannot_be_read_is_invalid(name: str, content: str | bytes, place: str) -> None:
    """With file and line."""
    with pytest.raises(Invalid) as caught:
        flyway({name: content, "V1__a.sql": ""})
    assert str(caught.value.place) == place


@pytest.mark.parametrize(
    ("files", "conf", "expected"),
    [
        (["V1__a.sql"], "", ("db",)),
        (["db/migration/V1__a.sql"], "", ("db/db/migration",)),
        (["src/main/resources/db/migration/V1__a.sql"], "", ("db/src/main/resources/db/migration",)),
        (["src/main/resources/x/V1__a.sql"], "classpath:x", ("db/src/main/resources/x",)),
        (["a/V1__a.sql", "a/b/V2__b.sql"], "filesystem:a,filesystem:a/b", ("db/a",)),
        (["a/one/sql/V1__a.sql", "a/two/sql/V2__b.sql"], "filesystem:a/*/sql", ("db/a/*/sql",)),
        (["a/V1__a.sql"], "filesystem:db/a", ("db/a",)),
    ],
)
def test_where_migrations_lie(files: list[str], conf: str, expected: tuple[str, ...]) -> None:
    """Flyway's locations, Java's resources, wildcards, and the usual directories where nothing is said."""
    contents = dict.fromkeys(files, "") | ({"flyway.conf": f"flyway.locations={conf}\n"} if conf else {})
    found = flyway(contents)
    assert found.settings.locations == expected
    assert len(found.files) == len(files)


def test_scripts_are_named_relative_to_the_part_before_a_wildcard() -> None:
    """As the history stores them."""
    found = flyway({"a/one/sql/V1__a.sql": "", "a/two/other/V2__b.sql": ""}, locations=["a/*/sql"])
    assert [each.script for each in found.files] == ["one/sql/V1__a.sql"]


def test_a_location_that_does_not_exist_is_told() -> None:
    """Flyway passes over it; we say so."""
    findings = flyway({"V1__a.sql": ""}, locations=["sql"]).findings
    assert [each.code for each in findings] == ["location-missing", "no-migrations"]


@pytest.mark.parametrize("key", ["locations", "configFiles"])
def test_nothing_outside_of_the_repository_is_read(key: str) -> None:
    """`..` may go up to its root and no further."""
    with pytest.raises(Invalid, match="leaves the repository"):
        flyway({"V1__a.sql": ""}, **{key: ["../../etc"]})


def test_configuration_may_lie_above_the_directory() -> None:
    """One flyway.conf at the root for many services."""
    files = tree({"flyway.conf": "flyway.table=h\n", "services/a/db/V1__a.sql": ""})
    spec = FlywaySpec.model_validate({"configFiles": ["../../../flyway.conf"]})
    found = read_migrations(files, "services/a/db", spec)
    assert (found.settings.table, found.read) == ("h", ("flyway.conf", "services/a/db/V1__a.sql"))


def test_a_plain_folder_has_a_history_of_its_own() -> None:
    """`trueup_schema_history`; a flyway.conf there means nothing."""
    found = plain({"001_a.sql": "", "flyway.conf": "flyway.table=x\n"})
    assert (found.settings.table, found.settings.locations) == ("trueup_schema_history", ("migrations",))


def test_a_missing_directory_is_invalid() -> None:
    """An empty one cannot be told from a wrong name."""
    with pytest.raises(Invalid, match="no such directory"):
        read_migrations(tree({"x": ""}), "migrations", MigrationsSpec())


@pytest.mark.parametrize("spec", [FlywaySpec, MigrationsSpec, CommandSpec])
def test_every_key_is_described_and_unknown_ones_are_refused(spec: type[FlywaySpec]) -> None:
    """The documentation is made of these descriptions."""
    schema = spec.model_json_schema(by_alias=True)
    assert all(each.get("description") for each in schema["properties"].values())
    with pytest.raises(ValueError, match="extra_forbidden"):
        spec.model_validate({"plan": ["x"], "nonsense": 1})


def test_configured_settings_hold_what_the_file_says_of_the_database() -> None:
    """For comparing and showing."""
    found = configured(tree({"db/flyway.conf": CONF, "db/sql/M1__a.sql": ""}), "db", FlywaySpec())
    assert found.settings.url == "jdbc:postgresql://db.internal/app"
