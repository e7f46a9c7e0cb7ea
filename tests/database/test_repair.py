"""What may be written into a history: rows of migrations, baselines and repairs, and no type that Flyway stops at."""

from collections.abc import Sequence
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.database.folders import flyway, row
from trueup.drivers.database.history.history import (
    Correction,
    NewRow,
    Repair,
    Row,
    RowType,
    applied,
    baseline,
    first,
    repair,
    resolve,
)
from trueup.drivers.database.migrations.checksums import checksum
from trueup.drivers.database.migrations.migrations import Migrations
from trueup.model.errors import Refused
from trueup.model.plan import Finding

OPEN_EDITION = {"SCHEMA", "BASELINE", "DELETE", "SQL", "JDBC", "SCRIPT", "UNDO_SCRIPT", "CUSTOM"} | {
    "SQL_BASELINE",
    "JDBC_BASELINE",
    "SPRING_JDBC",
}
"""Types that Flyway 13's open edition reads."""


def repaired(rows: Sequence[Row], written: Repair) -> list[Row]:
    """The history after a repair, as a database would have it."""
    corrections = {each.rank: each for each in written.correct}
    found = [each for each in rows if each.rank not in written.delete]
    found = [
        row(
            each.rank,
            each.version,
            corrections[each.rank].description if each.rank in corrections else each.description,
            type=str(corrections[each.rank].type) if each.rank in corrections else each.type,
            checksum=corrections[each.rank].checksum if each.rank in corrections else each.checksum,
            script=each.script,
            success=each.success,
        )
        for each in found
    ]
    for new in written.insert:
        found.append(
            row(new.rank, new.version, new.description, type=str(new.type), checksum=new.checksum, success=new.success)
        )
    return found


def test_every_row_that_can_be_written_is_one_that_flyway_reads() -> None:
    """The type of what is written allows nothing else: `UNDO_SQL` would stop every command of the open edition."""
    assert get_type_hints(NewRow)["type"] is RowType and get_type_hints(Correction)["type"] is RowType
    assert {str(each) for each in RowType} <= OPEN_EDITION
    with pytest.raises(ValueError, match="UNDO_SQL"):
        RowType("UNDO_SQL")


def test_the_row_of_a_migration() -> None:
    """Nine columns, as Flyway fills them."""
    (file,) = flyway({"x/V2024_1__add_email.sql": "select 1;"}).files
    assert applied(file, 7, "app", 42) == NewRow(
        rank=7,
        version="2024.1",
        description="add email",
        type=RowType.SQL,
        script="x/V2024_1__add_email.sql",
        checksum=checksum("select 1;"),
        installed_by="app",
        execution_time=42,
        success=True,
    )


def test_rows_of_repeatables_and_baseline_files() -> None:
    """No version; a type of its own."""
    files = flyway({"R__v.sql": "", "B3__all.sql": ""}).files
    assert [(each.type, each.version) for each in (applied(file, 1, "") for file in files)] == [
        (RowType.SQL_BASELINE, "3"),
        (RowType.SQL, None),
    ]


def test_no_row_stands_for_a_rollback() -> None:
    """Flyway's own edition would not understand one."""
    files = flyway({"V1__a.sql": "", "U1__a.sql": ""})
    with pytest.raises(Refused, match="DELETE"):
        applied(files.files[-1], 1, "")


def test_long_texts_are_cut_as_flyway_cuts_them() -> None:
    """200 characters of description, the last 1000 of a script."""
    long = f"{'d' * 1200}/V1__{'x' * 220}.sql"
    (file,) = flyway({long: ""}).files
    written = applied(file, 1, "")
    assert (len(written.description), written.description[-3:]) == (200, "...")
    assert (len(written.script), written.script[:4], written.script[-4:]) == (1000, "...d", ".sql")


def test_a_baseline() -> None:
    """Rank 1, no checksum, description and script the same; behind Flyway's row of the schema rank 1 too."""
    settings = flyway({"V1__a.sql": ""}).settings
    schema = row(0, None, "<< Flyway Schema Creation >>", type="SCHEMA", checksum=None)
    for rows in ([], [schema]):
        written = baseline(rows, settings, "app")
        assert (written.rank, written.version, written.type, written.checksum) == (1, "1", RowType.BASELINE, None)
        assert written.description == written.script == "<< Flyway Baseline >>"


