"""When a place counts as heard, and a stack as quiet: on a real store, at a clock that is set."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.store.nouns import a_key, a_stack
from trueup.adapters.store.store import SqlStore, open_store
from trueup.drivers.terraform.driver import TerraformDriver
from trueup.engine.listening import Listening, heard_from, places_of
from trueup.model.people import Identity
from trueup.model.plan import Address
from trueup.model.signal import LiveEvent, Subject, Wake
from trueup.settings import EVENTS_SILENCE
from trueup.system.clock import FakeClock

AT = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
STACK = a_stack()
GROUP = Subject("arn:aws:ec2:eu-central-1:111122223333:security-group/sg-1", Address("aws_security_group.web"))
ROLE = Subject("arn:aws:iam::111122223333:role/web", Address("aws_iam_role.web"))
HALF = EVENTS_SILENCE / 2


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path / 'trueup.db'}", a_key())
    with store.transaction() as tx:
        tx.put_stack(STACK)
        tx.put_subjects(STACK.id, {GROUP, ROLE})
    yield store
    store.close()


def event(at: datetime, *, region: str = "eu-central-1", account: str = "111122223333", late: int = 0) -> LiveEvent:
    received = at + timedelta(seconds=late)
    who = Identity("aws", "arn")
    return LiveEvent(f"e{at}", "aws", at, received, "CreateVpc", who, frozenset(), account=account, region=region)


def hear(store: SqlStore, *events: LiveEvent) -> None:
    with store.transaction() as tx:
        for each in events:
            heard_from(tx, "aws", [each], each.received_at)


def quiet(store: SqlStore, since: datetime, now: datetime) -> bool:
    listening = Listening({"terraform": TerraformDriver()}, FakeClock(now))
    with store.transaction() as tx:
        return listening(tx, STACK, since)


def test_heard_without_a_gap(store: SqlStore) -> None:
    """Quiet while something comes from the stack's place at least once an hour, from before the plan until now."""
    assert not quiet(store, AT, AT), "never heard of"
    hear(store, event(AT), event(AT + HALF), event(AT + 2 * HALF))
    assert quiet(store, AT, AT + 2 * HALF)
    assert quiet(store, AT, AT + 3 * HALF)
    assert not quiet(store, AT - timedelta(seconds=1), AT + 2 * HALF), "heard since after the plan"
    assert not quiet(store, AT, AT + 5 * HALF), "nothing for too long"
    assert not quiet(store, AT, AT + HALF), "the clock went back"
    hear(store, event(AT + 5 * HALF))
    assert not quiet(store, AT, AT + 5 * HALF), "there was a gap"
    assert quiet(store, AT + 5 * HALF, AT + 6 * HALF)


def test_only_from_the_places_of_the_stack(store: SqlStore) -> None:
    """Another account, another region and records that come long after do not count; IAM is heard in any region."""
    hear(store, event(AT, account="444455556666"), event(AT, region="us-east-1"))
    assert not quiet(store, AT, AT)
    hear(store, event(AT - 3 * HALF, late=int(3 * HALF.total_seconds())))
    assert not quiet(store, AT, AT)
    with store.transaction() as tx:
        tx.put_subjects(STACK.id, {ROLE})
    assert quiet(store, AT, AT)
    assert places_of([GROUP, ROLE]) == {("111122223333", "eu-central-1"), ("111122223333", "")}
    with store.transaction() as tx:
        tx.put_subjects(STACK.id, {Subject("sg-1", Address("aws_security_group.web"))})
    assert not quiet(store, AT, AT), "nobody knows where it is"


def test_an_event_ends_it(store: SqlStore) -> None:
    """What touched the stack since, also when it comes late, and a check that is asked for already."""
    hear(store, event(AT))
    now = AT + timedelta(minutes=10)
    with store.transaction() as tx:
        tx.add_events(STACK.id, [event(AT - timedelta(minutes=3))])
    assert quiet(store, AT, now), "the plan was made after it"
    with store.transaction() as tx:
        tx.put_wake(Wake(STACK.id, AT, now, "CreateTags by mira"))
    assert not quiet(store, AT, now)
    with store.transaction() as tx:
        tx.drop_wake(STACK.id)
        tx.add_events(STACK.id, [replace(event(AT - timedelta(minutes=5), late=600), id="late")])
    assert not quiet(store, AT, now)
