"""Who may break the glass, for how long, with whom; and what waits meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.break_glass.glass import DEV, PROD, Glass, named
from trueup.engine.break_glass import Wanted
from trueup.model.break_glass import Because, BreakGlassState
from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity
from trueup.model.run import Run, RunId, RunKind, RunState

NET = "infra//environments/prod/networking"


def test_it_opens_at_once_is_announced_and_holds_its_stack(glass: Glass) -> None:
    """An hour unless somebody says otherwise; only its own stack waits; closing ends it."""
    made = glass.open(ticket="INC-4711")
    assert made.state is BreakGlassState.OPEN and made.until == glass.clock.now() + timedelta(hours=1)
    assert glass.waits(DEV) == made.id and glass.waits(PROD) is None
    (entry,) = glass.told()
    assert entry.draft.kind == "break-glass.opened" and entry.draft.actor == "anna"
    assert (entry.draft.reason, entry.draft.ticket, entry.draft.name) == ("checkout is down", "INC-4711", DEV)
    assert entry.draft.details["names"] == [DEV] and entry.draft.stack == glass.bench.stack(DEV).id
    closed = glass.glasses.close(made.id, named("ben"))
    assert closed.state is BreakGlassState.CLOSED and closed.ended_by == "ben"
    assert glass.waits(DEV) == made.id, "until the stack was looked at"
    with pytest.raises(Refused, match="is closed"):
        glass.glasses.close(made.id, named("ben"))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"reason": " "}, Invalid, "needs a reason"),
        ({"environment": "prod", "stack": "stk-1"}, Invalid, "one stack or of one environment"),
        ({"environment": "moon"}, Invalid, "no stack is in the environment moon"),
        ({"stack": "stk-none"}, Invalid, "there is no stack"),
        ({"ttl": timedelta(hours=5)}, Refused, "longer than dev allows: 4h"),
        ({"ttl": timedelta(0)}, Invalid, "lasts for a while"),
        ({"second": "anna@acme.com"}, Invalid, "the second person is another one"),
        ({"environment": "prod", "ttl": timedelta(hours=3), "stack": None}, Refused, "longer than prod allows: 2h"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    glass: Glass, changes: dict[str, object], error: type[Exception], words: str
) -> None:
    """Nothing is stored, nothing waits."""
    with pytest.raises(error, match=words):
        glass.open(**changes)
    assert glass.told() == [] and glass.waits() is None


def test_a_machine_cannot_break_the_glass(glass: Glass) -> None:
    """Somebody has to stand for it."""
    wanted = Wanted(Because.OUTAGE, "down", glass.bench.stack(DEV).id)
    with pytest.raises(Refused, match="needs a person's name"):
        glass.glasses.open(wanted, Identity("os", "root"))


def test_a_second_person_opens_it_and_one_person_is_never_two(glass: Glass) -> None:
    """Requested until another one confirms, whatever name the first one comes under."""
    made = glass.open(name=PROD, second="ben")
    assert made.state is BreakGlassState.REQUESTED and glass.waits(PROD) is None
    for same in (named("anna"), Identity("email", "anna@acme.com"), named("anna@acme.com"), Identity("aws", "x:anna")):
        with pytest.raises(Refused, match="cannot be its second person"):
            glass.glasses.confirm(made.id, same)
    glass.later(minutes=10)
    opened = glass.glasses.confirm(made.id, named("carla"))
    assert opened.state is BreakGlassState.OPEN and opened.second == "carla"
    assert opened.until == glass.clock.now() + timedelta(minutes=45), "from now, as the environment says"
    assert glass.waits(PROD) == made.id
    assert glass.kinds() == ["requested", "opened"]
    with pytest.raises(Refused, match="waits for nobody"):
        glass.glasses.confirm(made.id, named("ben"))


@pytest.mark.parametrize("because", [Because.SECURITY, Because.DOWN])
def test_what_cannot_wait_opens_at_once_and_owes_its_second_person(glass: Glass, because: Because) -> None:
    """Owed until somebody else confirms, also after it was closed."""
    made = glass.open(name=PROD, because=because)
    assert made.state is BreakGlassState.OPEN and made.owes_second
    glass.glasses.close(made.id, named("anna"))
    glass.looked(PROD)
    glass.round()
    assert glass.again(made).state is BreakGlassState.CLOSED, "nothing to write, and still one person short"
    glass.glasses.confirm(made.id, named("ben"))
    glass.round()
    assert glass.again(made).state is BreakGlassState.FOLLOWED
    assert glass.kinds() == ["opened", "closed", "confirmed", "followed"]


def test_a_request_that_nobody_confirms_lapses_and_one_can_be_withdrawn(glass: Glass) -> None:
    """After an hour; nothing was ever paused, and nothing can open it again."""
    one = glass.open(name=PROD)
    glass.later(minutes=59)
    assert glass.again(one).state is BreakGlassState.REQUESTED
    glass.later(minutes=2)
    assert glass.again(one).state is BreakGlassState.LAPSED
    with pytest.raises(Refused, match="waits for nobody"):
        glass.glasses.confirm(one.id, named("ben"))
    two = glass.open(name=PROD)
    assert glass.glasses.close(two.id, named("anna"), "it works again").state is BreakGlassState.WITHDRAWN
    assert glass.kinds() == ["requested", "lapsed", "requested", "withdrawn"]


def test_it_is_extended_once_by_a_person_with_a_reason(glass: Glass) -> None:
    """From now on, never shorter than before, and never again."""
    made = glass.open()
    glass.later(minutes=50)
    with pytest.raises(Invalid, match="needs a reason"):
        glass.glasses.extend(made.id, named("anna"), "")
    with pytest.raises(Refused, match="longer than dev allows"):
        glass.glasses.extend(made.id, named("anna"), "still", timedelta(hours=9))
    extended = glass.glasses.extend(made.id, named("ben"), "the replica catches up", timedelta(minutes=30))
    assert extended.until == glass.clock.now() + timedelta(minutes=30)
    assert extended.extension is not None and extended.extension.person == "ben"
    with pytest.raises(Refused, match="extended already, by ben"):
        glass.glasses.extend(made.id, named("carla"), "once more")
    glass.later(minutes=29)
    assert glass.again(made).state is BreakGlassState.OPEN
    glass.later(minutes=1)
    assert glass.again(made).state is BreakGlassState.EXPIRED
    with pytest.raises(Refused, match="nothing to extend"):
        glass.glasses.extend(made.id, named("carla"), "too late")


def test_where_two_people_are_asked_for_the_other_one_extends(glass: Glass) -> None:
    """Whoever works under it cannot give themselves more time."""
    made = glass.glasses.confirm(glass.open(name=PROD).id, named("ben"))
    with pytest.raises(Refused, match="another one than anna extends it"):
        glass.glasses.extend(made.id, named("anna"), "still at it")
    assert glass.glasses.extend(made.id, named("ben"), "still at it").extension is not None


def test_a_clock_that_jumps_never_leaves_it_open_for_longer(glass: Glass) -> None:
    """Forwards it is over; backwards it has as much as was granted, once and not again with each round."""
    made = glass.open()
    glass.later(days=-2)
    first = glass.again(made)
    assert first.until == glass.clock.now() + timedelta(hours=1)
    glass.later(minutes=59)
    assert glass.again(made).state is BreakGlassState.OPEN and glass.again(made).until == first.until
    glass.later(minutes=1)
    assert glass.again(made).state is BreakGlassState.EXPIRED
    other = glass.open(by="ben")
    glass.later(days=400)
    assert glass.again(other).state is BreakGlassState.EXPIRED


def test_a_whole_environment_takes_in_what_is_declared_later(glass: Glass) -> None:
    """A stack that is new, or renamed, or moves away while it is open: each waits."""
    made = glass.open(environment="prod", because=Because.SECURITY)
    assert made.whole and set(made.stacks) == set(glass.stacks(PROD, NET))
    dev = glass.bench.stack(DEV)
    assert glass.waits(DEV) is None
    glass.bench.put_stack(dev, environment="prod", name="infra//environments/prod/shop")
    assert glass.waits("infra//environments/prod/shop") == made.id, "at once, before any round"
    glass.round()
    assert dev.id in glass.again(made).stacks
    glass.bench.put_stack(glass.bench.stack(PROD), environment="dev", name="infra//renamed")
    assert glass.waits("infra//renamed") == made.id, "somebody may have worked on it"


def test_overlapping_ones_hold_until_the_last_is_done(glass: Glass) -> None:
    """Two people, two scopes; the same person twice for the same is told which one to use."""
    one = glass.open()
    with pytest.raises(Refused, match=f"anna has {one.id} for it already"):
        glass.open()
    two = glass.open(by="ben", environment="dev")
    glass.glasses.close(one.id, named("anna"))
    glass.looked()
    glass.round()
    assert glass.again(one).state is BreakGlassState.FOLLOWED
    assert glass.waits() == two.id
    glass.glasses.close(two.id, named("ben"))
    glass.looked()
    glass.round()
    assert glass.waits() is None


def test_what_is_under_way_is_named_and_not_stopped(glass: Glass) -> None:
    """An apply that began before goes to its end; the announcement says which."""
    now, stack = glass.clock.now(), glass.bench.stack(DEV).id
    id, head = RunId("run-0000000001"), glass.bench.control.head()
    glass.bench.put_run(Run(id, stack, RunKind.DELIVERY, RunState.APPLYING, head, now, now, "ben"))
    glass.open()
    assert glass.told()[0].draft.details["under_way"] == [id]


def test_one_is_written_down_afterwards_because_trueup_was_down(glass: Glass) -> None:
    """Marked as such; only for that reason, only for a time that is over, and its second person is owed."""
    now = glass.clock.now()
    began, ended = now - timedelta(hours=3), now - timedelta(hours=2)
    down = Wanted(Because.DOWN, "nothing answered", glass.bench.stack(PROD).id)
    made = glass.glasses.record(down, named("anna"), began, ended)
    assert (made.state, made.retroactive, made.opened_at, made.ended_at) == (
        BreakGlassState.CLOSED,
        True,
        began,
        ended,
    )
    assert made.owes_second and made.since == now
    (entry,) = glass.told()
    assert entry.draft.details["retroactive"] is True and "written down afterwards" in entry.draft.summary
    for wrong, first, last, words in (
        (replace(down, because=Because.OUTAGE), began, ended, "only what was done while Trueup was down"),
        (down, now - timedelta(days=8), ended, "more than 7d ago"),
    ):
        with pytest.raises(Refused, match=words):
            glass.glasses.record(wrong, named("anna"), first, last)
    for first, last in ((ended, began), (began, now + timedelta(minutes=1)), (began, began)):
        with pytest.raises(Invalid, match="must have begun before it ended"):
            glass.glasses.record(down, named("anna"), first, last)
