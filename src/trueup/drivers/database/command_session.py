"""One plan of a database whose schema another tool manages: the tool's own SQL, and the catalog as it is."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from trueup.drivers.database.catalog.addresses import qualified
from trueup.drivers.database.command import Commands, commands, evidence_of, files_of
from trueup.drivers.database.session.open import Opened
from trueup.drivers.database.session.secrets import hidden
from trueup.drivers.database.snapshots import changed_between
from trueup.model.address import Address
from trueup.model.closure import Closure
from trueup.model.drift import Declined, Drift
from trueup.model.errors import Broken, Invalid, Place, Refused, Rejected, Unavailable
from trueup.model.plan import (
    Action,
    Applied,
    Basis,
    Finding,
    LiveIdentity,
    Outcome,
    Plan,
    PlannedChange,
    Resource,
    Step,
    StepId,
)
from trueup.model.values import Digest, digest_bytes
from trueup.ports.driver import Codification, Evidence, Job, Journal, JournalEntry
from trueup.ports.tree import Tree
from trueup.system.attempts import attempts, unproven

PATIENCE = 15.0
"""Seconds that an interrupted tool gets to end."""
PENDING = Address('migration."pending"')
"""Everything that the tool would run: it tells SQL, not which migrations that is."""


def closure_of(tree: Tree, path: str, spec: Any) -> Closure:
    """Raises Invalid for what `files:` names and is not there."""
    return Closure({file: digest_bytes(tree.read(file)) for file in files_of(tree, path, spec)})


class CommandObservation:
    """Reads only, as far as the tool's own `plan` command does."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def plan(self) -> Plan:
        job = self._opened.job
        if job.destroy:
            raise Refused(
                "a database is never destroyed from here", hint="drop it by hand, then `trueup stack forget` the stack"
            )
        database = self._opened.database
        with self._commands() as tool:
            sql, live, findings = tool.plan(), _identity(tool), _findings(tool, job)
        real = self._real()
        values = {"sql": job.redact(sql)}
        change = PlannedChange(PENDING, "migration", Action.CREATE, None, values, reason="what the tool would run")
        given = job.hash_secret([job.spec.model_dump(mode="json"), self._opened.url])
        return Plan(
            purpose=job.purpose,
            basis=Basis(
                job.tree.revision,
                closure_of(job.tree, job.path, job.spec),
                Digest(f"keyed:{given}"),
                live,
                database.version,
            ),
            changes=(change,) if sql else (),
            real=real,
            # What the tool's files make of an object, only the tool knows.
            sets=dict.fromkeys(real, frozenset[str]()),
            stored=real if job.settled() is None else None,
            steps=(Step(StepId("pending"), f"{job.spec.plan[0]}: what is pending", (PENDING,)),) if sql else (),
            findings=findings,
            artifact=self,
        )

    def _commands(self) -> AbstractContextManager[Commands]:
        job, url = self._opened.job, self._opened.url
        return commands(job, url, writes=self._opened.database.dialect.directories(url))

    def _real(self) -> Mapping[Address, Resource]:
        opened = self._opened
        names = opened.job.spec.history_tables
        tables = frozenset(qualified(schema, name) for schema in opened.schemas for name in names)
        return hidden(opened.job, opened.database.snapshot(opened.schemas, tables))


class CommandSession(CommandObservation):
    """Lets the tool apply what it told. Whether it takes a lock is its own affair."""

    def apply(self, plan: Plan, journal: Journal) -> Applied:
        if plan.artifact is not self:
            raise Broken("a session applies only what it planned itself")
        step = plan.steps[0].id
        outcome, error = Outcome.DONE, ""
        with self._commands() as tool:
            files = tool.attempt()
            journal.begin(step)
            try:
                tool.apply(files)
            except (Invalid, Rejected) as refused:
                outcome, error = Outcome.FAILED, refused.message
            except Unavailable as lost:
                outcome, error = Outcome.UNCERTAIN, lost.message
            try:
                real, live = self._real(), _identity(tool)
            except (Rejected, Unavailable) as unseen:
                # It may all be done, and nobody can look.
                outcome, error = Outcome.UNCERTAIN, error or unseen.message
                real, live = {}, LiveIdentity()
        outcomes = {PENDING: outcome}
        if outcome is Outcome.DONE:
            # No plan could tell what the tool would make: whatever is another one than right before it is its doing.
            outcomes |= dict.fromkeys(changed_between(plan.real, real), outcome)
        for address in sorted(outcomes):
            journal.report(step, address, outcome)
        journal.end(step)
        return Applied(outcome is Outcome.DONE, real, outcomes, live, error)


def declined(drifts: Sequence[Drift]) -> Codification:
    """In which language the tool keeps its migrations, only its users know."""
    reason = "another tool manages this schema, and its files are not written from here"
    suggestion = "write a migration of that tool which leads to what is live, and mark it as applied with the tool"
    return Codification({}, (), tuple(Declined(each.address, reason, suggestion) for each in drifts))


def recover(job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
    """Proves the tool gone that a lost worker started. What that did, only the tool can tell."""
    begun = any(entry.event == "begin" for entry in journal)
    if why := unproven(attempts(evidence_of(job)), begun=begun, seconds=PATIENCE):
        return Evidence(False, None, (why,))
    asking = f": `{' '.join(job.spec.history)}`" if job.spec.history else ""
    advice = f"ask the tool how far it came{asking}; then `trueup stack deliver {job.name} --reason ...` plans the rest"
    return Evidence(True, None, (advice,) if begun else ())


def _identity(tool: Commands) -> LiveIdentity:
    return LiveIdentity({"history": digest_bytes(tool.history().encode())})


def _findings(tool: Commands, job: Job[Any]) -> tuple[Finding, ...]:
    checked = tool.check()
    if checked.passed:
        return ()
    return (
        Finding(
            "check-failed",
            f"`{' '.join(job.spec.check)}` says that the files are not valid: {checked.text.strip()}",
            Place(job.path),
            hint="run it yourself in that directory",
            stops=True,
        ),
    )
