"""Drift records over many looks: one for an address, whatever is seen, ignored, tolerated or restless meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.stages.made import A, baseline, plan, rule
from tests.store.nouns import a_key
from trueup.adapters.store.store import SqlStore, open_store
from trueup.engine.attribution import Attribution
from trueup.engine.catalog import Catalog
from trueup.engine.drift_records import DriftRecords
from trueup.engine.ids import new_id
from trueup.engine.settling import drift_drafts
from trueup.engine.subjects import Subjects
from trueup.manifests.manifest import undeclared
from trueup.model.drift import Drift, DriftState, Origin, Resolution
from trueup.model.ignores import Ignore
from trueup.model.ledger import Draft
from trueup.model.severity import Severity
from trueup.model.stack import Declaration, Stack, StackId
from trueup.settings import RESTLESS_LOOKS
from trueup.stages.attribute import attribute
from trueup.stages.detect import detect
from trueup.system.clock import FakeClock

STACK = Stack(StackId("stk-1"), "aws//app", "aws", "app", "terraform", "dev")
S: dict[str, Any] = {"name": "a", "ingress": [rule(22)], "tags": {"Env": "dev"}, "size": 2}


@dataclass(frozen=True)
class Declared:
    """A manifest of one stack, and the catalog that has it."""

    ignores: tuple[Ignore, ...] = ()

    @property
    def manifest(self) -> "Declared":
        return self

    def declaration(self, name: str) -> Declaration:
        return Declaration(
            name, "aws", "app", "terraform", "terraform", undeclared("dev"), None, owner=("core",), ignores=self.ignores
        )


@dataclass
class Life:
    """One group that is looked at again and again; code and books want S."""

    store: SqlStore
    ignores: tuple[Ignore, ...] = ()
    told: list[Draft] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)

    def look(self, real: Mapping[str, Any] | None, minutes: float = 30) -> tuple[Drift, ...]:
        """What a check would store; the records that are not resolved afterwards."""
        self.clock.advance(minutes * 60)
        books = baseline({A: S})
        catalog = cast(Catalog, Declared(self.ignores))
        records = DriftRecords(catalog, self.clock, Attribution(catalog), Subjects({}))
        made = plan({} if real is None else {A: dict(real)}, {A: S} if real != S else None, sets={A: SET})
        with self.store.transaction() as tx:
            known = tx.drifts(STACK.id, unresolved=False)
            found = detect(attribute(made, books), known, books, self.clock.now(), None, lambda: new_id("dft"))
            found = records.completed(tx, STACK, found)
            for drift in found.rows:
                tx.put_drift(drift)
            self.told += drift_drafts(STACK, found, found.rows)
            return tuple(tx.drifts(STACK.id))

    def all(self) -> tuple[Drift, ...]:
        with self.store.transaction() as tx:
            return tuple(tx.drifts(unresolved=False))

    def put(self, drift: Drift, **changes: Any) -> Drift:
        with self.store.transaction() as tx:
            return tx.put_drift(replace(drift, **changes))

    @property
    def kinds(self) -> list[str]:
        return [draft.kind for draft in self.told]


SET = frozenset({"name", "ingress", "tags"})
"""What the code sets: `size` is left to the live system."""


@contextmanager
def living(ignores: tuple[Ignore, ...] = ()) -> Iterator[Life]:
    with TemporaryDirectory() as place:
        store = open_store(f"sqlite:///{Path(place) / 'x.db'}", a_key())
        yield Life(store, ignores)
        store.close()


@pytest.fixture
def life() -> Iterator[Life]:
    with living() as life:
        yield life


def sized(size: int, **more: Any) -> dict[str, Any]:
    return {**S, "size": size, **more}


@settings(max_examples=12, deadline=None)
@given(
    looks=some.lists(
        some.tuples(some.sampled_from(["settled", "port", "tag", "both", "gone"]), some.floats(-90, 90)), max_size=6
    ),
    ignore=some.booleans(),
)
def test_one_record_for_an_address_over_any_sequence_of_looks(looks: list[tuple[str, float]], ignore: bool) -> None:
    """Whatever is seen in whatever order, with a clock that jumps: at most one record is open, a deviation that stays
    keeps its id, every look that finds it is counted once, and what comes back knows its earlier life."""
    port, tag = {"ingress": [rule(22), rule(8443)]}, {"tags": {"Env": "dev", "Scan": "1"}}
    reals: dict[str, Any] = {"settled": S, "port": {**S, **port}, "tag": {**S, **tag}, "both": {**S, **port, **tag}}
    with living((Ignore("x", line="*.tags.Scan"),) if ignore else ()) as life:
        before: tuple[Drift, ...] = ()
        for name, minutes in looks:
            now = life.look(reals.get(name), minutes)
            assert len(now) == (name != "settled")
            if before and now:
                assert now[0].id == before[0].id
                assert now[0].sightings == before[0].sightings + 1
            elif now:
                lives = [each for each in life.all() if each.id != now[0].id and each.fingerprint == now[0].fingerprint]
                assert (now[0].earlier is not None) == bool(lives and now[0].differences)
            if now:
                assert (now[0].state is DriftState.IGNORED) == (ignore and name == "tag")
            before = now
        ended = [drift for drift in life.all() if drift.state is DriftState.RESOLVED]
        assert all(drift.resolution is Resolution.VANISHED for drift in ended)
        assert life.kinds.count("drift.open") <= len(looks)


def test_ignored_drift_is_on_record_and_nobody_is_told(life: Life) -> None:
    """Not in the ledger when it appears, is seen again, changes or goes; beside other drift it is kept apart."""
    life.ignores = (Ignore(".driftignore:1", line="group.a.tags"),)
    (drift,) = life.look({**S, "tags": {"Env": "x"}})
    assert (drift.state, drift.differences) == (DriftState.IGNORED, ())
    assert [(each.difference.label, each.by) for each in drift.ignored] == [("tags.Env", ".driftignore:1")]
    life.look({**S, "tags": {"Env": "y"}})
    assert life.told == []
    (both,) = life.look({**S, "tags": {"Env": "y"}, "ingress": []})
    assert (both.id, both.state, both.severity) == (drift.id, DriftState.OPEN, Severity.STRUCTURAL)
    assert life.kinds == ["drift.open"]
    life.look({**S, "tags": {"Env": "z"}, "ingress": []})
    life.look({**S, "tags": {"Env": "z"}})
    assert life.kinds == ["drift.open", "drift.ignored"]
    life.look(S)
    assert life.kinds == ["drift.open", "drift.ignored"]


def test_a_rule_that_is_taken_back_opens_the_drift(life: Life) -> None:
    """And one that is added ends what people were told of, and says which rule did."""
    (drift,) = life.look({**S, "tags": {"Env": "x"}})
    life.ignores = (Ignore("the scanner", paths=("tags",)),)
    life.look({**S, "tags": {"Env": "x"}})
    assert "the scanner" in life.told[-1].summary
    life.ignores = ()
    (again,) = life.look({**S, "tags": {"Env": "x"}})
    assert (again.id, again.state) == (drift.id, DriftState.OPEN)
    assert life.kinds == ["drift.open", "drift.ignored", "drift.open"]


def test_an_ignored_path_does_not_reopen_what_is_being_codified(life: Life) -> None:
    """Its value moves at every look; the deviation that counts is the same."""
    life.ignores = (Ignore("x", line="*.tags"),)
    (drift,) = life.look({**S, "tags": {"Env": "1"}, "ingress": []})
    life.put(drift, state=DriftState.CODIFYING, request=7)
    (again,) = life.look({**S, "tags": {"Env": "2"}, "ingress": []})
    assert (again.state, again.request) == (DriftState.CODIFYING, 7)


def test_a_value_that_never_rests_goes_into_quarantine_once(life: Life) -> None:
    """Another value at every look and nobody who did it: told once, and the record stays open and quiet."""
    for size in range(10, 10 + RESTLESS_LOOKS):
        life.look(sized(size))
    assert "drift.quarantined" not in life.kinds
    (drift,) = life.look(sized(50))
    assert (drift.quarantine, drift.state) == (("size",), DriftState.OPEN)
    before = list(life.kinds)
    assert before.count("drift.quarantined") == 1
    for size in range(60, 66):
        (drift,) = life.look(sized(size))
    assert life.kinds == before and drift.quarantine == ("size",)
    (drift,) = life.look(sized(70, tags={"Env": "x"}))
    assert life.kinds[len(before) :] == ["drift.open"], "what else changes there is told as ever"


def test_what_somebody_did_or_what_rests_is_not_restless(life: Life) -> None:
    """An event in between, or two looks with one value, begin to count anew."""
    for size in (3, 4, 4, 5, 6, 6, 7, 8, 8):
        (drift,) = life.look(sized(size))
    assert drift.quarantine == ()
    for size in range(10, 20):
        (drift,) = life.look(sized(size))
        drift = life.put(drift, origin=Origin("anna", life.clock.now(), f"event-{size}"), restless={})
    assert drift.quarantine == ()


def test_records_say_their_severity_and_why(life: Life) -> None:
    """And the ledger says it with the owner, the cause and the address."""
    (drift,) = life.look({**S, "tags": {"Env": "x"}})
    assert (drift.severity, drift.because) == (Severity.MINOR, "a tag")
    details = life.told[0].details
    wanted = {"drift": drift.id, "severity": "minor", "owner": ["core"], "cause": "ghost_revert", "address": A}
    assert {key: details[key] for key in wanted} == wanted
    assert drift.deadline == drift.first_seen + timedelta(hours=48)
