"""Metrics: what the store says of the site, asked for at every scrape, and how long requests took."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from trueup.engine.alarms import is_unheard
from trueup.engine.signals import Heard, heard_in
from trueup.model.drift import Check, Drift, DriftState
from trueup.model.notice import SERVICES, Notification, NotificationState
from trueup.model.stack import Stack, StackId, Standing
from trueup.ports.store import Store
from trueup.settings import CHECK_OVERDUE, SILENT_SECONDS
from trueup.stages.trend import NOBODY
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Metric:
    name: str
    type: Literal["gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric("trueup_stacks", "gauge", "Stacks by environment and standing.", ("environment", "standing")),
    Metric("trueup_runs", "gauge", "Runs by kind and state.", ("kind", "state")),
    Metric("trueup_drifts_open", "gauge", "Drifts that nobody has resolved, by environment.", ("environment",)),
    Metric(
        "trueup_drifts_open_by_owner",
        "gauge",
        "The same, by environment, severity and owner; one of several owners counts for each.",
        ("environment", "severity", "owner"),
    ),
    Metric(
        "trueup_drifts_breached",
        "gauge",
        "Of these, drifts that were not decided before their deadline, by environment.",
        ("environment",),
    ),
    Metric(
        "trueup_drift_oldest_age_seconds",
        "gauge",
        "Seconds since the oldest drift that is neither resolved nor tolerated was first seen; 0 without one.",
        ("environment",),
    ),
    Metric(
        "trueup_notifications", "gauge", "Notifications of the last 30 days by service and state.", ("service", "state")
    ),
    Metric(
        "trueup_notifications_waiting_seconds",
        "gauge",
        "Seconds that the oldest pending notification has waited; 0 without one.",
    ),
    Metric("trueup_checks_overdue", "gauge", "Stacks whose check is more than 10 minutes late.", ("environment",)),
    Metric(
        "trueup_checks_vouched",
        "gauge",
        "Stacks that are unchanged since their newest plan, by an equal state and a log that is heard.",
        ("environment",),
    ),
    Metric("trueup_checks_failed", "gauge", "Stacks whose newest check failed.", ("environment",)),
    Metric(
        "trueup_check_age_seconds",
        "gauge",
        "Seconds since the newest completed check of an environment; +Inf when there never was one.",
        ("environment",),
    ),
    Metric(
        "trueup_check_oldest_age_seconds",
        "gauge",
        "Seconds since a check completed, of the stack where that is longest ago; +Inf when it never did.",
        ("environment",),
    ),
    Metric(
        "trueup_signals",
        "gauge",
        "Events handed in, by source and what became of them.",
        ("source", "outcome"),
    ),
    Metric("trueup_signals_age_seconds", "gauge", "Seconds since the newest event of a source.", ("source",)),
    Metric("trueup_signals_blind", "gauge", "1 while a source has been silent for too long.", ("source",)),
    Metric(
        "trueup_drifts_unheard",
        "gauge",
        "Open drifts that no event told of, although their source was heard all the time.",
    ),
    Metric("trueup_workers", "gauge", "Workers that were heard of in the last minute."),
    Metric("trueup_workers_silent", "gauge", "Workers that fell silent and were not taken over yet."),
    Metric("trueup_leases", "gauge", "Stacks that a run holds right now."),
    Metric("trueup_ledger_entries", "gauge", "Entries of the ledger."),
    Metric(
        "trueup_http_request_seconds",
        "histogram",
        "How long requests took, by method, route and status.",
        ("method", "route", "status"),
    ),
)
"""Every metric; a test compares them with what is exposed."""

Values = Mapping[tuple[str, ...], float]
_BY_NAME = {metric.name: metric for metric in METRICS}
BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class HttpTimes:
    def __init__(self, registry: CollectorRegistry) -> None:
        # The birth of each counter would be a metric more, that nobody asked for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        metric = _BY_NAME["trueup_http_request_seconds"]
        self._times = Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=BUCKETS)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._times.labels(method, route, str(status)).observe(seconds)


class SiteCollector(Collector):
    """Reads the store once for each scrape: several processes tell the same."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def describe(self) -> Sequence[GaugeMetricFamily]:
        return []  # registering must not read the database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._store.transaction() as tx:
            stacks = [stack for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN]
            runs, drifts, size = tx.run_counts(), without_ignored(tx.drifts()), tx.size()
            checks = {check.stack: check for check in tx.checks()}
            heard = tuple(heard_in(tx))
            notified, heads = tx.notification_counts(), tx.notification_heads()
        environments = {stack.id: stack.environment for stack in stacks}
        standings: Counter[tuple[str, ...]] = Counter((stack.environment, str(stack.standing)) for stack in stacks)
        yield _gauge("trueup_stacks", standings)
        yield _gauge("trueup_runs", {(str(kind), str(state)): count for (kind, state), count in runs.items()})
        yield _gauge("trueup_drifts_open", _open(environments, drifts))
        yield from _of_drifts(environments, drifts, self._clock.now())
        yield from _of_notifications(notified, heads, self._clock.now())
        yield from _of_checks(stacks, checks, self._clock.now())
        yield from _of_signals(heard, drifts, self._clock.now())
        silent = len(self._store.workers(silent_for=SILENT_SECONDS))
        yield _gauge("trueup_workers", {(): len(self._store.workers()) - silent})
        yield _gauge("trueup_workers_silent", {(): silent})
        held = [stack for stack in self._store.leases() if stack in environments]
        yield _gauge("trueup_leases", {(): len(held)})
        yield _gauge("trueup_ledger_entries", {(): size})


