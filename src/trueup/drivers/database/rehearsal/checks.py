"""What lint and a rehearsal say of what is pending: the findings of a proposal, and the approvals of a delivery."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from trueup.drivers.database.dialect import Database
from trueup.drivers.database.lint.lint import Circumstances, lint
from trueup.drivers.database.rehearsal.rehearsal import Trial, rehearse
from trueup.drivers.database.rehearsal.run import STRONGEST, Tried
from trueup.drivers.database.scratch.cluster import NoScratch
from trueup.drivers.database.scratch.scratch import scratch
from trueup.model.errors import Place
from trueup.model.plan import Finding
from trueup.ports.driver import Job
from trueup.render.values import counted


def examined(job: Job[Any], database: Database, trial: Trial, *, delivered: bool = True) -> tuple[Finding, ...]:
    """Nothing where nothing is pending. Without a scratch database only what lint says; that there is none, the plan
    says itself. `delivered`: Trueup applies the files (and sets the timeouts). Raises Invalid, Unavailable."""
    if not trial.pending:
        return ()
    mixed = trial.migrations.settings.mixed
    about = Circumstances(
        major=database.major,
        real=trial.structure or {},
        schema=trial.search_path[0] if trial.search_path else database.schema,
        delivered=delivered,
        mixed=mixed,
    )
    linted = lint(trial.pending, database.dialect, about)
    try:
        with scratch(job, database.dialect, database.major, database.identity) as server:
            rehearsal = rehearse(server, trial)
    except NoScratch:
        return linted
    return (*rehearsal.confirmed(linted), *rehearsal.findings, *shown(rehearsal.steps))


def shown(steps: Sequence[Tried]) -> tuple[Finding, ...]:
    """Time and locks of each new file, for people who read the change request."""
    findings = []
    for script, several in groupby(steps, key=lambda each: each.script):
        tried = list(several)
        lines = [_line(each) for each in tried]
        total = sum(each.milliseconds for each in tried)
        said = f"{counted(len(tried), 'statement', 'statements')}, {total:.0f} ms on scratch\n" + "\n".join(lines)
        findings.append(Finding("rehearsed", said, Place(script)))
    return tuple(findings)


def _line(tried: Tried) -> str:
    """`12: 3 ms, AccessExclusiveLock on users: ALTER TABLE users ...`"""
    locks = sorted({(lock.mode != STRONGEST, lock.mode, lock.relation) for lock in tried.locks})
    parts = ["not tried" if tried.skipped else f"{tried.milliseconds:.0f} ms"]
    parts += [f"{mode} on {relation}" for _, mode, relation in locks]
    parts += [f"writes {relation} anew" for relation in tried.rewrites]
    return f"  {tried.place.line}: {', '.join(parts)}: {tried.title}"
