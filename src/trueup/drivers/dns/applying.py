"""Running an apply under the supervisor, one zone at a time: each is planned again right before, must be what was
agreed to, and is told to the journal before its first and after its last change."""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from trueup.drivers.dns.answers import Answers
from trueup.drivers.dns.convert import address_of
from trueup.drivers.dns.outcomes import ZoneStep, outcomes_of, resources_after, write_expected
from trueup.drivers.dns.prepared import Prepared, providers_of
from trueup.drivers.dns.servers import verify
from trueup.drivers.dns.signal import Served, learned, with_serials, worth_of
from trueup.drivers.dns.token import Question, serials_of
from trueup.drivers.dns.walked import Pair, Walked, WalkedZone
from trueup.model.errors import LostLease, Rejected, TrueupError, Unavailable
from trueup.model.plan import Address, Applied, Finding, Outcome, Plan, StepId
from trueup.ports.driver import Fence, Job, Journal
from trueup.system.attempts import Deadline, another_attempt
from trueup.system.supervised import Ended, JobFiles, Supervised

NOTHING = StepId("nothing")
MOST_REPORTED = 1000
"""Addresses of one zone that the journal hears of by name: each is durable by itself, and what an apply was about to do
is written down beside it (outcomes.py)."""
Serials = Mapping[Served, int | None]


@dataclass(frozen=True)
class Wanted:
    """What a session applies."""

    plan: Plan
    walked: Walked
    only: frozenset[Address] | None
    """The changes at these addresses alone; None: all."""

    @cached_property
    def steps(self) -> Mapping[StepId, ZoneStep]:
        """In their order."""
        zones = {zone.step: zone for zone in self.walked.zones}
        return {step.id: ZoneStep(zones[step.id], frozenset(step.addresses)) for step in self.plan.steps}


@dataclass(frozen=True)
class Finished:
    applied: Applied
    unanswered: tuple[Finding, ...] = ()


@dataclass
class _Watched:
    """What is heard of one apply while it runs."""

    answers: Answers
    fence: Fence
    deadline: Deadline
    begun: list[ZoneStep] = field(default_factory=list)
    done: list[ZoneStep] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


def evidence_of(job: Job[Any]) -> Path:
    return job.evidence or job.directory / "evidence"


def apply(prepared: Prepared, wanted: Wanted, journal: Journal) -> Finished:
    """Once begun, the outcome is in the answer, whatever fails; only LostLease is raised then."""
    plan = wanted.plan
    if not plan.steps:
        journal.begin(NOTHING)
        journal.end(NOTHING)
        return Finished(Applied(True, plan.real, {}, plan.basis.live))
    files = _files(prepared, wanted)
    job = prepared.job
    seconds = (job.spec.apply_timeout or job.limits.apply).total_seconds()
    assert job.fence is not None
    watched = _Watched(Answers(prepared.config), job.fence, Deadline(job.fence.renew, seconds))
    before = _serials(prepared, wanted)
    try:
        _run(prepared, wanted, files, watched, journal)
    except LostLease:
        raise
    except TrueupError as error:
        if not watched.begun:
            raise
        watched.trouble.append(f"{error.message}\n{error.hint}".strip())
    return _concluded(prepared, wanted, watched, before)


def _files(prepared: Prepared, wanted: Wanted) -> JobFiles:
    """Recovery finds there what was to be done."""
    evidence = evidence_of(prepared.job)
    try:
        files = another_attempt(evidence)
        write_expected(files.directory, list(wanted.steps.values()))
    except OSError as error:
        raise Unavailable(f"{evidence} cannot be used: {error.strerror}") from error
    return files


def _run(prepared: Prepared, wanted: Wanted, files: JobFiles, watched: _Watched, journal: Journal) -> None:
    client, steps = prepared.client, wanted.steps
    pipe = client.base / "words"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe, 0o600)
    command = client.command("apply", only=[step.zone.pair for step in steps.values()], words=str(pipe))
    # Opened for both: the other end is not there yet. When this process dies the pipe ends, and nothing more begins.
    answering = os.fdopen(os.open(pipe, os.O_RDWR), "w", encoding="utf-8")
    with answering as words, Supervised(command, files, lease_seconds=watched.fence.seconds) as running:
        exchange = _Exchange(steps, wanted.only is None, watched, journal, words)
        for stream, line in running.lines(lambda: watched.deadline.watch(running)):
            if stream == "stderr":
                client.say(line)
            else:
                _answer(watched.answers.take(line), exchange)
        ended = running.wait()
    _require_end(prepared, watched, ended)


@dataclass(frozen=True)
class _Exchange:
    steps: Mapping[StepId, ZoneStep]
    whole: bool
    """Each zone's plan as it is; otherwise the changes of the step alone."""
    watched: _Watched
    journal: Journal
    words: IO[str]


