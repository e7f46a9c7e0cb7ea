"""After a worker was lost in an apply: prove its connections gone, and read in the history what came to its end."""

import time
from collections.abc import Callable, Mapping, Sequence

from trueup.drivers.database.delivery.order import application_of
from trueup.drivers.database.delivery.progress import ProgressTable, resumable, without_left_behind
from trueup.drivers.database.delivery.walk import BEGINNING
from trueup.drivers.database.dialect import Backend, Database
from trueup.drivers.database.history.history import Row, resolve
from trueup.drivers.database.history.records import identity_of, resources_of
from trueup.drivers.database.session.open import Opened
from trueup.drivers.database.session.secrets import hidden
from trueup.model.plan import Address, Applied, Outcome, Resource, StepId
from trueup.ports.driver import Evidence, JournalEntry

PATIENCE = 15
"""Seconds. A server that looks after its client every two of them has ended a dead worker's statement long before."""


def recover(opened: Opened, journal: Sequence[JournalEntry], pause: Callable[[float], None] = time.sleep) -> Evidence:
    """Concludes nothing by guessing: a migration whose row is there happened, whole, since both are one transaction;
    one without a row did not. What was in the middle of several parts says so itself."""
    left = _left(opened.database, application_of(opened.job), pause)
    if left:
        return Evidence(False, None, tuple(_still_there(each) for each in left))
    rows = opened.database.rows(opened.table) or ()
    settled = opened.job.settled()
    begun = list(dict.fromkeys(Address(entry.step) for entry in journal if entry.event == "begin"))
    known = resources_of([row for row in rows if row.success])
    steps = {address: _outcome(address, known, settled) for address in begun if StepId(address) != BEGINNING}
    complete = bool(begun) and set(steps.values()) <= {Outcome.DONE} and not _pending(opened, rows)
    catalog = hidden(opened.job, without_left_behind(opened.look(), opened.database, opened.table))
    applied = Applied(
        complete,
        {**catalog, **known},
        steps,
        identity_of(rows),
        "" if complete else "the worker was lost during the apply",
    )
    return Evidence(True, applied, tuple(_advice(opened)))


def _left(database: Database, application: str, pause: Callable[[float], None]) -> tuple[Backend, ...]:
    """Connections of the lost worker, waited for as long as they may take to notice. Our own is none of them."""
    for tried in range(PATIENCE):
        if tried:
            pause(1)
        own = (database.backend.pid, database.backend.since)
        found = tuple(each for each in database.backends(application) if (each.pid, each.since) != own)
        if not found:
            return ()
    return found


def _still_there(backend: Backend) -> str:
    return (
        f"{backend} still works since {backend.since}: {backend.doing or 'nothing'}; when that worker is "
        f"known to be gone: SELECT pg_terminate_backend({backend.pid});"
    )


def _outcome(
    address: Address, known: Mapping[Address, Resource], settled: Mapping[Address, Resource] | None
) -> Outcome:
    """A repeatable's row was there before: then it says something else now, or nothing happened."""
    row = known.get(address)
    if row is None:
        return Outcome.FAILED
    before = (settled or {}).get(address)
    return Outcome.FAILED if before is not None and before.values == row.values else Outcome.DONE


def _pending(opened: Opened, rows: Sequence[Row]) -> bool:
    migrations = opened.migrations()
    stopped = ProgressTable(opened.database, opened.table).read()
    return bool(resolve(migrations, resumable(rows, stopped), migrations.settings).pending)


def _advice(opened: Opened) -> list[str]:
    table = ProgressTable(opened.database, opened.table)
    lines = []
    for each in table.read():
        state = f"{each.script}: {each.done} of {each.total} parts are done and stay done"
        if each.begun and not each.error:
            state += ", and one was begun of which nobody saw the end"
        lines.append(f"{state}; the next delivery goes on there")
        lines += [
            f"the index {name} is invalid; the next delivery drops it and builds it again"
            for name in sorted({*opened.database.invalid_indexes()} - {*each.invalid})
            if each.begun
        ]
    return lines
