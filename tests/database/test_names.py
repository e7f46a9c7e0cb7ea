"""Names of files: prefixes, separators, versions, order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.database.folders import flyway, plain
from trueup.drivers.database.migrations.callbacks import EVENTS
from trueup.drivers.database.migrations.configuration import Settings
from trueup.drivers.database.migrations.migrations import Kind, Version
from trueup.drivers.database.migrations.names import file_name, parse_name
from trueup.model.errors import Invalid

FLYWAY = Settings("flyway_schema_history")


@pytest.mark.parametrize(
    ("name", "kind", "version", "description"),
    [
        ("V1__create_users.sql", Kind.VERSIONED, "1", "create users"),
        ("V1.sql", Kind.VERSIONED, "1", ""),
        ("V2024.1__x.SQL", Kind.VERSIONED, "2024.1", "x"),
        ("V1_2__two__parts.sql", Kind.VERSIONED, "1.2", "two  parts"),
        ("V20221219_1720__x.sql", Kind.VERSIONED, "20221219.1720", "x"),
        ("R__user_view.sql", Kind.REPEATABLE, None, "user view"),
        ("U7__x.sql", Kind.UNDO, "7", "x"),
        ("B10__all.sql", Kind.BASELINE, "10", "all"),
    ],
)
def test_flyways_names(name: str, kind: Kind, version: str | None, description: str) -> None:
    """Split at the first separator; underscores in versions are dots, in descriptions blanks."""
    found = parse_name(name, FLYWAY)
    assert found is not None
    assert (found.kind, found.version and found.version.text, found.description) == (kind, version, description)


@pytest.mark.parametrize("name", ["README.md", "V1__x.sql.conf", "V1__x.java", "notes.txt"])
def test_other_files_are_none_of_ours(name: str) -> None:
    """Another ending: not a migration, and nothing wrong with it."""
    assert parse_name(name, FLYWAY) is None


@pytest.mark.parametrize(
    "name", ["V__x.sql", "R1__x.sql", "Vx__y.sql", "seed.sql", "afterMigrateX.sql", "V1.2a__x.sql"]
)
def test_a_name_that_wants_to_be_one_says_what_is_wrong(name: str) -> None:
    """SQL that nobody would ever run is told, with a name that would work."""
    with pytest.raises(Invalid) as caught:
        parse_name(name, FLYWAY)
    assert name in caught.value.message
    assert "V7__add_email.sql" in caught.value.hint


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_callbacks_are_known_by_their_moment(event: str) -> None:
    """With a description or without; the longest prefix wins, so that beforeEachMigrate is not beforeMigrate."""
    for name in (f"{event}.sql", f"{event}__some_words.sql"):
        found = parse_name(name, FLYWAY)
        assert found is not None
        assert (found.kind, found.event) == (None, event)


def test_the_longest_prefix_wins() -> None:
    """A prefix that begins another one takes nothing from it."""
    settings = Settings("t", versioned_prefix="M", repeatable_prefix="MR", separator="--", suffixes=(".sql", ".pg.sql"))
    versioned, repeatable = parse_name("M3--x.pg.sql", settings), parse_name("MR--view.sql", settings)
    assert versioned is not None and repeatable is not None
    assert (versioned.kind, versioned.description) == (Kind.VERSIONED, "x")
    assert (repeatable.kind, repeatable.description) == (Kind.REPEATABLE, "view")


@given(st.sets(st.text("VRUBab", min_size=1, max_size=3), min_size=4, max_size=4), st.integers(0, 99))
def test_of_any_prefixes_the_longest_wins(prefixes: set[str], number: int) -> None:
    """Whatever the prefixes are, a name built with one is never read as a shorter one's."""
    versioned, undo, repeatable, baseline = sorted(prefixes)
    settings = Settings(
        "t", versioned_prefix=versioned, undo_prefix=undo, repeatable_prefix=repeatable, baseline_prefix=baseline
    )
    for prefix, kind in ((versioned, Kind.VERSIONED), (undo, Kind.UNDO), (baseline, Kind.BASELINE)):
        found = parse_name(f"{prefix}{number}__x.sql", settings)
        assert found is not None and found.kind is kind