def _answer(said: Any, exchange: _Exchange) -> None:
    """One line of the process: it asks before it begins a zone, and says when that is done."""
    watched, journal = exchange.watched, exchange.journal
    if "ready" in said:
        now = watched.answers.zones[-1]
        step = exchange.steps[now.step]
        _require_unmoved(step.zone, now)
        journal.begin(step.zone.step)
        watched.begun.append(step)
        only = None if exchange.whole else [(change.name, change.type) for change in step.changes]
        exchange.words.write(json.dumps({"only": only}) + "\n")
        exchange.words.flush()
    elif "applied" in said:
        step = watched.begun[-1]
        watched.done.append(step)
        with contextlib.suppress(Unavailable):  # the zone is done, whether or not the store answers
            for address in sorted(step.addresses)[:MOST_REPORTED]:
                journal.report(step.zone.step, address, Outcome.DONE)
            journal.end(step.zone.step)


def _require_unmoved(planned: WalkedZone, now: WalkedZone) -> None:
    """octoDNS's plans are blind writes: what somebody changed since the plan would be overwritten without a word."""
    if (planned.exists, planned.changes, planned.meta) != (now.exists, now.changes, now.meta):
        raise Unavailable(
            f"{now.zone} at {now.target} was changed by somebody else since it was planned",
            hint="it is planned again",
        )


def _require_end(prepared: Prepared, watched: _Watched, ended: Ended) -> None:
    answers, passed = watched.answers, watched.deadline.passed
    if passed:
        watched.trouble.append(watched.deadline.words)
    answers.raise_if_any(prepared.client.translator)
    prepared.client.require_end(answers, ended.code, ended.tail, "timeout" if passed else ended.ended_by)


def _concluded(prepared: Prepared, wanted: Wanted, watched: _Watched, before: Serials) -> Finished:
    """S is what was written. Read again, by a process that has cached nothing: a value that octoDNS takes for what was
    wanted is taken as the server has it, and what differs from it is somebody's change, and no part of S."""
    after, trouble = _read_again(prepared, [step.zone for step in watched.begun])
    watched.trouble += trouble
    outcomes = {
        address: outcome
        for step in watched.begun
        for address, outcome in outcomes_of(
            step, after.get(step.zone.pair), ended=step in watched.done, late=watched.answers.late
        ).items()
    }
    resources = resources_after(wanted.plan.real, watched.begun, outcomes, after)
    unanswered = tuple(_unanswered(prepared, watched))
    if not unanswered:
        resources = with_serials(resources, _learned(prepared, wanted, watched, before))
    complete = len(watched.done) == len(wanted.plan.steps) and not watched.trouble
    applied = Applied(complete, resources, outcomes, wanted.plan.basis.live, "\n".join(watched.trouble))
    return Finished(applied, unanswered)


def _serials(prepared: Prepared, wanted: Wanted) -> Serials:
    """Of the zones that are about to change. Without an answer nothing is learned of them."""
    zones = [Served(*step.zone.pair) for step in wanted.steps.values()]
    question = Question(zones, providers_of(prepared.config), prepared.client.environment, prepared.spec.nameservers)
    try:
        return serials_of(question)
    except (Rejected, Unavailable):
        return {}


def _learned(prepared: Prepared, wanted: Wanted, watched: _Watched, before: Serials) -> dict[Address, str]:
    """What a zone's serial is worth, now that our own changes are answered: a server may never move it."""
    after, known = _serials(prepared, wanted), worth_of(prepared.job.settled())
    found = {}
    for zone in (step.zone for step in watched.done):
        address, served = address_of(zone), Served(*zone.pair)
        found[address] = learned(known.get(address, ""), before.get(served), after.get(served))
    return found


def _read_again(prepared: Prepared, zones: Sequence[WalkedZone]) -> tuple[dict[Pair, WalkedZone], list[str]]:
    if not zones:
        return {}, []
    try:
        walked = prepared.client.plan([zone.pair for zone in zones])
    except TrueupError as error:
        return {}, [f"what was written could not be read again: {error.message}"]
    return {zone.pair: zone for zone in walked.zones}, []


def _unanswered(prepared: Prepared, watched: _Watched) -> Iterator[Finding]:
    """Asks the authoritative servers of every zone that was applied whole, until they say it."""
    deadline = time.monotonic() + prepared.spec.verify.total_seconds()
    for step in watched.done:
        missing = verify.missing(prepared, step.zone, step.changes, deadline)
        if missing:
            what = "; ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
            hint = "secondaries may be slow; `verify:` says how long to wait, `trueup dns diff NAMESERVER` compares"
            yield Finding("not-answered", f"{step.zone.zone}: written, and not answered yet: {what}", None, hint)
            prepared.job.log(f"not answered yet: {what}")
