"""After a worker was lost in an apply: prove its octoDNS gone, read the zones again, and say what became of each
change."""

from collections.abc import Callable, Sequence
from typing import Any

from trueup.drivers.dns.applying import NOTHING, evidence_of
from trueup.drivers.dns.outcomes import ZoneStep, expected_in, outcomes_of, resources_after
from trueup.drivers.dns.prepared import Prepared
from trueup.drivers.dns.walked import Pair, WalkedZone
from trueup.model.errors import TrueupError
from trueup.model.plan import Applied, LiveIdentity, Outcome
from trueup.ports.driver import Evidence, Job, JournalEntry
from trueup.system.attempts import attempts, unproven

PATIENCE = 15.0
"""Seconds that an interrupted octoDNS gets to end."""


def recover(prepare: Callable[[], Prepared], job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
    """Concludes nothing by guessing: a change that the zone does not ask for any more was made, one that it still asks
    for was not, and where no zone can be read every one that was begun is uncertain."""
    begun = [entry.step for entry in journal if entry.event == "begin" and entry.step != NOTHING]
    tries = attempts(evidence_of(job))
    if why := unproven(tries, begun=bool(begun), seconds=PATIENCE):
        return Evidence(False, None, (why,))
    expected = expected_in(tries[-1].directory) if tries else ()
    steps = [step for step in expected if step.zone.step in begun]
    ended = {entry.step for entry in journal if entry.event == "end"}
    after, advice = _read_again(prepare(), steps)
    outcomes = {
        address: outcome
        for step in steps
        for address, outcome in outcomes_of(step, after.get(step.zone.pair), ended=step.zone.step in ended).items()
    }
    complete = len(steps) == len(expected) and all(each is Outcome.DONE for each in outcomes.values())
    applied = Applied(
        complete,
        resources_after({}, steps, outcomes, after),
        outcomes,
        LiveIdentity(),
        "" if complete else "the worker was lost during the apply",
    )
    return Evidence(True, applied, tuple(advice))


def _read_again(prepared: Prepared, steps: Sequence[ZoneStep]) -> tuple[dict[Pair, WalkedZone], list[str]]:
    if not steps:
        return {}, []
    try:
        walked = prepared.client.plan([step.zone.pair for step in steps])
    except TrueupError as error:
        zones = ", ".join(f"{step.zone.zone} at {step.zone.target}" for step in steps)
        return {}, [f"{zones} could not be read ({error.message}): compare them with the code, then recover again"]
    return {zone.pair: zone for zone in walked.zones}, []