def test_no_baseline_over_a_history() -> None:
    """It would say that migrations ran that did not."""
    with pytest.raises(Refused, match="1 row already"):
        baseline([row(1, "1", "a")], flyway({"V1__a.sql": ""}).settings, "")


@pytest.mark.parametrize(
    ("keys", "rows", "empty", "expected"),
    [
        ({}, None, True, None),
        ({}, None, False, Finding),
        ({"baselineOnMigrate": True}, None, False, NewRow),
        ({"baselineOnMigrate": True}, None, True, None),
        ({"baselineOnMigrate": True}, [row(1, "1", "a")], False, None),
    ],
)
def test_what_a_first_migration_needs(
    keys: dict[str, Any], rows: list[Row] | None, empty: bool, expected: type | None
) -> None:
    """Objects without a history: nobody knows what ran, unless the settings say so."""
    found = first(rows, flyway({"V1__a.sql": ""}, **keys).settings, "", empty=empty)
    assert found is None if expected is None else isinstance(found, expected)
    if isinstance(found, Finding):
        assert found.stops and "baselineOnMigrate" in found.hint


def test_repair_removes_failed_rows_marks_missing_ones_and_stores_what_files_say() -> None:
    """One value, so that it is one transaction."""
    rows = [
        row(1, "1", "a", "select 0;"),
        row(2, "2", "gone", "gone"),
        row(3, "3", "c", "select 3;", success=False),
        row(4, "4", "old words", "select 4;"),
    ]
    files = flyway({"V1__a.sql": "select 1;", "V3__c.sql": "select 3;", "V4__d.sql": "select 4;"})
    written = repair(files, rows, files.settings, "me")
    assert written.delete == (3,)
    (deletion,) = written.insert
    assert (deletion.rank, deletion.version, deletion.type, deletion.installed_by) == (5, "2", RowType.DELETE, "me")
    assert deletion.checksum == rows[1].checksum
    assert [(each.rank, each.description, each.checksum) for each in written.correct] == [
        (1, "a", checksum("select 1;")),
        (4, "d", rows[3].checksum),
    ]
    after = resolve(files, repaired(rows, written), files.settings)
    assert [each.code for each in after.problems] == ["late-migration"]


def test_repair_leaves_what_is_right() -> None:
    """Ignored rows, baselines and rows of Java too."""
    rows = [
        row(1, "1", "<< Flyway Baseline >>", type="BASELINE", checksum=None),
        row(2, "2", "java", type="JDBC", checksum=None),
        row(3, "3", "c", "select 3;"),
        row(4, "9", "from a newer release"),
    ]
    files = flyway({"V1__a.sql": "", "V3__c.sql": "select 3;"})
    assert repair(files, rows, files.settings, "").empty


def test_repair_of_a_repeatable_only_where_its_text_is_unchanged() -> None:
    """The raw checksum became the filled one: set. Another text: it runs again instead."""
    files = flyway({"R__v.sql": "select '${who}';"}, {"who": "me"})
    (correction,) = repair(files, [row(1, None, "v", "select '${who}';")], files.settings, "").correct
    assert correction.checksum == files.files[0].checksum
    assert repair(files, [row(1, None, "v", "select 'you';")], files.settings, "").empty


def test_what_has_no_file_is_not_touched_where_it_is_ignored() -> None:
    """`*:missing`: somebody said that it may be gone."""
    files = flyway({"V2__b.sql": ""}, ignorePatterns=["*:missing"])
    assert repair(files, [row(1, "1", "a"), row(2, "2", "b")], files.settings, "").empty


contents = st.dictionaries(st.sampled_from(["1", "2", "3"]), st.sampled_from(["a", "b"]))
histories = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "4"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["SQL", "JDBC"]),
        st.booleans(),
    ),
    max_size=5,
    unique_by=lambda each: each[0],
)


@given(contents, histories)
def test_after_a_repair_nothing_is_left_to_repair(
    files: dict[str, str], history: list[tuple[str, str, str, bool]]
) -> None:
    """And no failed, missing or edited migration is left: whatever the history was."""
    found: Migrations = flyway({f"V{version}__x.sql": text for version, text in files.items()} | {"n.txt": ""})
    rows = [
        row(rank, version, "x", text, type=type, success=ok)
        for rank, (version, text, type, ok) in enumerate(history, 1)
    ]
    written = repair(found, rows, found.settings, "")
    after = repaired(rows, written)
    assert repair(found, after, found.settings, "").empty
    problems = {each.code for each in resolve(found, after, found.settings).problems}
    assert problems <= {"late-migration"}
