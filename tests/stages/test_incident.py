"""What changed before a moment: the likely causes first, for reasons that can be said."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stages.made import NOW
from trueup.model.ledger import Draft, Entry
from trueup.render.incident import noun_of, reasons, story, when
from trueup.stages.incident import Graph, Nearness, Suspect, graph, span_of, suspects

APP, NET, OTHER = "infra//prod/app", "infra//prod/net", "infra//prod/other"
GONE = "REVERTED sg-app ingress 8443/tcp from 10.0.0.0/8, added 31 Oct 2026 by anna, never codified"


def entry(seq: int, before: float, kind: str, name: str = APP, **more: Any) -> Entry:
    """`before`: minutes before the moment."""
    fields = {each: more.pop(each) for each in ("run", "actor", "request", "summary") if each in more}
    draft = Draft(kind, fields.pop("actor", "trueup"), fields.pop("summary", kind), name, name, "prod", details=more)
    return Entry(seq, NOW - timedelta(minutes=before), replace(draft, **fields), "ab" * 32)


def delivered(seq: int, before: float, name: str = APP, run: str = "run-1", **more: Any) -> Entry:
    changes = [{"address": "sg-app", "action": "update"}]
    return entry(seq, before, "run.finished", name, run=run, run_kind="delivery", changes=changes, **more)


def released(seq: int, before: float, run: str = "run-1") -> Entry:
    return entry(seq, before, "drift.resolved.released", run=run, summary=f"drift released: {GONE}", actor="anna")


def told(each: Suspect) -> str:
    within = each.span.after is not None and not each.before
    return story(each.entry, each.undid, when(each.before, within))


def test_a_delivery_that_undid_somebodys_fix_comes_first_and_says_so() -> None:
    """The title story, in one line."""
    noise = [entry(9, 1, "run.approved", actor="carla"), delivered(8, 4, run="run-2")]
    fix = [released(3, 2), delivered(4, 2, request=12, actor="ben", summary=f"delivered {APP}: 1 update")]
    first, *rest = suspects([*fix, *noise], NOW)
    assert told(first) == f"2 min before: delivery of #12 by ben on {APP}: 1 update. It {GONE}"
    assert [each.entry.seq for each in rest] == [8, 9], "the part is told with the whole"
    assert reasons(first.effect, first.undid, first.nearness, APP) == [
        "changed the live system",
        "undid what somebody made by hand",
    ]


def test_nearer_is_likelier_and_live_effects_come_before_decisions() -> None:
    """Of two deliveries the nearer one; a decision a minute before stands behind a delivery an hour before."""
    found = suspects([delivered(1, 60, run="a"), delivered(2, 5, run="b"), entry(3, 1, "stack.paused")], NOW)
    assert [each.entry.seq for each in found] == [2, 1, 3]


def test_neighbours_of_the_stack_count_and_upstream_comes_first() -> None:
    """The stack itself, then what it depends on, then what depends on it, then the rest."""
    near = graph(APP, {APP: [NET], "infra//prod/front": [APP], OTHER: []})
    assert near == Graph(APP, frozenset({NET}), frozenset({"infra//prod/front"}))
    names = [OTHER, "infra//prod/front", NET, APP]
    found = suspects([delivered(i, 5, name, run=str(i)) for i, name in enumerate(names)], NOW, near)
    assert [each.entry.draft.name for each in found] == [APP, NET, "infra//prod/front", OTHER]
    assert found[1].nearness is Nearness.UPSTREAM
    assert suspects([delivered(1, 5)], NOW)[0].nearness is None


def test_neighbours_of_neighbours_and_rings() -> None:
    """A graph is followed to its end, and a ring ends where it began."""
    assert graph("a", {"a": ["b"], "b": ["c"], "c": ["a"]}).upstream == {"b", "c"}


def test_drift_happened_when_its_event_says_or_between_two_looks() -> None:
    """A check afterwards finds what was changed before: it is told with the time in which it happened."""
    seen, clean = NOW + timedelta(minutes=25), NOW - timedelta(minutes=5)
    found = entry(1, -25, "drift.open", first_seen=seen.isoformat(), not_before=clean.isoformat())
    (suspect,) = suspects([found], NOW)
    assert suspect.before == timedelta() and told(suspect).startswith("at about that time: drift on")
    known = replace(found, draft=replace(found.draft, details={**found.draft.details, "at": clean.isoformat()}))
    assert span_of(known).until == clean and suspects([known], NOW)[0].before == timedelta(minutes=5)
    later = entry(2, -60, "drift.open", first_seen=seen.isoformat(), not_before=seen.isoformat())
    assert suspects([later], NOW) == ()


def test_what_came_after_the_moment_is_no_cause() -> None:
    """But people remember moments vaguely: a few minutes afterwards still count, for less."""
    assert suspects([delivered(1, -60)], NOW) == ()
    found = suspects([delivered(1, -3, run="a"), delivered(2, 3, run="b")], NOW)
    assert [each.entry.seq for each in found] == [2, 1]
    assert told(found[1]).startswith("3 min after: ")


def test_an_apply_beside_us_is_told_by_what_it_undid() -> None:
    """One line, not three: the unexplained apply, the drift that ended with it, and what it undid."""
    between = [(NOW - timedelta(minutes=40)).isoformat(), (NOW - timedelta(minutes=2)).isoformat()]
    gone = entry(3, -20, "drift.reverted-by", drift="dft-1", undone_between=between, event="e", summary=GONE)
    found = suspects(
        [entry(1, -20, "foreign.unexplained"), entry(2, -20, "drift.resolved.undone", drift="dft-1"), gone], NOW
    )
    assert [told(each) for each in found] == [f"2 min before: ghost revert on {APP}: {GONE}"]
    assert found[0].undid == (gone,)


@pytest.mark.parametrize(
    ("kind", "details", "word"),
    [
        ("run.finished", {"run_kind": "revert"}, "revert"),
        ("run.failed", {"run_kind": "delivery"}, "delivery failed"),
        ("run.approved", {}, "approval"),
        ("run.released", {}, "released"),
        ("foreign.unexplained", {}, "foreign apply"),
        ("break-glass.opened", {}, "break-glass opened"),
        ("drift.resolved.codified", {}, "drift codified"),
        ("drift.fights-back", {}, "drift fights-back"),
        ("stack.paused", {}, "stack paused"),
        ("something.new", {}, "something new"),
    ],
)
def test_every_kind_has_a_word(kind: str, details: dict[str, Any], word: str) -> None:
    """Also one that nobody thought of yet."""
    assert noun_of(entry(1, 1, kind, **details)) == word


KINDS = ["run.finished", "drift.open", "drift.reverted-by", "run.approved", "foreign.apply", "break-glass.opened", "x"]


@given(
    st.lists(st.tuples(st.floats(-9, 2000), st.sampled_from(KINDS), st.sampled_from([APP, NET, OTHER])), max_size=12),
    st.sampled_from([Graph(), Graph(APP, frozenset({NET}))]),
)
def test_a_ranking_is_total_and_the_same_for_any_order(found: list[tuple[float, str, str]], near: Graph) -> None:
    """Nothing is lost, nothing raises, and the order of the entries means nothing."""
    entries = [entry(i, before, kind, name, changes=[1]) for i, (before, kind, name) in enumerate(found)]
    ranked = suspects(entries, NOW, near)
    assert ranked == suspects(entries[::-1], NOW, near)
    assert {each.entry.seq for each in ranked} == {each.seq for each in entries}
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
    assert all(each.score >= 0 and isinstance(told(each), str) for each in ranked)
