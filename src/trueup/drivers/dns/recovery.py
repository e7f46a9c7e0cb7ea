"""After a worker was lost in an apply: prove its octoDNS gone, read the zones again, and say what became of each
change."""

from collections.abc import Callable, Sequence
from typing import Any

from trueup.drivers.dns.applying import NOTHING, attempts, evidence_of
from trueup.drivers.dns.outcomes import Half, expected_in, outcomes_of, resources_after
from trueup.drivers.dns.prepared import Prepared
from trueup.drivers.dns.walked import WalkedZone
from trueup.model.errors import TrueupError
from trueup.model.plan import Applied, LiveIdentity, Outcome
from trueup.ports.driver import Evidence, Job, JournalEntry
from trueup.system.supervised import end_what_is_left, has_supervisor, proven_gone, wait_until_gone

PATIENCE = 15.0
"""Seconds that an interrupted octoDNS gets to end."""


def recover(prepare: Callable[[], Prepared], job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
    """Concludes nothing by guessing: a change that the zone does not ask for any more was made, one that it still asks
    for was not, and where no zone can be read every one that was begun is uncertain."""
    begun = [entry.step for entry in journal if entry.event == "begin" and entry.step != NOTHING]
    tries = attempts(evidence_of(job))
    if begun and not tries:
        return Evidence(
            False, None, ("the apply ran on another machine: recover there, or when it is known to be off",)
        )
    if tries and not (proven_gone(tries[-1]) or wait_until_gone(tries[-1], seconds=PATIENCE)):
        if has_supervisor(tries[-1]):
            return Evidence(False, None, (f"the old process still runs: see {tries[-1].status}",))
        end_what_is_left(tries[-1], grace_seconds=PATIENCE)
    expected = expected_in(tries[-1].directory) if tries else ()
    halves = [half for half in expected if half.step in begun]
    ended = {entry.step for entry in journal if entry.event == "end"}
    after, advice = _read_again(prepare(), halves)
    outcomes = {
        address: outcome
        for half in halves
        for address, outcome in outcomes_of(half, after.get(half.pair), ended=half.step in ended).items()
    }
    complete = len(halves) == len(expected) and all(each is Outcome.DONE for each in outcomes.values())
    applied = Applied(
        complete,
        resources_after({}, halves, outcomes, after),
        outcomes,
        LiveIdentity(),
        "" if complete else "the worker was lost during the apply",
    )
    return Evidence(True, applied, tuple(advice))


def _read_again(prepared: Prepared, halves: Sequence[Half]) -> tuple[dict[tuple[str, str], WalkedZone], list[str]]:
    if not halves:
        return {}, []
    try:
        walked = prepared.client.plan([half.pair for half in halves])
    except TrueupError as error:
        zones = ", ".join(f"{half.zone.zone} at {half.zone.target}" for half in halves)
        return {}, [f"{zones} could not be read ({error.message}): compare them with the code, then recover again"]
    return {(zone.zone, zone.target): zone for zone in walked.zones}, []
