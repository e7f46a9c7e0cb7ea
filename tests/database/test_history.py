"""Files against a history: what is pending, what every file and row is, and what is wrong."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.database.folders import flyway, plain, row
from trueup.drivers.database.history.history import Resolved, Row, State, resolve
from trueup.drivers.database.history.records import resources_of, wanted
from trueup.drivers.database.migrations.migrations import Migrations
from trueup.model.errors import Invalid


def resolved(files: Migrations, rows: Sequence[Row] = ()) -> Resolved:
    assert not [each for each in files.findings if each.stops]
    return resolve(files, rows, files.settings)


def states(found: Resolved) -> dict[str, State]:
    return {
        (entry.row.script if entry.row else entry.migration.script if entry.migration else ""): entry.state
        for entry in found.states
    }


def pending(found: Resolved) -> list[str]:
    return [each.script for each in found.pending]


def signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number


def codes(found: Resolved) -> list[tuple[str, bool]]:
    return [(each.code, each.stops) for each in found.problems]


THREE = {"V1__a.sql": "select 1;", "V2__b.sql": "select 2;", "V10__c.sql": "select 10;"}


def test_on_an_empty_database_everything_is_pending() -> None:
    """In the order of versions, then repeatables."""
    found = resolved(flyway({**THREE, "R__v.sql": ""}))
    assert pending(found) == ["V1__a.sql", "V2__b.sql", "V10__c.sql", "R__v.sql"]
    assert not found.problems


def test_what_is_applied_is_not_pending() -> None:
    """With equal checksums nothing is to do."""
    rows = [row(1, "1", "a", "select 1;"), row(2, "2", "b", "select 2;\r\n")]
    found = resolved(flyway(THREE), rows)
    assert pending(found) == ["V10__c.sql"]
    assert not found.problems
    assert [entry.state for entry in found.states] == [State.SUCCESS, State.SUCCESS, State.PENDING]


def test_a_version_is_known_however_it_is_written() -> None:
    """1, 1.0 and 001 are one version."""
    assert not pending(resolved(plain({"001_a.sql": ""}), [row(1, "1.0", "a")]))


def test_a_late_lower_version_is_refused_before_it_is_passed_over() -> None:
    """Against this very database's history: on another one it may be in order."""
    rows = [row(1, "1", "a", "select 1;"), row(2, "10", "c", "select 10;")]
    found = resolved(flyway(THREE), rows)
    assert pending(found) == []
    (problem,) = found.problems
    assert (problem.code, problem.stops, str(problem.place)) == ("late-migration", True, "db/V2__b.sql")
    assert "version 2 is below 10" in problem.message and "outOfOrder" in problem.hint
    assert pending(resolved(flyway(THREE), rows[:1])) == ["V2__b.sql", "V10__c.sql"]


def test_out_of_order_applies_late_ones() -> None:
    """And the row then says so."""
    files = flyway(THREE, outOfOrder=True)
    rows = [row(1, "1", "a", "select 1;"), row(2, "10", "c", "select 10;")]
    assert pending(resolved(files, rows)) == ["V2__b.sql"]
    assert resolved(files, [*rows, row(3, "2", "b", "select 2;")]).states[2].state is State.OUT_OF_ORDER


def test_ignored_late_files_stay_ignored() -> None:
    """`*:ignored`: as Flyway, without an error, and never applied."""
    found = resolved(flyway(THREE, ignorePatterns=["*:ignored"]), [row(1, "10", "c", "select 10;")])
    assert pending(found) == [] and not found.problems
    assert states(found)["V2__b.sql"] is State.IGNORED


def test_an_edited_migration_is_found_with_its_file() -> None:
    """It was applied with another text."""
    (problem,) = resolved(flyway(THREE), [row(1, "1", "a", "select 0;")]).problems
    assert (problem.code, problem.stops, str(problem.place)) == ("checksum-mismatch", True, "db/V1__a.sql")
    assert "it was edited after it was applied" in problem.message and "78787420" not in problem.message