@pytest.mark.parametrize(
    ("name", "version", "description"),
    [
        ("001_create_users_table.sql", "001", "create users table"),
        ("20240131120000_add_email.sql", "20240131120000", "add email"),
        ("2014_10_12_000000_create_users.sql", "2014.10.12.000000", "create users"),
        ("2024-01-31-add-email.sql", "2024.01.31", "add-email"),
        ("1.2_x.sql", "1.2", "x"),
        ("002_2fa_codes.sql", "002", "2fa codes"),
        ("003.up.sql", "003", ""),
    ],
)
def test_names_of_plain_folders(name: str, version: str, description: str) -> None:
    """Sequential numbers and timestamps, as many tools write them."""
    (found,) = plain({name: "select 1;"}).files
    assert (found.kind, found.version and found.version.text, found.description) == (
        Kind.VERSIONED,
        version,
        description,
    )


def test_down_files_of_plain_folders_are_rollbacks() -> None:
    """`007_x.up.sql` and `007_x.down.sql` belong together."""
    found = plain({"007_x.up.sql": "create table t ();", "007_x.down.sql": "drop table t;"})
    assert [each.kind for each in found.files] == [Kind.VERSIONED, Kind.UNDO]
    rollback = found.undo_of(Version.parse("7"))
    assert rollback is not None and rollback.sql == "drop table t;"


def test_an_odd_name_in_a_plain_folder_stops() -> None:
    """There every SQL file is meant: one that nobody would run is an error."""
    (finding,) = (each for each in plain({"001_a.sql": "", "users.sql": ""}).findings)
    assert (finding.code, finding.stops, str(finding.place)) == ("naming", True, "migrations/users.sql")


@pytest.mark.parametrize("strict", [True, False])
def test_an_odd_name_in_a_flyway_project_is_what_flyway_makes_of_it(strict: bool) -> None:
    """An error with validateMigrationNaming; otherwise passed over, but never without a word."""
    found = flyway({"V1__a.sql": "", "seed.sql": ""}, validateMigrationNaming=strict)
    (finding,) = found.findings
    assert (finding.code, finding.stops, str(finding.place)) == ("naming", strict, "db/seed.sql")
    assert len(found.files) == 1


versions = st.lists(st.integers(0, 10**20), min_size=1, max_size=5).map(lambda parts: ".".join(map(str, parts)))


@given(versions, versions, versions)
def test_the_order_of_versions_is_total(one: str, two: str, three: str) -> None:
    """Any two compare, exactly one way, and consistently."""
    a, b, c = Version.parse(one), Version.parse(two), Version.parse(three)
    assert (a < b) + (a == b) + (a > b) == 1
    assert not (a <= b <= c) or a <= c
    assert (a == b) == (a.canonical == b.canonical) and (a != b or hash(a) == hash(b))


@given(versions)
def test_missing_parts_are_zero(text: str) -> None:
    """1 = 1.0 = 01 = 1_0."""
    version = Version.parse(text)
    assert version == Version.parse(f"{text}.0.0") == Version.parse(f"0{text}") == Version.parse(text.replace(".", "_"))
    assert Version.parse(version.canonical) == version
    assert version < Version.parse(f"{text}.0.1")


@pytest.mark.parametrize("text", ["", "1..2", ".1", "1.", "1a", "-1", "1-2", "١"])
def test_what_is_no_version(text: str) -> None:
    """Only ASCII digits between dots or underscores."""
    with pytest.raises(Invalid):
        Version.parse(text)


def test_versioned_first_then_repeatables_by_utf_16() -> None:
    """Capitals come first, and letters beyond the basic plane before U+E000, as Java compares."""
    names = ("V10__a.sql", "V9__b.sql", "R__b.sql", "R__B.sql", "R__\ue000.sql", "R__\U0001f600.sql", "B2__c.sql")
    found = flyway(dict.fromkeys(names, ""))
    assert [each.script for each in found.files] == [
        "B2__c.sql",
        "V9__b.sql",
        "V10__a.sql",
        "R__B.sql",
        "R__b.sql",
        "R__\U0001f600.sql",
        "R__\ue000.sql",
    ]


@given(versions, st.text("ab 1-", max_size=10), st.booleans())
def test_a_name_that_we_write_is_read_back(version: str, description: str, undo: bool) -> None:
    """Codification writes names that Flyway reads as they were meant."""
    for settings in (FLYWAY, plain({"001_a.sql": ""}).settings):
        found = parse_name(file_name(version, description, settings, undo=undo), settings)
        assert found is not None and found.version == Version.parse(version)
        assert found.kind is (Kind.UNDO if undo else Kind.VERSIONED)


def test_addresses_do_not_depend_on_how_a_version_is_written() -> None:
    """The file 001 and a row 1 are one thing."""
    (file,) = plain({"001_a.sql": ""}).files
    assert file.address == "migration.1"
    (repeatable,) = flyway({"R__user_view.sql": ""}).files
    assert repeatable.address == 'migration."R user view"'
