"""After a worker was lost in an apply: prove its process gone, save what it left, and say what is certain."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from trueup.drivers.terraform.applying import ERRORED, evidence_of, me, save_errored_state
from trueup.drivers.terraform.convert import resources_of_state, state_resources
from trueup.drivers.terraform.diagnostics import message_in
from trueup.drivers.terraform.events import Event, Progress
from trueup.drivers.terraform.prepared import Prepared
from trueup.drivers.terraform.state import identity_in
from trueup.model.errors import Rejected, TrueupError
from trueup.model.plan import Address, Applied, Outcome
from trueup.model.values import JSON
from trueup.ports.driver import Evidence, Job, JournalEntry, Lock
from trueup.system.attempts import attempts, unproven
from trueup.system.supervised import JobFiles

PATIENCE = 15.0
"""Seconds that an interrupted Terraform gets to save its state."""


@dataclass(frozen=True)
class _Heard:
    """What the event log and the journal tell of the newest apply."""

    progress: Progress
    first: datetime | None
    last: datetime | None
    finished: bool
    """It ended by itself without an error."""


def recover(prepare: Callable[[], Prepared], job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
    """Concludes nothing by guessing: what was begun and not seen to end stays uncertain unless the state tells."""
    begun = any(entry.event == "begin" for entry in journal)
    tries = attempts(evidence_of(job))
    if why := unproven(tries, begun=begun, seconds=PATIENCE):
        return Evidence(False, None, (why,))
    heard = _heard(tries[-1] if tries else None, journal)
    prepared = prepare()
    advice = _ingest(prepared, heard)
    state = prepared.client.show_state()
    resources = [*state_resources((state.get("values") or {}).get("root_module", {}))]
    shapes = prepared.shapes({(each["provider_name"], each["type"]) for each in resources})
    prepared.hider = prepared.hider.learning(_secrets_in(state, resources))
    settled = resources_of_state(state, shapes, prepared.hider)
    outcomes = {address: _outcome(heard, address, address in settled) for address in _addresses(heard)}
    uncertain = [address for address, outcome in outcomes.items() if outcome is Outcome.UNCERTAIN]
    complete = heard.finished and not uncertain and not advice
    applied = Applied(
        complete,
        settled,
        outcomes,
        identity_in(prepared.client.pull()),
        "" if complete else "the worker was lost during the apply",
    )
    advice += [line for address in uncertain for line in _advice(heard, address, address in settled, prepared)]
    return Evidence(True, applied, tuple(advice))


def _heard(files: JobFiles | None, journal: Sequence[JournalEntry]) -> _Heard:
    progress, times, finished = Progress(()), list[datetime](), False
    if files is not None and files.log.exists():
        for line in files.log.read_text(encoding="utf-8", errors="replace").splitlines():
            message = message_in(line)
            if message is not None:
                progress.take(message)
                times.append(datetime.fromisoformat(message["@timestamp"].replace("Z", "+00:00")))
    if files is not None and files.status.exists():
        status = json.loads(files.status.read_text(encoding="utf-8"))
        finished = status["exit_code"] == 0 and status["ended_by"] == "itself"
    known = {event.address for event in progress.events}
    for entry in journal:
        if entry.event == "report" and entry.at is not None and entry.outcome is not None and entry.at not in known:
            progress.events.append(Event(entry.at, "", entry.outcome, entry.identity))
    return _Heard(progress, min(times, default=None), max(times, default=None), finished)


def _addresses(heard: _Heard) -> list[Address]:
    return list(dict.fromkeys(event.address for event in heard.progress.events))


def _outcome(heard: _Heard, address: Address, in_state: bool) -> Outcome:
    """What was created and is in no state is uncertain even when its end was heard: nobody manages it."""
    mine = [event for event in heard.progress.events if event.address == address]
    outcome = heard.progress.of(address)
    last = mine[-1]
    if outcome is Outcome.DONE and last.operation in ("create", "update") and not in_state:
        return Outcome.UNCERTAIN
    if outcome is Outcome.DONE and last.operation == "delete" and in_state:
        return Outcome.UNCERTAIN
    if outcome is Outcome.UNCERTAIN and last.operation == "delete" and not in_state:
        return Outcome.DONE
    return outcome


def _advice(heard: _Heard, address: Address, in_state: bool, prepared: Prepared) -> list[str]:
    identity, engine = heard.progress.identity(address), prepared.client.engine.name
    last = next(event for event in reversed(heard.progress.events) if event.address == address)
    if last.operation == "create" and identity and not in_state:
        return [f"{engine} import '{address}' '{identity}'"]
    if last.operation == "create" and not in_state:
        return [f"{address}: look in the live system whether it was created; if so: {engine} import '{address}' ID"]
    return [f"{address}: its {last.operation or 'change'} was begun; the next plan shows what became of it"]


def _ingest(prepared: Prepared, heard: _Heard) -> list[str]:
    """Writes a state that Terraform could not save, before anything reads the old one."""
    errored = save_errored_state(prepared, evidence_of(prepared.job))
    _remove_own_lock(prepared, heard)
    if errored is None:
        return []
    try:
        prepared.client.push(errored)
    except Rejected as error:
        return [f"{errored}: the backend has another state by now ({error.message}); compare them by hand"]
    _retire(errored, prepared)
    if prepared.kept is not None:
        prepared.kept.mirror()
    return []


def _retire(errored: Path, prepared: Prepared) -> None:
    """Kept as evidence, never pushed twice."""
    errored.rename(errored.with_name(f"{ERRORED}.written"))
    prepared.client.workdir.errored_state.unlink(missing_ok=True)


def _remove_own_lock(prepared: Prepared, heard: _Heard) -> None:
    """The dead process's lock: held by this user on this machine, taken when that apply began."""
    try:
        lock = prepared.client.lock()
    except TrueupError:
        return
    if lock is not None and _is_own(lock, heard):
        prepared.client.unlock(lock)


def _is_own(lock: Lock, heard: _Heard) -> bool:
    if heard.first is None or lock.holder != me() or "apply" not in lock.operation:
        return False
    created = datetime.fromisoformat(lock.created)
    slack = timedelta(seconds=5)
    return heard.first - slack <= created <= (heard.last or heard.first) + slack


def _secrets_in(state: JSON, resources: list[JSON]) -> list[tuple[JSON, JSON]]:
    pairs = [(each.get("values"), each.get("sensitive_values")) for each in resources]
    outputs = (state.get("values") or {}).get("outputs", {})
    return [*pairs, *((each.get("value"), each.get("sensitive")) for each in outputs.values())]