@pytest.mark.parametrize(
    ("content", "checksum", "cause"),
    [
        (b"abc\ndef", 0, "edited"),
        (b"select 1;\n", signed(crc32(b"select 1;\n")), "Flyway 3"),
        (b"select '${who}';\n", 171792146, "after placeholders were replaced"),
    ],
)
def test_the_cause_of_a_mismatch_is_named_where_it_can_be_told(content: bytes, checksum: int, cause: str) -> None:
    """A checksum of another release, of the replaced text: the file did not change, and repair is safe."""
    files = flyway({"V1__a.sql": content}, {"who": "me"})
    (problem,) = resolved(files, [row(1, "1", "a", checksum=checksum)]).problems
    assert cause in problem.message
    assert ("Nothing of what it does has changed" in problem.message) is (cause != "edited")


def test_windows_line_ends_of_flyway_3_are_named() -> None:
    """The bytes had CRLF when it was applied; Git made them LF."""
    stored = signed(crc32(b"select 1;\r\nselect 2;\r\n"))
    files = flyway({"V1__a.sql": "select 1;\nselect 2;\n"})
    (problem,) = resolved(files, [row(1, "1", "a", checksum=stored)]).problems
    assert "Windows line ends" in problem.message


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"type": "JDBC"}, "type-mismatch"), ({"description": "other"}, "description-mismatch")],
)
def test_type_and_description_count_too(fields: dict[str, Any], code: str) -> None:
    """As in Flyway's validate."""
    applied = row(1, "1", "a", "select 1;", **{"type": "SQL"} | {k: v for k, v in fields.items() if k == "type"})
    if "description" in fields:
        applied = row(1, "1", fields["description"], "select 1;")
    assert codes(resolved(flyway({"V1__a.sql": "select 1;"}), [applied])) == [(code, True)]


def test_below_the_baseline_nothing_is_compared() -> None:
    """Nobody ran these files there; above it everything counts."""
    rows = [row(1, "2", "<< Flyway Baseline >>", type="BASELINE", checksum=None)]
    found = resolved(flyway(THREE), rows)
    assert states(found)["V1__a.sql"] is State.BELOW_BASELINE
    assert states(found)["V2__b.sql"] is State.BASELINE_IGNORED
    assert pending(found) == ["V10__c.sql"] and not found.problems


def test_missing_and_future_rows() -> None:
    """Lower than a file: missing, which stops. Higher than all: future, which is ignored unless somebody says else."""
    rows = [row(1, "1", "a"), row(2, "2", "b", "select 2;"), row(3, "3", "c")]
    files = {"V2__b.sql": "select 2;"}
    found = resolved(flyway(files), rows)
    assert [entry.state for entry in found.states] == [State.MISSING, State.SUCCESS, State.FUTURE]
    assert codes(found) == [("missing-migration", True)]
    assert "V1__a.sql" in found.problems[0].message and "2026-03-01" in found.problems[0].message
    assert codes(resolved(flyway(files, ignorePatterns=["versioned:missing"]), rows)) == [("missing-migration", True)]
    assert codes(resolved(flyway(files, ignorePatterns=["versioned:missing", "*:future"]), rows)) == []


def test_a_failed_row_stops_whatever_else_is_said() -> None:
    """Part of it may be in the database."""
    files = flyway({"V1__a.sql": "select 1;", "flyway.conf": "flyway.validateOnMigrate=false\n"})
    found = resolved(files, [row(1, "1", "a", "select 1;", success=False)])
    assert codes(found) == [("failed-migration", True)]
    assert pending(found) == [] and found.states[0].state is State.FAILED


def test_without_validation_problems_are_told_and_do_not_stop() -> None:
    """`validateOnMigrate=false`, as Flyway."""
    files = flyway({**THREE, "flyway.conf": "flyway.validateOnMigrate=false\n"})
    found = resolved(files, [row(1, "1", "a", "select 0;"), row(2, "3", "gone")])
    assert codes(found) == [("checksum-mismatch", False), ("missing-migration", False), ("late-migration", False)]


