"""Files of one stack: text, settings of single scripts, callbacks, and what is wrong with them."""

import pytest

from tests.database.folders import flyway, plain, tree
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.migrations.migrations import Kind, Migrations
from trueup.drivers.database.spec import FlywaySpec
from trueup.model.plan import Finding

USERS = """CREATE TABLE users (
id SERIAL PRIMARY KEY,
username VARCHAR(50) UNIQUE NOT NULL
);
CREATE INDEX idx_users_username ON users(username);
"""


def only(found: Migrations) -> Finding:
    (finding,) = found.findings
    return finding


def test_a_plain_folder_as_articles_show_it() -> None:
    """`migrations/001_create_users_table.sql`, word for word, without any setting."""
    (migration,) = plain({"001_create_users_table.sql": USERS}).files
    assert (migration.kind, migration.address) == (Kind.VERSIONED, "migration.1")
    assert (migration.description, migration.script) == ("create users table", "001_create_users_table.sql")
    assert migration.sql == USERS


@pytest.mark.parametrize("comment", ["-- flyway:executeInTransaction=false", "--flyway:executeInTransaction = FALSE"])
def test_a_comment_at_the_top_is_a_setting(comment: str) -> None:
    """Before the first statement, also below other comments."""
    (migration,) = flyway({"V1__a.sql": f"-- an index\n\n{comment}\ncreate index concurrently i on t (x);"}).files
    assert migration.in_transaction is False


def test_a_comment_further_down_is_a_comment() -> None:
    """Only the head of a file says something about the file."""
    (migration,) = flyway({"V1__a.sql": "select 1;\n-- flyway:executeInTransaction=false\n"}).files
    assert migration.in_transaction is None


def test_the_file_beside_a_script_says_more() -> None:
    """`V1__a.sql.conf` over the comment; it is part of the closure."""
    found = flyway(
        {
            "V1__a.sql": "-- flyway:executeInTransaction=false\nselect 1;",
            "V1__a.sql.conf": "executeInTransaction=true\n",
        }
    )
    assert found.files[0].in_transaction is True
    assert found.read == ("db/V1__a.sql", "db/V1__a.sql.conf")


@pytest.mark.parametrize(
    ("condition", "executes"),
    [("true", True), ("false", False), ("${env}==prod", False), ("${env}!=prod", True), ("${env} == dev", True)],
)
def test_a_script_may_be_meant_for_some_databases_only(condition: str, executes: bool) -> None:
    """`shouldExecute`, with placeholders."""
    found = flyway({"V1__a.sql": "", "V1__a.sql.conf": f"shouldExecute={condition}\n"}, {"env": "dev"})
    assert found.files[0].executes is executes


@pytest.mark.parametrize(
    ("conf", "place"),
    [
        ("executeInTransaction=perhaps\n", "db/V1__a.sql.conf:1"),
        ("\nflyway.mixed=true\n", "db/V1__a.sql.conf:2"),
        ("shouldExecute=sometimes\n", "db/V1__a.sql.conf:1"),
    ],
)
def test_bad_settings_of_a_script_stop_with_their_line(conf: str, place: str) -> None:
    """Flyway refuses them too."""
    finding = only(flyway({"V1__a.sql": "", "V1__a.sql.conf": conf, "V2__b.sql": ""}))
    assert (str(finding.place), finding.stops) == (place, True)


def test_a_wrong_encoding_is_told_with_its_line() -> None:
    """Nothing is guessed: a letter would change without a word."""
    finding = only(flyway({"V1__a.sql": "select 1;\nselect 'é';".encode("latin-1"), "V2__b.sql": ""}))
    assert (str(finding.place), finding.stops) == ("db/V1__a.sql:2", True)
    assert "utf-8" in finding.message and "encoding=" in finding.hint


@pytest.mark.parametrize(
    "files",
    [
        {"V1__a.sql": "select 'é';".encode("latin-1"), "V1__a.sql.conf": "encoding=ISO-8859-1\n"},
        {"V1__a.sql": "select 'é';".encode("latin-1"), "flyway.conf": "flyway.encoding=ISO-8859-1\n"},
        {"V1__a.sql": "\ufeffselect 'é';"},
    ],
)
def test_the_checksum_does_not_depend_on_the_encoding(files: dict[str, str | bytes]) -> None:
    """One text, one checksum; the byte-order mark is not run."""
    (reference,) = flyway({"V1__a.sql": "select 'é';"}).files
    (migration,) = flyway(files).files
    assert (migration.checksum, migration.sql) == (reference.checksum, "select 'é';")


def test_two_files_of_one_version() -> None:
    """Both are named; nothing runs. A rollback and a baseline of the same version are no duplicates."""
    found = flyway({"V1__a.sql": "", "x/V1_0__b.sql": "", "U1__a.sql": "", "B1__all.sql": "", "V2__c.sql": ""})
    finding = only(found)
    assert (finding.code, finding.stops) == ("duplicate-version", True)
    assert {str(finding.place), finding.message.split()[0]} == {"db/V1__a.sql", "db/x/V1_0__b.sql"}
    assert [each.kind for each in found.files] == [Kind.BASELINE, Kind.VERSIONED, Kind.VERSIONED, Kind.UNDO]


def test_two_repeatables_of_one_description() -> None:
    """A repeatable is known by its description."""
    assert only(flyway({"R__a_b.sql": "", "x/R__a_b.sql": ""})).code == "duplicate-repeatable"


def test_callbacks_are_read_and_are_no_migrations() -> None:
    """By event, then by description; placeholders count in them too."""
    found = flyway(
        {
            "V1__a.sql": "",
            "afterMigrate__b.sql": "select '${x}';",
            "afterMigrate__a.sql": "",
            "beforeMigrate.sql": "",
            "more/afterMigrate__c.sql": "",
        },
        {"x": "1"},
    )
    assert [each.path for each in found.on("afterMigrate")] == [
        "db/afterMigrate__a.sql",
        "db/afterMigrate__b.sql",
        "db/more/afterMigrate__c.sql",
    ]
    assert found.on("afterMigrate")[1].sql == "select '1';"
    assert len(found.on("beforeMigrate")) == len(found.files) == 1


def test_callbacks_may_lie_elsewhere() -> None:
    """`callbackLocations`: only callbacks are taken from there."""
    found = flyway(
        {
            "flyway.conf": "flyway.locations=filesystem:sql\nflyway.callbackLocations=filesystem:hooks\n",
            "sql/V1__a.sql": "",
            "hooks/afterMigrate.sql": "",
            "hooks/V2__b.sql": "",
        }
    )
    assert [each.script for each in found.files] == ["V1__a.sql"]
    assert len(found.callbacks) == 1


def test_a_folder_without_migrations_is_told_and_may_be() -> None:
    """The first migration of an adopted database may be one that codification writes."""
    finding = only(plain({".gitkeep": ""}))
    assert (finding.code, finding.stops) == ("no-migrations", False)


def test_scripts_are_relative_to_their_location() -> None:
    """As Flyway stores them, below any directory."""
    files = tree({"svc/db/migration/2024/V1__a.sql": "", "svc/README.md": ""})
    (migration,) = read_migrations(files, "svc", FlywaySpec()).files
    assert (migration.script, migration.path) == ("2024/V1__a.sql", "svc/db/migration/2024/V1__a.sql")
