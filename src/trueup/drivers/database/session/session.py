"""One plan, or one plan and its apply, against a live database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trueup.drivers.database.delivery.delivery import apply as deliver
from trueup.drivers.database.delivery.progress import done_of, left_of
from trueup.drivers.database.delivery.ways import way_of
from trueup.drivers.database.history.history import NewRow, Row, script_of
from trueup.drivers.database.history.records import identity_of, wanted
from trueup.drivers.database.migrations.migrations import Migration, Migrations
from trueup.drivers.database.rehearsal.checks import examined
from trueup.drivers.database.rehearsal.rehearsal import Trial
from trueup.drivers.database.scratch.cluster import NoScratch
from trueup.drivers.database.session.bench import bench
from trueup.drivers.database.session.history import Beside, beside, catalog_of
from trueup.drivers.database.session.open import Opened, reader_of
from trueup.drivers.database.session.plan import Looked, parts
from trueup.drivers.database.session.read import Read, begins, closure_of, has_objects, read_now
from trueup.drivers.database.session.secrets import hidden, hide, revealed
from trueup.drivers.database.session.trial import Effect, Foreseen, Question, foresee
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.errors import Broken, Refused
from trueup.model.plan import Action, Address, Applied, Basis, Finding, Plan, Resource
from trueup.model.values import Digest
from trueup.ports.driver import Job, Journal


@dataclass(frozen=True, eq=False)
class Artifact:
    """What a session needs to apply its own plan."""

    session: "DatabaseObservation"
    migrations: Migrations
    pending: Sequence[Migration]
    """In the order in which they are applied."""
    imported: frozenset[Address]
    """Of those, the ones that are only written into the history."""
    rows: Sequence[Row] | None
    """The history as it was planned with; None: there is no table."""
    first: NewRow | None
    """The baseline row that comes before all of them."""
    foreseen: bool
    """What the migrations do to the catalog is among the plan's changes."""