def is_overdue(check: Check, now: datetime) -> bool:
    return check.due_at + CHECK_OVERDUE < now


def without_ignored(drifts: Sequence[Drift]) -> list[Drift]:
    return [drift for drift in drifts if drift.state is not DriftState.IGNORED]


def _open(environments: Mapping[StackId, str], drifts: Sequence[Drift]) -> Values:
    """An environment without drift says 0: a missing line would look the same as a missing answer."""
    found: Counter[tuple[str, ...]] = Counter({(environment,): 0 for environment in environments.values()})
    found.update((environments[drift.stack],) for drift in drifts if drift.stack in environments)
    return found


def _of_drifts(
    environments: Mapping[StackId, str], drifts: Sequence[Drift], now: datetime
) -> Iterator[GaugeMetricFamily]:
    here = [(environments[drift.stack], drift) for drift in drifts if drift.stack in environments]
    owned: dict[tuple[str, ...], float] = {(env, "structural", NOBODY): 0 for env in environments.values()}
    for env, drift in here:
        for owner in drift.owner or (NOBODY,):
            place = (env, str(drift.severity), owner)
            owned[place] = owned.get(place, 0) + 1
    yield _gauge("trueup_drifts_open_by_owner", owned)
    breached: dict[tuple[str, ...], float] = {(environment,): 0 for environment in environments.values()}
    oldest = dict(breached)
    for env, drift in here:
        breached[env,] += drift.breached_at is not None
        if drift.state is not DriftState.TOLERATED:
            oldest[env,] = max(oldest[env,], (now - drift.first_seen).total_seconds())
    yield _gauge("trueup_drifts_breached", breached)
    yield _gauge("trueup_drift_oldest_age_seconds", oldest)


def _of_notifications(
    counts: Mapping[tuple[str, NotificationState], int], heads: Sequence[Notification], now: datetime
) -> Iterator[GaugeMetricFamily]:
    """Every service says 0 of what it has none of: `dead` is what one alerts on."""
    found: dict[tuple[str, ...], float] = {(each, str(state)): 0 for each in SERVICES for state in NotificationState}
    found |= {(service, str(state)): count for (service, state), count in counts.items()}
    yield _gauge("trueup_notifications", found)
    waited = max(((now - each.created_at).total_seconds() for each in heads), default=0.0)
    yield _gauge("trueup_notifications_waiting_seconds", {(): max(0.0, waited)})


def _of_checks(stacks: Sequence[Stack], checks: Mapping[StackId, Check], now: datetime) -> Iterator[GaugeMetricFamily]:
    names = sorted({stack.environment for stack in stacks})
    overdue: dict[tuple[str, ...], float] = {(name,): 0 for name in names}
    failed, vouched = dict(overdue), dict(overdue)
    ages: dict[str, list[float]] = {name: [] for name in names}
    for stack in stacks:
        check = checks.get(stack.id)
        done = check.completed_at if check else None
        ages[stack.environment].append((now - done).total_seconds() if done else math.inf)
        overdue[stack.environment,] += check is None or is_overdue(check, now)
        vouched[stack.environment,] += check is not None and check.vouched_at is not None
        failed[stack.environment,] += check is not None and check.state == "failed"
    yield _gauge("trueup_checks_overdue", overdue)
    yield _gauge("trueup_checks_failed", failed)
    yield _gauge("trueup_checks_vouched", vouched)
    yield _gauge("trueup_check_age_seconds", {(name,): min(found) for name, found in ages.items()})
    yield _gauge("trueup_check_oldest_age_seconds", {(name,): max(found) for name, found in ages.items()})


def _of_signals(heard: Sequence[Heard], drifts: Sequence[Drift], now: datetime) -> Iterator[GaugeMetricFamily]:
    counts: Values = {(each.source, name): count for each in heard for name, count in asdict(each.counts).items()}
    yield _gauge("trueup_signals", counts)
    yield _gauge("trueup_signals_age_seconds", {(each.source,): (now - each.at).total_seconds() for each in heard})
    yield _gauge("trueup_signals_blind", {(each.source,): each.blind_since is not None for each in heard})
    yield _gauge("trueup_drifts_unheard", {(): sum(is_unheard(drift, heard, now) for drift in drifts)})


def _gauge(name: str, values: Values) -> GaugeMetricFamily:
    metric = _BY_NAME[name]
    family = GaugeMetricFamily(name, metric.help, labels=metric.labels)
    for labels, value in sorted(values.items()):
        family.add_metric(labels, value)
    return family
