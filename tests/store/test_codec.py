"""Every noun that is stored comes back equal, whatever is in it."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueup.adapters.store import codec
from trueup.adapters.store.codec import Codec
from trueup.model.baseline import Baseline
from trueup.model.drift import Check, Drift
from trueup.model.errors import Broken
from trueup.model.ledger import Checkpoint, Draft, moment, stamp
from trueup.model.run import Run
from trueup.model.stack import Stack
from trueup.ports.driver import JournalEntry

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Any: JSON,
    str: TEXT,
    int: st.integers(0, 2**40),
    bool: st.booleans(),
    datetime: TIMES,
    timedelta: st.timedeltas(timedelta(), timedelta(days=9)),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field with this type may hold."""
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, typing.NewType):
        return values(hint.__supertype__)
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of([values(argument) for argument in arguments])
    if origin is tuple:
        assert arguments[1] is Ellipsis
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=2)
    assert origin is Mapping, f"no strategy for {hint}"
    return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)


NOUNS: dict[type, Codec[Any]] = {
    Stack: codec.STACK,
    Run: codec.RUN,
    JournalEntry: codec.JOURNAL_ENTRY,
    Baseline: codec.BASELINE,
    Drift: codec.DRIFT,
    Check: codec.CHECK,
    Draft: codec.DRAFT,
    Checkpoint: codec.CHECKPOINT,
}


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_round_trip(noun: type) -> None:
    """Dumped and loaded, a noun equals itself, and its second dump equals the first."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(noun))
    def comes_back(value: Any) -> None:
        stored = NOUNS[noun].dump(value)
        assert NOUNS[noun].load(stored) == value
        assert NOUNS[noun].dump(NOUNS[noun].load(stored)) == stored

    comes_back()


def test_what_cannot_be_read_is_named_without_its_content() -> None:
    """A damaged row says which noun and which field, and not what stood there."""
    with pytest.raises(Broken, match="a stored check cannot be read: state") as caught:
        codec.CHECK.load('{"stack": "stk-1", "state": "s3cret", "due_at": "2026-01-05T09:00:00Z"}')
    assert "s3cret" not in str(caught.value)


@given(TIMES, TIMES)
def test_times_sort_like_their_texts(one: datetime, other: datetime) -> None:
    """The database compares texts where we mean times."""
    assert moment(stamp(one)) == one
    assert (stamp(one) < stamp(other)) == (one < other)