class DatabaseObservation:
    """Reads only: the server refuses whatever else such a connection asks for."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    @property
    def job(self) -> Job[Any]:
        return self._opened.job

    def plan(self) -> Plan:
        job = self.job
        if job.destroy:
            raise Refused(
                "a database is never destroyed from here", hint="drop it by hand, then `trueup stack forget` the stack"
            )
        read = read_now(self._opened)
        settled = job.settled()
        shown = hidden(job, read.real)
        foreseen, extra = self._foreseen(read, settled, shown)
        looked = Looked(read.migrations, read.in_effect, read.resolved, shown, settled)
        rows_to_come = {each.address: wanted(each) for each in read.resolved.pending}
        examined = self._examined(read, foreseen)
        made = parts(looked, foreseen, rows_to_come)
        changes = (*made.changes, *([begins(read.first)] if read.first is not None else []))
        return Plan(
            purpose=job.purpose,
            basis=self._basis(read),
            changes=tuple(sorted(changes, key=lambda change: change.address)),
            real=made.real,
            sets=made.sets,
            ignored=made.ignored,
            explained=made.explained,
            stored=made.real if settled is None else None,
            unseen=made.unseen,
            steps=made.steps,
            findings=(*read.findings, *extra, *_once((*examined, *made.findings))),
            artifact=Artifact(
                self,
                read.migrations,
                read.resolved.pending,
                frozenset(each.address for each in made.changes if each.action is Action.NOTHING),
                read.rows,
                read.first,
                not extra and len(foreseen.effects) + len(foreseen.imported) == len(read.resolved.pending),
            ),
        )

    def _foreseen(self, read: Read, settled: Snapshot | None, shown: Snapshot) -> tuple[Foreseen, tuple[Finding, ...]]:
        """What a scratch database says; without one, only what the history does."""
        opened = self._opened
        known = revealed(catalog_of(settled), read.real, shown) if settled is not None else None
        question = Question(
            known,
            read.real,
            (*beside(read.in_effect, read.migrations, settled), *self._begun(read)),
            self._left(read),
            self._owner(read.rows or ()),
        )
        if not question.pending and not (question.beside and known != read.real):
            return Foreseen(), ()
        try:
            scope = replace(opened.scope, around=read.migrations.callbacks)
            with bench(opened.job, opened.database, scope) as scratch:
                return self._hidden(foresee(question, scratch)), ()
        except NoScratch as error:
            return Foreseen(), (_blind(error, question),)

    def _left(self, read: Read) -> Sequence[Migration]:
        """What is pending; of a migration that stopped in the middle, what it did not come to."""
        stopped = {each.script: each for each in read.stopped}
        if not stopped:
            return read.resolved.pending
        dialect = self._opened.database.dialect

        def left(each: Migration) -> Migration:
            progress = stopped.get(script_of(each))
            if progress is None:
                return each
            return left_of(way_of(each, dialect, read.migrations.settings), progress)

        return [left(each) for each in read.resolved.pending]

    def _begun(self, read: Read) -> Iterator[Beside]:
        """What migrations that stopped in the middle did until then."""
        for progress in read.stopped:
            row = next((each for each in read.rows or () if each.script == progress.script and not each.success), None)
            found = (each for each in read.resolved.pending if script_of(each) == progress.script)
            migration = next(found, None)
            if row is not None and migration is not None:
                way = way_of(migration, self._opened.database.dialect, read.migrations.settings)
                yield Beside(row, done_of(way, progress))

    def _examined(self, read: Read, foreseen: Foreseen) -> tuple[Finding, ...]:
        """What lint and a rehearsal say, where somebody reads it or has to agree."""
        opened, spec = self._opened, self.job.spec
        if self.job.purpose not in ("proposal", "delivery"):
            return ()
        imported = {each.address for each in foreseen.imported}
        trial = Trial(
            dialect=opened.database.dialect,
            migrations=read.migrations,
            pending=[each for each in self._left(read) if each.address not in imported],
            structure=read.real if has_objects(read.real) else None,
            schemas=opened.schemas,
            skip=opened.scope.skip,
            search_path=opened.scope.search_path,
            expected=spec.expected_time,
            undo_required=spec.undo_required,
            undo_waived=spec.undo_waived,
            from_nothing=self.job.purpose == "proposal",
        )
        return examined(self.job, opened.database, trial)

    def _hidden(self, foreseen: Foreseen) -> Foreseen:
        job = self.job
        return Foreseen(
            foreseen.imported,
            {address: hide(job, values) for address, values in foreseen.explained.items()},
            tuple(Effect(each.migration, each.touched) for each in foreseen.effects),
            {
                address: None if each is None else Resource(each.kind, hide(job, each.values), each.identity)
                for address, each in foreseen.desired.items()
            },
            foreseen.findings,
        )

    def _owner(self, rows: Sequence[Row]) -> str:
        """Who will own what migrations create. Where another role plans than the one that applies: whoever ran the
        newest one, else the database's owner, so that both plans say the same."""
        database = self._opened.database
        if database.dialect.name != "postgresql":
            return ""
        if self.job.spec.plan_url is None:
            return database.user
        roles = {name for (name,) in database.query("SELECT rolname FROM pg_roles")}
        newest = next((row.installed_by for row in reversed(rows) if row.installed_by in roles), "")
        if newest:
            return newest
        ((owner,),) = database.query(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        )
        return str(owner)

    def _basis(self, read: Read) -> Basis:
        job, database = self.job, self._opened.database
        given = [job.spec.model_dump(mode="json"), dict(read.migrations.settings.placeholders), self._opened.values()]
        return Basis(
            revision=job.tree.revision,
            closure=closure_of(job.tree, read.migrations),
            inputs=Digest(f"keyed:{job.hash_secret(given)}"),
            live=identity_of(read.rows),
            engine=database.version,
        )


class DatabaseSession(DatabaseObservation):
    """May write: its connection is the one that plans, and a delivery opens its own ones under Flyway's lock."""

    def apply(self, plan: Plan, journal: Journal) -> Applied:
        artifact, opened = plan.artifact, self._opened
        if not isinstance(artifact, Artifact) or artifact.session is not self:
            raise Broken("a session applies only what it planned itself")
        delivery = replace(
            opened.delivery(artifact.migrations, artifact.rows),
            pending=tuple(artifact.pending),
            imported=artifact.imported,
            first=() if artifact.first is None else (artifact.first,),
            foreseen=artifact.foreseen,
            reader=reader_of(opened),
        )
        return deliver(delivery, plan, journal)


def _once(findings: Sequence[Finding]) -> Iterator[Finding]:
    """A rehearsal meets some of what a trial met too, and says it better."""
    said: set[tuple[str, str]] = set()
    for each in findings:
        key = (each.code, each.place.file if each.place else "")
        if each.code not in ("migration-fails", "migration-needs-rows") or key not in said:
            yield each
        said.add(key)


def _blind(error: NoScratch, question: Question) -> Finding:
    what = [
        *([f"what {len(question.pending)} pending migrations do"] if question.pending else []),
        *(["whether what ran beside Trueup made everything that is live"] if question.beside else []),
    ]
    return Finding(
        "not-foreseen",
        f"without a scratch database nobody can say {' or '.join(what)}: {error.message}",
        hint=error.hint,
    )
