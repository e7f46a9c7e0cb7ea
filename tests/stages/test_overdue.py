"""Deadlines of drift: reminders, escalation, the breach; and clocks that jump."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.stages.test_announce import DRIFT
from trueup.model.drift import Drift, DriftState
from trueup.model.stack import Escalation
from trueup.stages.overdue import WAITING, Due, looked

DEADLINE = timedelta(hours=48)
OPEN = replace(DRIFT, deadline=DRIFT.first_seen + DEADLINE)


def after(drift: Drift, hours: float, escalation: Escalation | None = None) -> tuple[Drift, tuple[Due, ...]]:
    return looked(drift, escalation, drift.first_seen + timedelta(hours=hours))


def test_reminders_at_half_and_at_nine_tenths_then_the_breach() -> None:
    """Each once, in this order."""
    drift, said = OPEN, []
    for hours in (0, 23.9, 24, 25, 43, 43.2, 44, 47.9, 48, 49, 100):
        drift, told = after(drift, hours)
        said += [(hours, each) for each in told]
    assert said == [(24, Due.REMINDER), (43.2, Due.REMINDER), (48, Due.BREACH)]
    assert drift.breached_at == DRIFT.first_seen + DEADLINE


def test_a_clock_that_jumps_says_one_thing() -> None:
    """Forwards over both reminders: one; over the deadline: the breach alone; backwards: nothing twice."""
    reminded, told = after(OPEN, 45)
    assert told == (Due.REMINDER,)
    assert after(reminded, 24)[1] == after(reminded, -100)[1] == after(reminded, 46)[1] == ()
    breached, told = after(OPEN, 1000)
    assert told == (Due.BREACH,)
    assert after(breached, 24)[1] == after(breached, 2000)[1] == ()


def test_tolerated_and_resolved_drift_misses_no_deadline() -> None:
    """A tolerance has an end of its own; what waits for a merge still breaches."""
    for state in DriftState:
        told = after(replace(OPEN, state=state), 49)[1]
        assert told == ((Due.BREACH,) if state in WAITING else ())
    assert after(replace(OPEN, provisional=True), 49)[1] == (), "nobody has settled that stack yet"
    assert DriftState.CODIFYING in WAITING


def test_the_deadline_counts_from_the_end_of_a_tolerance() -> None:
    """Nobody could have decided earlier."""
    again = replace(OPEN, counting_from=OPEN.first_seen + timedelta(days=14))
    again = replace(again, deadline=again.counts_from + DEADLINE)
    assert after(again, 14 * 24 + 23)[1] == ()
    assert after(again, 14 * 24 + 24)[1] == (Due.REMINDER,)


def test_escalation_by_sightings_or_hours_whichever_comes_first() -> None:
    """Once."""
    rule = Escalation(sightings=5, after=timedelta(hours=10))
    assert after(OPEN, 9, rule)[1] == ()
    assert after(replace(OPEN, sightings=5), 1, rule)[1] == (Due.ESCALATION,)
    escalated, told = after(OPEN, 10, rule)
    assert told == (Due.ESCALATION,) and after(escalated, 11, rule)[1] == ()
    assert after(replace(OPEN, sightings=99), 1)[1] == (), "nobody asked for it"


@given(st.lists(st.floats(-500, 500), max_size=30), st.booleans())
def test_however_the_clock_runs_each_thing_is_said_once(hours: list[float], escalates: bool) -> None:
    """At most two reminders, one escalation, one breach, and no reminder after the breach."""
    drift, said = OPEN, []
    rule = Escalation(after=timedelta(hours=12)) if escalates else None
    for each in hours:
        drift, told = after(drift, each, rule)
        said += list(told)
    assert said.count(Due.BREACH) <= 1 and said.count(Due.ESCALATION) <= escalates and said.count(Due.REMINDER) <= 2
    if Due.BREACH in said:
        assert Due.REMINDER not in said[said.index(Due.BREACH) :]