def test_repeatables_run_again_when_they_changed() -> None:
    """The newest row counts; an old one is superseded, a different one outdated."""
    files = flyway({"R__v.sql": "new"})
    again = [row(1, None, "v", "old"), row(2, None, "v", "new")]
    found = resolved(files, again)
    assert [entry.state for entry in found.states] == [State.SUPERSEDED, State.SUCCESS] and not found.pending
    back = resolved(files, [row(1, None, "v", "new"), row(2, None, "v", "old")])
    assert [entry.state for entry in back.states] == [State.SUPERSEDED, State.OUTDATED, State.PENDING]
    assert pending(back) == ["R__v.sql"] and not back.problems


def test_a_repeatable_with_placeholders_is_unchanged_by_either_checksum() -> None:
    """The filled one and the raw one."""
    text = "select '${who}';"
    files = flyway({"R__v.sql": text}, {"who": "me"})
    for applied in (text, "select 'me';"):
        assert not resolved(files, [row(1, None, "v", applied)]).pending
    assert resolved(files, [row(1, None, "v", "select 'you';")]).pending


def test_baseline_files_stand_for_all_before_on_an_empty_database_only() -> None:
    """The newest B runs, lower versions are skipped; where migrations ran it is passed over."""
    files = flyway({**THREE, "B1__old.sql": "", "B2__all.sql": ""})
    found = resolved(files)
    assert pending(found) == ["B2__all.sql", "V10__c.sql"]
    assert states(found) == {
        "B1__old.sql": State.BELOW_BASELINE,
        "V1__a.sql": State.BELOW_BASELINE,
        "B2__all.sql": State.PENDING,
        "V2__b.sql": State.BASELINE_IGNORED,
        "V10__c.sql": State.PENDING,
    }
    ran = [row(1, "2", "all", type="SQL_BASELINE", script="B2__all.sql"), row(2, "10", "c", "select 10;")]
    assert not resolved(files, ran).pending and not resolved(files, ran).problems
    others = resolved(files, [row(1, "1", "a", "select 1;")])
    assert pending(others) == ["V2__b.sql", "V10__c.sql"] and not others.problems


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("2", ["V2__b.sql"]),
        ("latest", ["V2__b.sql", "V10__c.sql"]),
        ("next", ["V2__b.sql"]),
        ("current", []),
        ("5?", ["V2__b.sql"]),
    ],
)
def test_a_target_limits_what_is_pending(target: str, expected: list[str]) -> None:
    """A version, or Flyway's words."""
    found = resolved(flyway(THREE, target=target), [row(1, "1", "a", "select 1;")])
    assert pending(found) == expected and not found.problems


def test_a_target_that_is_not_there_stops() -> None:
    """A typing error must not apply less than was meant."""
    assert codes(resolved(flyway(THREE, target="5"))) == [("bad-target", True)]
    with pytest.raises(Invalid, match="`soon` is no version"):
        flyway(THREE, target="soon")


def test_rows_of_java_are_applied_and_opaque() -> None:
    """Nothing can be said of what they hold; they count as versions."""
    found = resolved(flyway(THREE), [row(1, "3", "java", type="JDBC", script="db.V3__java", checksum=None)])
    assert found.states[0].state is State.SUCCESS
    assert pending(found) == ["V10__c.sql"]
    assert codes(found) == [("late-migration", True)] * 2


def test_rows_that_were_taken_back() -> None:
    """An undo or a DELETE row takes the newest row of its version; the file is pending again."""
    for taken in ("UNDO_SQL", "DELETE"):
        rows = [row(1, "1", "a", "select 1;"), row(2, "2", "b", "select 2;"), row(3, "2", "b", type=taken)]
        found = resolved(flyway(THREE), rows)
        assert found.states[1].state is (State.UNDONE if taken == "UNDO_SQL" else State.DELETED)
        assert pending(found) == ["V2__b.sql", "V10__c.sql"]
        again = resolved(flyway(THREE), [*rows, row(4, "2", "b", "select 2;")])
        assert pending(again) == ["V10__c.sql"]


