"""After the glass was broken: everything found is in a change request within the hour, or somebody hears of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.break_glass.glass import DEV, PROD, Glass, Lost, named
from trueup.engine.break_glass import Wanted
from trueup.model.break_glass import Because, BreakGlass, BreakGlassState
from trueup.model.drift import CheckState, DriftState, Origin
from trueup.model.errors import Refused, Unavailable
from trueup.model.request import RequestState

FOLLOWED, CLOSED = BreakGlassState.FOLLOWED, BreakGlassState.CLOSED


def closed(glass: Glass, **changes: object) -> BreakGlass:
    made = glass.open(**changes)
    glass.later(minutes=5)
    return glass.glasses.close(made.id, named("anna"))


def test_at_its_end_the_stack_is_looked_at_and_what_is_found_is_written_into_code(glass: Glass) -> None:
    """The check is due at once; then one change request, by whoever worked under it; then nothing is owed."""
    glass.clock.advance(3600)
    glass.looked(state=CheckState.CLEAN)
    made = glass.open(ttl=timedelta(minutes=10))
    glass.later(minutes=11)
    assert glass.again(made).state is BreakGlassState.EXPIRED
    glass.round()
    check = glass.check()
    assert check.state is CheckState.DUE and check.due_at <= glass.clock.now() and made.id in check.reason
    drift = glass.drifted()
    glass.looked()
    assert glass.waits() == made.id, "the round has not seen the check yet"
    glass.round()
    done = glass.again(made)
    (written,) = done.written
    assert written.proven and written.drifts == (drift.id,) and glass.waits() is None
    assert glass.drift(drift.id).state is DriftState.CODIFYING
    forge = glass.scribe.forges("infra")
    assert forge is not None and str(forge.get(written.request).author) == "anna"
    glass.round()
    assert glass.again(made).state is FOLLOWED
    assert glass.kinds() == ["opened", "expired", "followed"]
    assert glass.told()[-1].draft.details["requests"] == [written.request]
    glass.round()
    assert len(glass.scribe.asked) == 1, "a round more changes nothing"


def test_a_check_that_began_before_the_end_does_not_count(glass: Glass) -> None:
    """It may have missed the last thing that was done."""
    made = glass.open()
    glass.looked()
    glass.later(minutes=1)
    glass.glasses.close(made.id, named("anna"))
    glass.round()
    assert glass.again(made).state is CLOSED and glass.again(made).looked == ()
    glass.looked(state=CheckState.INVALIDATED, error="moved")
    glass.round()
    assert glass.again(made).looked == ()
    glass.looked(state=CheckState.CLEAN)
    glass.round()
    assert glass.again(made).state is FOLLOWED


def test_only_what_came_to_be_under_it_is_written(glass: Glass) -> None:
    """Older drift is left to its own people, unless it changed; somebody else's session is somebody else's."""
    old, changed = glass.drifted(1), glass.drifted(2)
    glass.clock.advance(60)
    other = glass.open(by="ben", environment="dev")
    made = glass.open()
    glass.later(minutes=2)
    at = glass.clock.now()
    mine = glass.drifted(3, origin=Origin("anna", at, "e1", break_glass=made.id))
    bens = glass.drifted(4, origin=Origin("ben", at, "e2", break_glass=other.id))
    unknown = glass.drifted(5)
    before = glass.drifted(6, origin=Origin("carla", at - timedelta(hours=5), "e3"))
    elsewhere = glass.drifted(7, name=PROD)
    glass.bench.put_drift(replace(changed, fingerprint="another"))
    glass.glasses.close(made.id, named("anna"))
    glass.looked()
    glass.round()
    (asked,) = glass.scribe.asked
    assert set(asked) == {mine.id, unknown.id, changed.id}
    assert {old.id, bens.id, before.id, elsewhere.id}.isdisjoint(asked)
    glass.glasses.close(other.id, named("ben"))
    glass.looked()
    glass.round()
    assert glass.scribe.asked[1] == [bens.id]


def test_no_automatic_response_may_undo_what_is_not_decided_yet(glass: Glass) -> None:
    """Also after the stack was looked at, as long as nobody decided."""
    glass.scribe.proven = False
    made = closed(glass)
    drift = glass.drifted(not_before=made.opened_at)
    glass.looked()
    glass.round()
    with glass.bench.installation.store.transaction() as tx:
        found = glass.glasses.made_under(tx, drift)
    assert found is not None and found.id == made.id and glass.waits() is None
    glass.decide(drift.id, DriftState.TOLERATED)
    glass.round()
    with glass.bench.installation.store.transaction() as tx:
        assert glass.glasses.made_under(tx, drift) is None


def test_a_draft_leaves_it_undecided_and_is_escalated_once_an_hour(glass: Glass) -> None:
    """Up to a limit; each time it is said what is owed. A decision ends it."""
    glass.scribe.proven = False
    made = closed(glass)
    drift = glass.drifted(not_before=made.opened_at)
    glass.looked()
    glass.round()
    (written,) = glass.again(made).written
    assert not written.proven
    glass.later(minutes=58)
    assert glass.again(made).escalations == 0
    glass.later(minutes=3)
    glass.later(minutes=30)
    assert glass.kinds().count("escalated") == 1
    entry = glass.told("break-glass.escalated")[0].draft
    assert drift.id in entry.details["owed"][0] and "is a draft that a person has to finish" in entry.details["owed"][0]
    for _ in range(40):
        glass.later(minutes=61)
    assert glass.kinds().count("escalated") == 24
    assert len(glass.scribe.asked) == 1, "one draft is enough"
    glass.decide(drift.id, DriftState.TOLERATED)
    glass.round()
    assert glass.again(made).state is FOLLOWED


def test_where_no_change_request_can_be_made_it_says_why_and_tries_again(glass: Glass) -> None:
    """In mode observe nothing can be proposed: that is said, escalated, and tried once more with each escalation."""
    glass.scribe.error = Refused(f"{DEV} is in mode observe")
    made = closed(glass)
    glass.drifted(not_before=made.opened_at)
    glass.looked()
    glass.round()
    glass.round()
    assert len(glass.scribe.asked) == 1
    glass.scribe.error = None
    glass.later(minutes=61)
    entry = glass.told("break-glass.escalated")[0].draft
    assert "no change request: " in entry.summary and "is in mode observe" in entry.summary
    glass.round()
    assert glass.again(made).state is FOLLOWED and len(glass.again(made).written) == 1


def test_a_stack_that_cannot_be_looked_at_is_escalated_and_holds_nobody_any_longer(glass: Glass) -> None:
    """A check that fails is tried again by itself; after the hour deliveries go on, and the guard is theirs."""
    made = closed(glass)
    glass.round()
    glass.looked(state=CheckState.FAILED, error="the cloud does not answer")
    due = glass.check().due_at
    glass.round()
    assert glass.check().due_at == due, "not hurried: it comes again in a minute"
    assert glass.waits() == made.id
    glass.later(minutes=61)
    assert "was not looked at since it ended: the cloud does not answer" in glass.told()[-1].draft.summary
    assert glass.waits() is None
    glass.looked(state=CheckState.CLEAN)
    glass.round()
    assert glass.again(made).state is FOLLOWED


@pytest.mark.parametrize("dies", ["unrecorded", "recorded"])
@pytest.mark.parametrize("proven", [True, False])
def test_a_worker_that_dies_leaves_one_change_request_in_the_end(glass: Glass, dies: str, proven: bool) -> None:
    """Between opening it and saying so, or between saying so and the row: the next one goes on from what is there."""
    made = closed(glass)
    drift = glass.drifted(not_before=made.opened_at)
    glass.looked()
    glass.scribe.dies, glass.scribe.proven = dies, proven
    with pytest.raises(Lost):
        glass.round()
    glass.scribe.dies = ""
    for _ in range(3):
        glass.round()
    forge = glass.scribe.forges("infra")
    assert forge is not None
    assert len(forge.list(RequestState.OPEN)) == 1, "no second one, and no orphan"
    state = glass.drift(drift.id).state
    assert state is (DriftState.CODIFYING if proven else DriftState.OPEN)
    assert glass.again(made).state is (FOLLOWED if proven else CLOSED)
    assert len(glass.scribe.asked) == (1 if dies == "recorded" else 2)


def test_no_answer_is_tried_again_without_a_word(glass: Glass) -> None:
    """The forge is away: the row stays as it was, and the next worker tries."""
    made = closed(glass)
    glass.drifted(not_before=made.opened_at)
    glass.looked()
    glass.scribe.error = Unavailable("the forge does not answer")
    with pytest.raises(Unavailable):
        glass.round()
    assert glass.again(made).obstacles == {}
    glass.scribe.error = None
    glass.round()
    glass.round()
    assert glass.again(made).state is FOLLOWED


def test_what_was_done_while_trueup_was_down_is_followed_up_too(glass: Glass) -> None:
    """Drift that the first check afterwards found belongs to it; what was there before or came later does not."""
    now = glass.clock.now()
    early = glass.drifted(1, first_seen=now - timedelta(hours=5))
    night = glass.drifted(2, not_before=now - timedelta(hours=4))
    late = glass.drifted(3, not_before=now - timedelta(minutes=30))
    wanted = Wanted(Because.DOWN, "nothing answered", glass.bench.stack(DEV).id)
    made = glass.glasses.record(wanted, named("anna"), now - timedelta(hours=3), now - timedelta(hours=2))
    glass.round()
    assert glass.check().state is CheckState.DUE
    glass.looked()
    glass.round()
    glass.round()
    assert glass.scribe.asked == [[night.id]]
    assert {early.id, late.id}.isdisjoint(glass.scribe.asked[0])
    assert glass.again(made).state is FOLLOWED
