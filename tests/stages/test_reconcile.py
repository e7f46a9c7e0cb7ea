"""Every step of a live system's counter is explained by an entry, or it is said that somebody wrote in between."""

from datetime import timedelta

from tests.stages.made import NOW
from trueup.model.ledger import Draft, Entry
from trueup.stages.reconcile import live_steps


def entry(seq: int, kind: str, live: int | None, before: int | None = None, stack: str = "a", run: str = "") -> Entry:
    details = {"live": {"serial": str(live)} if live is not None else {}}
    details |= {"live_before": {"serial": str(before)}} if before is not None else {}
    return Entry(
        seq, NOW + timedelta(minutes=seq), Draft(kind, "x", "", stack, f"r//{stack}", run=run, details=details), ""
    )


def steps(*entries: Entry) -> list[tuple[str, object, object, str]]:
    return [(each.stack, each.before.get("serial"), each.after.get("serial"), each.by) for each in live_steps(entries)]


def test_runs_and_foreign_applies_explain_their_steps() -> None:
    """Adopted, delivered, applied beside us and seen by a check, delivered again: nothing is left open."""
    told = [
        entry(0, "stack.adopted", 3),
        entry(1, "run.finished", 4, 3, run="run-1"),
        entry(2, "foreign.unexplained", 6),
        entry(3, "run.finished", 7, 6, run="run-2"),
    ]
    assert steps(*told) == [
        ("r//a", None, "3", "stack.adopted"),
        ("r//a", "3", "4", "run-1"),
        ("r//a", "4", "6", "foreign.unexplained"),
        ("r//a", "6", "7", "run-2"),
    ]


def test_a_write_that_no_check_saw_is_a_gap() -> None:
    """The run began at another serial than the entry before it left."""
    told = [entry(0, "stack.adopted", 3), entry(1, "run.finished", 6, 5, run="run-1")]
    assert steps(*told)[1:] == [("r//a", "3", "5", ""), ("r//a", "5", "6", "run-1")]
    assert [each.explained for each in live_steps(told)] == [True, False, True]


def test_stacks_have_their_own_counters_and_nothing_is_no_step() -> None:
    """Entries of other stacks mean nothing; neither does an apply that wrote nothing."""
    told = [
        entry(0, "stack.adopted", 3),
        entry(1, "stack.adopted", 9, stack="b"),
        entry(2, "run.finished", 3, 3, run="run-1"),
        entry(3, "run.approved", None),
    ]
    assert [each[0] for each in steps(*told)] == ["r//a", "r//b"]