@pytest.mark.parametrize("odd", ["UNDO_SQL", "STATE_SCRIPT"])
def test_a_row_type_that_the_open_edition_does_not_know_is_told(odd: str) -> None:
    """Whoever wants to go back to it should know."""
    rows = [row(1, "1", "a", "select 1;"), row(2, "1", "a", type=odd)]
    assert ("row-type", False) in codes(resolved(flyway(THREE), rows))


def test_a_schema_row_is_no_migration() -> None:
    """Rank 0: Flyway created the schema."""
    schema = row(0, None, "<< Flyway Schema Creation >>", type="SCHEMA", script='"app"', checksum=None)
    found = resolved(flyway(THREE), [schema])
    assert len(found.pending) == 3 and found.states[0].state is State.SUCCESS
    assert resources_of([schema]) == {}


def test_a_script_that_is_not_meant_for_this_database_is_passed_over() -> None:
    """`shouldExecute=false`: neither run nor a problem."""
    found = resolved(flyway({"V1__a.sql": "", "V1__a.sql.conf": "shouldExecute=false\n"}, {}))
    assert not found.pending and not found.problems
    assert found.states[0].state is State.IGNORED


def test_rollbacks_are_available_when_their_version_is_applied() -> None:
    """Never pending."""
    files = flyway({"V1__a.sql": "", "U1__a.sql": "", "V2__b.sql": "", "U2__b.sql": ""})
    found = resolved(files, [row(1, "1", "a")])
    assert pending(found) == ["V2__b.sql"]
    assert (states(found)["U1__a.sql"], states(found)["U2__b.sql"]) == (State.AVAILABLE, State.UNAVAILABLE)


def test_long_descriptions_are_compared_as_they_are_stored() -> None:
    """At most 200 characters."""
    long = "x" * 250
    assert not resolved(flyway({f"V1__{long}.sql": ""}), [row(1, "1", f"{'x' * 197}...")]).problems


def test_the_history_as_resources() -> None:
    """Once applied, a migration's resource is what the plan wanted."""
    (file,) = flyway({"V1_0__a_b.sql": "select 1;"}).files
    applied = row(1, "1.0", "a b", "select 1;", script="V1_0__a_b.sql")
    ((address, resource),) = resources_of([applied]).items()
    assert address == file.address == "migration.1"
    assert resource.values == wanted(file)
    assert resource.kind == "migration"


names = st.sampled_from(["1", "2", "3", "1.1", "4"])


@given(
    st.sets(names),
    st.sets(st.sampled_from(["a", "b"])),
    st.sets(names, max_size=1),
    st.lists(
        st.tuples(
            names, st.sampled_from(["SQL", "DELETE", "UNDO_SQL", "BASELINE", "JDBC", "SQL_BASELINE"]), st.booleans()
        )
    ),
    st.booleans(),
)
def test_a_file_is_never_both_applied_and_passed_over(
    versions: set[str],
    repeatables: set[str],
    baselines: set[str],
    history: list[tuple[str, str, bool]],
    out_of_order: bool,
) -> None:
    """Whatever the history: every file that can run is told exactly once, pending or as something else; what is
    pending has no live row of its version, and comes in ascending order."""
    contents = {f"V{each}__x.sql": "" for each in versions} | {f"R__{each}.sql": "" for each in repeatables}
    contents |= {f"B{each}__x.sql": "" for each in baselines} | {"notes.txt": ""}
    files = flyway(contents, outOfOrder=out_of_order)
    rows = [row(rank, version, "x", type=type, success=ok) for rank, (version, type, ok) in enumerate(history, 1)]
    found = resolved(files, rows)
    pending_paths = [each.path for each in found.pending]
    told = [entry for entry in found.states if entry.migration is not None and entry.row is None]
    assert len({entry.migration.path for entry in told if entry.migration}) == len(told)
    assert pending_paths == [e.migration.path for e in told if e.migration and e.state is State.PENDING]
    live = resources_of(rows)
    for each in found.pending:
        assert each.address not in live
    parts = [each.version.parts for each in found.pending if each.version]
    assert parts == sorted(parts)
    assert {entry.row.rank for entry in found.states if entry.row} == {each.rank for each in rows}
    assert {entry.migration.path for entry in found.states if entry.migration} == {each.path for each in files.files}
