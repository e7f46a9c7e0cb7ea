"""Offices: what the API asks for that only adapters can do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trueup.adapters.ledger.export import BRANCH, LedgerBranch
from trueup.engine.catalog import CONTROL
from trueup.engine.scheduler import Scheduler
from trueup.model.errors import Invalid, TrueupError
from trueup.model.notice import NotificationState
from trueup.model.plan import Finding
from trueup.model.values import JSON
from trueup.ports.store import LedgerFilter
from trueup.render.encoding import to_json
from trueup.system.merkle import Proofs
from trueup.system.remotes import Remote
from trueup.web.offices import Inclusion, Offices
from trueup.wiring.assembly import Installation
from trueup.wiring.registry import drivers

EVERYTHING = 10**9
KEY_BACKUP = "key-backup.json"
"""Written by `trueup doctor --backed-up`, when a person says so."""


def offices(installed: Installation, scheduler: Scheduler) -> Offices:
    return Offices(
        refresh=scheduler.refresh,
        verify_ledger=installed.store.verify_ledger,
        prove=lambda seq: _inclusion(installed, seq),
        export_ledger=lambda repository: _export(installed, repository),
        trail=_no_trail,
        doctor=lambda: _doctor(installed, scheduler),
        findings=lambda: _findings(installed, scheduler),
    )


def _inclusion(installed: Installation, seq: int) -> Inclusion:
    with installed.store.transaction() as tx:
        entries = tx.entries(LedgerFilter(limit=EVERYTHING))
    if seq >= len(entries):
        raise Invalid(f"the ledger has no entry {seq}", hint=f"its newest one is {len(entries) - 1}")
    proofs = Proofs([bytes.fromhex(entry.leaf) for entry in entries])
    path = tuple(each.hex() for each in proofs.inclusion(seq))
    return Inclusion(seq, entries[seq].leaf, len(entries), proofs.root.hex(), path)


def _export(installed: Installation, repository: str) -> JSON:
    """Signed commits in a bare repository of ours, pushed to a branch of theirs, never by force."""
    installed.store.checkpoint()
    directory = installed.options.data / "ledger.git"
    branch = LedgerBranch(installed.repositories.git, directory, installed.key)
    done = branch.export(installed.store)
    place = _remote(installed, repository)
    if done.commit:
        with installed.repositories.branch_of(place, directory) as outgoing:
            outgoing.push(done.commit, BRANCH)
    return {"repository": place.url, "branch": BRANCH, "commit": done.commit, "size": done.size, "new": done.new}


def _remote(installed: Installation, repository: str) -> Remote:
    catalog = installed.site.catalog
    if repository:
        return catalog.mirror(repository).remote
    home = next(key for key, each in catalog.manifest.repositories.items() if each.is_control)
    return catalog.mirror(home).remote


def _no_trail() -> Iterable[Mapping[str, Any]]:
    raise Invalid(
        "give the cloud's records: one CloudTrail record a line",
        hint="trueup audit-self --trail FILE; for AWS: `aws cloudtrail lookup-events`, or your trail's bucket",
    )


def _doctor(installed: Installation, scheduler: Scheduler) -> JSON:
    look = scheduler.look
    return {
        "drivers": sorted(drivers()),
        "formats": sorted(key for driver in drivers().values() for key in driver.specs),
        "database": installed.options.database_url.partition("@")[2] or installed.options.database_url,
        "data": str(installed.options.data),
        "key": installed.seal.key_id,
        "key_backed_up": (installed.options.data / KEY_BACKUP).is_file(),
        "control_repository": installed.options.repository,
        "looked_at": scheduler.looked_at,
        "git": {name: str(error) for name, error in (look.errors if look else {}).items()},
        "notifications": _undelivered(installed),
        "signals": [to_json(each) for each in installed.site.signals.heard()],
        "workers": [worker.id for worker in installed.store.workers()],
    }


def _undelivered(installed: Installation) -> JSON:
    """What waits and what nobody took, by service; nothing where all is well."""
    with installed.store.transaction() as tx:
        counts = tx.notification_counts()
    wanted = (NotificationState.PENDING, NotificationState.DEAD)
    found = {f"{service} {state}": count for (service, state), count in counts.items() if state in wanted}
    dead = any(state is NotificationState.DEAD for _, state in counts)
    return {**found, **({"look": "trueup notifications list --state dead"} if dead else {})}


def _findings(installed: Installation, scheduler: Scheduler) -> Sequence[Finding]:
    """What is wrong with the control repository now; the last good manifest governs meanwhile."""
    look = scheduler.look or scheduler.refresh()
    errors = [
        Finding("control" if name == CONTROL else f"repository.{name}", error.message, error.place, error.hint, True)
        for name, error in look.errors.items()
    ]
    try:
        return [*errors, *installed.site.catalog.manifest.findings]
    except TrueupError:
        return errors
