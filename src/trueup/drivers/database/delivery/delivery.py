"""Delivering a plan: take Flyway's lock, see once more what was planned, and walk through what is pending."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trueup.drivers.database.delivery.order import Delivery
from trueup.drivers.database.delivery.parts import require_resumable
from trueup.drivers.database.delivery.patience import Manner
from trueup.drivers.database.delivery.progress import ProgressTable
from trueup.drivers.database.delivery.run import Runner
from trueup.drivers.database.delivery.settled import moved
from trueup.drivers.database.delivery.walk import Walk
from trueup.drivers.database.delivery.watch import Deadline
from trueup.drivers.database.delivery.ways import Way
from trueup.drivers.database.dialect import Database, Held, Patience
from trueup.drivers.database.history.records import identity_of
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.errors import Rejected, Unavailable
from trueup.model.plan import Applied, Plan, StepId
from trueup.ports.driver import Journal

NOTHING = StepId("nothing")
"""The step of an apply that has nothing to do."""
QUICK = 0.2
"""Seconds. A snapshot that takes longer is not taken in a transaction that holds locks, but behind it."""


def apply(delivery: Delivery, plan: Plan, journal: Journal) -> Applied:
    """Raises Invalid, Refused, Rejected and Unavailable while nothing has begun, LostLease whenever it shows;
    everything else is in the answer."""
    if not delivery.pending and not plan.changes:
        journal.begin(NOTHING)
        journal.end(NOTHING)
        return Applied(True, plan.real, {}, plan.basis.live)
    ways = delivery.ways()
    with holding(delivery) as (database, held):
        before, quick = look_again(delivery, plan, database, ways)
        delivery = delivery.with_schemas(database)
        walk = Walk(delivery, plan, journal, ways, runner_of(delivery, database, held), before, quick)
        return walk.through()


@contextmanager
def holding(delivery: Delivery) -> Iterator[tuple[Database, Held]]:
    """Flyway's lock, and a connection that writes. Raises Unavailable, Rejected."""
    options = delivery.options
    retries = delivery.migrations.settings.lock_retries

    def wait() -> None:
        if delivery.job.fence is not None:
            delivery.job.fence.renew()
        delivery.pause(1)

    patience = Patience(retries, wait)
    with (
        delivery.dialect.held(delivery.url, delivery.table, options, patience) as held,
        delivery.dialect.connect(delivery.url, options) as database,
    ):
        yield database, held


def runner_of(delivery: Delivery, database: Database, held: Held) -> Runner:
    job, settings = delivery.job, delivery.migrations.settings
    manner = Manner(
        deadline=Deadline(job.fence, (job.spec.apply_timeout or job.limits.apply).total_seconds()),
        log=job.log,
        by=settings.installed_by or database.user,
        retries=job.spec.retries,
        expected_seconds=job.spec.expected_time.total_seconds(),
        reader=delivery.reader,
        pause=delivery.pause,
    )
    return Runner(database, held, delivery.table, delivery.migrations, manner, list(delivery.rows or ()))


def look_again(delivery: Delivery, plan: Plan, database: Database, ways: Sequence[Way]) -> tuple[Snapshot, bool]:
    """Under the lock, before anything is begun: is everything as it was planned?"""
    if database.read_only:
        raise Rejected(
            "the server is a read-only replica, or set to read only",
            hint="name the primary in the URL; a replica does for `planUrl`",
        )
    rows = database.rows(delivery.table)
    if identity_of(rows) != identity_of(delivery.rows):
        raise Unavailable("migrations ran since this was planned", hint="it is planned again")
    began = time.monotonic()
    now = delivery.look(database)
    quick = time.monotonic() - began < QUICK
    others = moved(plan, now)
    if others:
        raise Unavailable(
            f"somebody changed {', '.join(sorted(others)[:3])} since this was planned", hint="it is planned again"
        )
    progress = ProgressTable(database, delivery.table)
    for way in ways:
        if not way.in_transaction and way.migration.address not in delivery.imported:
            require_resumable(way, progress)
    return now, quick
