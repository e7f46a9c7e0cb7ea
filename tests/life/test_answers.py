"""What the engine does with a response: rows, entries, limits and repetition, at a clock that can be set."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.store import nouns as stored
from tests.web import nouns
from tests.web.site import FILES, MANIFEST, Bench, bench
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Check, CheckState, Drift, DriftState, Origin, Resolution, Severity
from trueup.model.people import Identity
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import Respond, StackId, Standing
from trueup.ports.store import LedgerFilter, RunFilter
from trueup.wiring.registry import formats

TAG = Difference(("tags", "Owner"), Cause.GHOST_REVERT, "core", "pirate", "core")
ANNA = Identity("name", "anna")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Bench]:
    """Dev is settled, and reverts minor drift by itself, twice an hour."""
    with bench(tmp_path) as site:
        rules = MANIFEST.replace("mode: deliver}", "mode: deliver, respond: revert-minor, revertsPerHour: 2}", 1)
        site.control.commit("main", {**FILES, "trueup.yaml": rules}, "Respond", site.control.head())
        site.installation.intake.take_in(site.installation.site.catalog.refresh())
        stack = site.put_stack(site.stack(nouns.DEV), standing=Standing.SETTLED, settled="c0ffee")
        with site.installation.store.transaction() as tx:
            tx.put_baseline(replace(stored.a_baseline(), stack=stack.id, settled_by="adopt:anna"))
        yield site


def tagged(site: Bench, number: int = 1, **changes: Any) -> Drift:
    usual: dict[str, Any] = {"differences": (TAG,), "severity": Severity.MINOR}
    return nouns.open_drift(site, f"dft-000000000{number}", nouns.DEV, **{**usual, **changes})


def concluded(site: Bench) -> list[Run]:
    """A check came to its conclusion and was answered; the reverts, newest first."""
    site.clock.advance(1)
    id, now = site.stack(nouns.DEV).id, site.clock.now()
    with site.installation.store.transaction() as tx:
        tx.put_check(Check(id, CheckState.DRIFTED, now, ended_at=now, completed_at=now))
    site.installation.site.responses.respond(id)
    return reverts(site)


def reverts(site: Bench) -> list[Run]:
    with site.installation.store.transaction() as tx:
        return list(tx.runs(RunFilter(kinds=frozenset({RunKind.REVERT}))))


def told(site: Bench, kind: str) -> list[str]:
    with site.installation.store.transaction() as tx:
        return [entry.draft.summary for entry in tx.entries(LedgerFilter(kind=kind))]


def now(site: Bench, drift: Drift) -> Drift:
    return site.installation.site.drifts.drift(drift.id)


def end(site: Bench, run: Run, state: RunState) -> None:
    """The run goes its way to that end."""
    for step in (RunState.PLANNING, RunState.JUDGING, state):
        run = site.put_run(replace(run, state=step))


def test_asked_again_it_is_done_once(site: Bench) -> None:
    """One run, one entry, and the drift says which run undoes it."""
    drift = tagged(site)
    (run,) = concluded(site)
    assert concluded(site) == [run]
    assert (run.requested_by, run.reverts, run.reason) == ("trueup", (drift.id,), "respond: revert-minor")
    after = now(site, drift)
    assert (after.state, after.run, after.requested_by) == (DriftState.REVERTING, run.id, "trueup")
    assert len(told(site, "drift.responding")) == 1


def test_a_check_without_a_conclusion_is_no_reason_to_act(site: Bench) -> None:
    """Failed or overtaken: nothing is known of now."""
    tagged(site)
    id = site.stack(nouns.DEV).id
    for state in (CheckState.FAILED, CheckState.INVALIDATED, CheckState.CHECKING, CheckState.DUE, CheckState.CLEAN):
        with site.installation.store.transaction() as tx:
            tx.put_check(Check(id, state, site.clock.now()))
        site.installation.site.responses.respond(id)
    site.installation.site.responses.respond(StackId("stk-none"))
    assert reverts(site) == []


def test_a_revert_that_ended_without_undoing_it_is_not_tried_again(site: Bench) -> None:
    """Until another value is there."""
    drift = tagged(site)
    (run,) = concluded(site)
    end(site, run, RunState.REFUSED)
    again = site.put_drift(replace(now(site, drift), state=DriftState.OPEN))
    assert len(concluded(site)) == 1
    assert f"{run.id} ended refused without undoing it" in told(site, "drift.held")[0]
    site.put_drift(replace(again, fingerprint="another"))
    assert len(concluded(site)) == 2


def test_a_revert_that_a_person_asked_for_goes_first(site: Bench) -> None:
    """An automatic one does not supersede it; a blocked automatic one gives way to the next."""
    first, second = tagged(site), tagged(site, 2, address="group.two", fingerprint="two")
    mine = site.installation.site.drifts.revert([first.id], ANNA, "not ours")
    assert [run.id for run in concluded(site)] == [mine.id]
    end(site, mine, RunState.REFUSED)
    site.put_drift(replace(now(site, first), state=DriftState.RESOLVED, resolution=Resolution.REVERTED))
    blocked, _ = concluded(site)
    end(site, blocked, RunState.BLOCKED)
    site.put_drift(replace(now(site, second), state=DriftState.OPEN, fingerprint="two again"))
    assert len(concluded(site)) == 3
    with site.installation.store.transaction() as tx:
        ended = tx.run(blocked.id)
    assert ended is not None and ended.state is RunState.SUPERSEDED


def test_the_limit_of_an_hour_survives_a_clock_that_jumps(site: Bench) -> None:
    """Two in an hour, whichever way the clock is set: back makes no room, an hour later there is."""
    for number in (1, 2, 3):
        drift = tagged(site, number, fingerprint=f"print-{number}")
        runs = concluded(site)
        if number < 3:
            end(site, runs[0], RunState.FAILED)
            site.put_drift(replace(now(site, drift), state=DriftState.RESOLVED, resolution=Resolution.VANISHED))
    assert len(reverts(site)) == 2
    assert "2 automatic reverts in this hour, and 2 are allowed" in told(site, "drift.held")[0]
    site.clock.advance(-5 * 3600)
    assert len(concluded(site)) == 2
    site.clock.advance(6 * 3600 + 60)
    assert len(concluded(site)) == 3
    assert len(told(site, "drift.held")) == 1


def test_a_fight_counts_lives_since_a_person_decided(site: Bench) -> None:
    """Three automatic reverts of one path, and the fourth life is left alone; a person's revert or word begins anew."""
    for number in (1, 2, 3):
        at = site.clock.now()
        ended: dict[str, Any] = {"state": DriftState.RESOLVED, "resolution": Resolution.REVERTED, "resolved_at": at}
        tagged(site, number, origin=Origin("ben", at, "e"), requested_by="trueup", **ended)
        site.clock.advance(3600)
    drift = tagged(site, 4)
    assert concluded(site) == []
    with site.installation.store.transaction() as tx:
        (entry,) = tx.entries(LedgerFilter(kind="drift.fights-back"))
    assert entry.draft.details["actors"] == ["ben"]
    site.installation.site.responses.resume(drift.id, ANNA, "ben was told")
    assert len(concluded(site)) == 1


def test_an_apply_that_stopped_half_way_keeps_everything_automatic_away(site: Bench) -> None:
    """What is missing is ours and nobody's drift, until the stack converges."""
    stack = site.stack(nouns.DEV)
    failed = site.put_run(replace(stored.a_run("run-0000000009", stack=stack.id), state=RunState.FAILED))
    with site.installation.store.transaction() as tx:
        tx.put_baseline(replace(stored.a_baseline(2), stack=stack.id, settled_by=f"run:{RunId(failed.id)}"))
    tagged(site)
    assert concluded(site) == []
    assert "half-way" in told(site, "drift.held")[0]


def test_what_drift_leads_to_without_a_word_is_the_drivers() -> None:
    """Terraform's is to tell people, and nothing else."""
    assert {key: entry.respond for key, entry in formats().items()}["terraform"] is Respond.ALERT
