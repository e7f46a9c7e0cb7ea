"""The promises that every driver keeps, on its real system."""

import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conformance.subject import Subject
from tests.conformance.workers import FileJournal, apply_and_die, entries_in
from trueup.model.baseline import Baseline
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.errors import Broken, Invalid, Refused, Rejected, Unavailable
from trueup.model.plan import Applied, AttributedChange, Outcome, Plan
from trueup.model.stack import StackId
from trueup.ports.driver import Codifies, Recovers
from trueup.ports.tree import EditedTree, Tree
from trueup.stages.attribute import attribute

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def plan(subject: Subject, tree: Tree) -> Plan:
    with subject.driver.observe(subject.job(tree, "check")) as observation:
        return observation.plan()


def apply(subject: Subject, tree: Tree, journal: Path) -> tuple[Plan, Applied]:
    with subject.driver.open(subject.job(tree, "delivery")) as session:
        planned = session.plan()
        applied = session.apply(planned, FileJournal(journal))
    subject.settled = applied.resources
    return planned, applied


def baseline(planned: Plan, applied: Applied) -> Baseline:
    basis = replace(planned.basis, live=applied.live)
    return Baseline(subject_id(), 1, basis, applied.resources, NOW, "run:1")


def subject_id() -> StackId:
    return StackId("stk-0000000001")


def drift_of(change: AttributedChange) -> Drift:
    return Drift(
        DriftId("dft-0000000001"),
        subject_id(),
        change.address,
        change.kind,
        tuple(each for each in change.differences if each.cause.is_drift),
        "",
        DriftState.OPEN,
        NOW,
        NOW,
    )


def test_a_plan_is_pure(subject: Subject) -> None:
    """Planning writes nothing, and planning again says the same."""
    before = subject.writes()
    one, two = plan(subject, subject.first()), plan(subject, subject.first())
    assert one.changes and one.effect == two.effect and one.basis.digest == two.basis.digest
    assert subject.writes() == before


def test_other_code_is_another_effect(subject: Subject) -> None:
    """An approval for one change does not serve for another."""
    assert plan(subject, subject.first()).effect != plan(subject, subject.second()).effect


def test_a_plan_after_an_apply_is_empty_and_a_second_apply_changes_nothing(subject: Subject, tmp_path: Path) -> None:
    """What was applied is what is real; applying it again is applying it once. A change then reaches the system."""
    _, applied = apply(subject, subject.first(), tmp_path / "1")
    assert applied.complete
    again = plan(subject, subject.first())
    assert again.empty and again.real == applied.resources and again.basis.live == applied.live
    journal = tmp_path / "2"
    _, twice = apply(subject, subject.first(), journal)
    assert twice.complete and twice.resources == applied.resources
    assert [entry.event for entry in entries_in(journal)] == ["begin", "end"]
    planned, changed = apply(subject, subject.second(), tmp_path / "3")
    assert changed.complete and changed.resources != applied.resources
    assert {change.address for change in planned.changes} == set(changed.outcomes)
    assert set(changed.outcomes.values()) == {Outcome.DONE}
    assert plan(subject, subject.second()).empty


@pytest.mark.parametrize("die_at", [1, 2, 3, 4])
def test_a_worker_killed_at_any_entry_is_recovered(subject: Subject, die_at: int, tmp_path: Path) -> None:
    """Nothing is created twice and nothing is guessed: what is uncertain comes with advice, the rest is settled."""
    if not isinstance(subject.driver, Recovers):
        pytest.skip(f"{subject.driver.name} has nothing to recover")
    journal = tmp_path / "journal"
    job = subject.job(subject.first(), "delivery")
    assert apply_and_die(subject.driver, job, journal, die_at) == -signal.SIGKILL
    evidence = subject.driver.recover(job, entries_in(journal))
    assert evidence.gone and evidence.applied is not None
    uncertain = [each for each, outcome in evidence.applied.outcomes.items() if outcome is Outcome.UNCERTAIN]
    assert not uncertain or evidence.advice
    if not uncertain:
        _, applied = apply(subject, subject.first(), tmp_path / "again")
        assert applied.complete and plan(subject, subject.first()).empty
        known = evidence.applied.resources
        assert {each: applied.resources[each].identity for each in known} == {
            each: known[each].identity for each in known
        }


def test_drift_is_found_attributed_codified_and_then_gone(subject: Subject, tmp_path: Path) -> None:
    """A change made by hand shows where it was made, becomes an edit of the code, and with that edit nothing is left
    to do but to take it in."""
    planned, applied = apply(subject, subject.first(), tmp_path / "journal")
    settled = baseline(planned, applied)
    assert not attribute(plan(subject, subject.first()), settled).drifted
    address = subject.drift()
    found = plan(subject, subject.first())
    drifted = attribute(found, settled).drifted
    assert [change.address for change in drifted] == [address]
    if not isinstance(subject.driver, Codifies):
        pytest.skip(f"{subject.driver.name} does not codify")
    job = subject.job(subject.first(), "check")
    codified = subject.driver.codify(job, [drift_of(change) for change in drifted], found)
    assert codified.done == (address,) and not codified.declined
    assert plan(subject, EditedTree(subject.first(), codified.edits)).idle


def test_no_secret_leaves_the_driver(subject: Subject, tmp_path: Path) -> None:
    """Not in a plan, a log line, an outcome or an error."""
    planned, applied = apply(subject, subject.first(), tmp_path / "1")
    said = [replace(planned, artifact=None), applied, replace(plan(subject, subject.first()), artifact=None)]
    said += [_failure(subject, tmp_path)]
    assert subject.canary not in "\n".join([*map(repr, said), *subject.lines])


def test_every_error_is_of_a_known_kind(subject: Subject, tmp_path: Path) -> None:
    """Code that cannot be read is Invalid and has a place; what the live system refuses is said in its words."""
    with pytest.raises(Invalid) as caught:
        job = subject.job(subject.mistaken(), "proposal")
        subject.driver.read(job.tree, job.path, job.spec)
    assert caught.value.place is not None and caught.value.place.line
    assert _failure(subject, tmp_path)


def _failure(subject: Subject, tmp_path: Path) -> str:
    """What the driver says of code that the live system refuses."""
    try:
        _, applied = apply(subject, subject.rejected(), tmp_path / "rejected")
    except (Invalid, Refused, Rejected, Unavailable) as error:
        return str(error)
    assert not applied.complete
    return applied.error


def test_a_plan_of_another_session_is_not_applied(subject: Subject, tmp_path: Path) -> None:
    """Apply always plans again: an old plan is our own bug."""
    with subject.driver.open(subject.job(subject.first(), "delivery")) as session:
        old = session.plan()
    with subject.driver.open(subject.job(subject.first(), "delivery")) as session, pytest.raises(Broken):
        session.apply(old, FileJournal(tmp_path / "journal"))
