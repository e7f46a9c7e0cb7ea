"""Rehearsal: the whole chain, production's structure and every new rollback, tried on scratch before anybody merges."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from trueup.drivers.database.catalog.addresses import identifier
from trueup.drivers.database.dialect import Database, Dialect, Options
from trueup.drivers.database.history.history import resolve
from trueup.drivers.database.lint.waivers import found, waivers
from trueup.drivers.database.migrations.callbacks import BEFORE, BEHIND
from trueup.drivers.database.migrations.migrations import Migration, Migrations
from trueup.drivers.database.rehearsal.compare import differing, differing_shape
from trueup.drivers.database.rehearsal.run import STRONGEST, Runner, Tried, is_enum_value, runner
from trueup.drivers.database.scratch.needs import Needs, needs
from trueup.drivers.database.scratch.rebuild import rebuild
from trueup.drivers.database.scratch.scratch import Scratch
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.errors import Place, Rejected, TrueupError
from trueup.model.plan import Finding

CONFIRMABLE = frozenset({"type-change", "volatile-default"})
"""Lint codes that say "the table is written anew", which scratch knows better."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is to be tried."""

    dialect: Dialect
    migrations: Migrations
    pending: Sequence[Migration]
    """Not settled yet, in the order in which they would run."""
    structure: Snapshot | None
    """Production's, without the history. None: nobody looked, or there is none yet."""
    schemas: Collection[str]
    skip: frozenset[str] = frozenset()
    """Of the snapshot: the history table."""
    search_path: tuple[str, ...] = ()
    expected: timedelta = timedelta(minutes=1)
    """The longest that one migration may take."""
    undo_required: bool = True
    undo_waived: Mapping[str, str] = field(default_factory=dict)
    """Version to reason."""
    from_nothing: bool = True
    """Also the whole chain; without a structure always."""


@dataclass(frozen=True)
class Rehearsal:
    steps: tuple[Tried, ...]
    """Of what is pending, in the run on production's structure; without that, in the chain."""
    findings: tuple[Finding, ...]
    chain: Snapshot | None
    """The catalog after the whole chain; None when it did not get there."""

    def confirmed(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Lint's findings without those that this run disproves: what was said to write a table anew and did not."""
        tame = [each for each in self.steps if not each.rewrites and not each.skipped]

        def disproved(one: Finding) -> bool:
            return one.code in CONFIRMABLE and one.place is not None and any(_holds(each, one.place) for each in tame)

        return tuple(each for each in findings if not disproved(each))


def rehearse(scratch: Scratch, trial: Trial) -> Rehearsal:
    """Raises NoScratch, Unavailable; what the database refuses is a finding."""
    run = _Run(scratch, trial)
    whole = trial.from_nothing or trial.structure is None
    chain = run.chain(traced=trial.structure is None) if whole else None
    if trial.structure is not None:
        end = run.on_structure(trial.structure)
        if chain is not None and end is not None and (names := differing_shape(chain, end)):
            run.say("chain-differs", _listed(names), None)
    return Rehearsal(tuple(run.steps), tuple(run.findings), chain)


class _Stuck(Exception):
    """A rollback failed, so that what comes after it would not run on what it is for."""


class _Run:
    def __init__(self, scratch: Scratch, trial: Trial) -> None:
        self._scratch = scratch
        self._trial = trial
        self.steps: list[Tried] = []
        self.findings: list[Finding] = []

    def say(self, code: str, said: str, migration: Migration | None, place: Place | None = None, why: str = "") -> None:
        waived = why or (waivers(migration.sql).get(code, "") if migration else "")
        where = place or (migration.place if migration else Place(self._anywhere))
        self.findings.append(found(code, said, where, waived))

    @property
    def _anywhere(self) -> str:
        files = self._trial.migrations.files
        return files[0].path if files else ""

    def chain(self, *, traced: bool) -> Snapshot | None:
        """Every file from nothing, as a new database would get them."""
        trial = self._trial
        files = resolve(trial.migrations, (), trial.migrations.settings).pending
        new = {each.path for each in trial.pending}
        wanted = self._needs(files) if trial.dialect.name == "postgresql" else needs(())
        with self._fresh(wanted.roles) as (database, run):
            if trial.dialect.name == "postgresql":
                for schema in {*trial.schemas} - wanted.schemas:
                    database.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            self._callbacks(run, BEFORE)
            # New versions may be late: old ones come after them.
            begin = next((at for at, each in enumerate(files) if traced and each.path in new), len(files))
            if refused := run.through(files[:begin]):
                self._broken(*refused, is_new=refused[0].path in new)
                return None
            for migration in files[begin:]:
                try:
                    if migration.path in new:
                        self._new(database, run, migration)
                    else:
                        run.at_once(migration)
                except Rejected as error:
                    self._broken(migration, error, is_new=migration.path in new)
                    return None
                except _Stuck:
                    return None
            self._callbacks(run, BEHIND)
            return self._look(database)

    def on_structure(self, structure: Snapshot) -> Snapshot | None:
        """What is pending, on production's structure: late versions and schemas that no chain rebuilds work too."""
        with self._fresh(self._needs(self._trial.pending).roles) as (database, run):
            rebuild(structure, self._scratch, database)
            self._callbacks(run, BEFORE)
            for migration in self._trial.pending:
                try:
                    self._new(database, run, migration)
                except Rejected as error:
                    self._fails(migration, error)
                    return None
                except _Stuck:
                    return None
            self._callbacks(run, BEHIND)
            return self._look(database)

    def _needs(self, files: Sequence[Migration]) -> Needs:
        around = (each.sql for each in self._trial.migrations.callbacks)
        return needs([*(each.sql for each in files), *around])

    def _callbacks(self, run: Runner, events: Sequence[str]) -> None:
        """Those of a delivery, once: grants and comments that they make are no difference from production's."""
        run.callbacks(each for event in events for each in self._trial.migrations.on(event))

    def _new(self, database: Database, run: Runner, migration: Migration) -> None:
        """Up with everything noted; where there is a rollback: down, and up again. Raises Rejected for the first."""
        undo = self._trial.migrations.undo_of(migration.version) if migration.version else None
        if undo is None:
            columns = run.columns()
            self._up(run, migration)
            now = run.columns()
            self._require_rollback(migration, [each for each, what in columns.items() if now.get(each) != what])
            return
        before = self._look(database)
        self._up(run, migration)
        self._there_and_back(database, run, (migration, undo), (before, self._look(database)))

    def _up(self, run: Runner, migration: Migration) -> None:
        tried = run.traced(migration)
        self.steps += tried
        self._judge(migration, tried)

    def _require_rollback(self, migration: Migration, columns: Sequence[str]) -> None:
        """Of columns that were there and are another thing now, or gone."""
        if not (columns and migration.version and self._trial.undo_required):
            return
        waived = self._trial.undo_waived
        reason = waived.get(str(migration.version), "") or waived.get(migration.version.canonical, "")
        self.say("rollback-missing", f"{migration}: {_listed(columns)}", migration, why=reason)

    def _there_and_back(
        self, database: Database, run: Runner, files: tuple[Migration, Migration], states: tuple[Snapshot, Snapshot]
    ) -> None:
        migration, undo = files
        before, after = states
        try:
            run.at_once(undo)
            back = self._look(database)
            run.at_once(migration)
            again = self._look(database)
        except Rejected as error:
            self.say("rollback-fails", error.message, undo, error.place)
            raise _Stuck from error
        if names := differing(before, back):
            self.say("rollback-incomplete", _listed(names), undo)
        elif names := differing(after, again):
            self.say("rollback-once", _listed(names), undo)

    def _judge(self, migration: Migration, tried: Sequence[Tried]) -> None:
        """Time, locks and rewrites of one migration."""
        took = timedelta(milliseconds=sum(each.milliseconds for each in tried))
        if took > self._trial.expected:
            limit = self._trial.expected.total_seconds()
            self.say("slow-on-scratch", f"{migration} took {took.total_seconds():.1f} s of {limit:g}", migration)
        for each in tried:
            if each.rewrites:
                self.say("table-rewritten", f"{_listed(each.rewrites)} by `{each.title}`", migration, each.place)
            if each.skipped:
                self.say("migration-needs-rows", f"`{each.title}`: {each.skipped}", migration, each.place)
        strong = {lock.relation for each in tried for lock in each.locks if lock.mode == STRONGEST}
        if len(strong) > 1:
            self.say("several-strong-locks", _listed(sorted(strong)), migration)

    def _broken(self, migration: Migration, error: TrueupError, *, is_new: bool) -> None:
        if self._trial.structure is None:
            self._fails(migration, error)
        else:
            what = "fails" if is_new else "is settled, and fails"
            self.say("chain-broken", f"{migration} {what} from nothing: {error.message}", migration, error.place)

    def _fails(self, migration: Migration, error: TrueupError) -> None:
        code = "enum-value-together" if is_enum_value(error) else "migration-fails"
        self.say(code, f"{migration}: {error.message}", migration, error.place)

    @contextmanager
    def _fresh(self, roles: frozenset[str]) -> Iterator[tuple[Database, Runner]]:
        options = Options(read_only=False, application="trueup scratch", search_path=self._trial.search_path)
        with self._scratch.fresh() as url:
            self._scratch.roles(roles)
            with runner(self._trial.dialect, url, options) as both:
                yield both

    def _look(self, database: Database) -> Snapshot:
        return database.snapshot(self._trial.schemas, self._trial.skip)


def _holds(tried: Tried, place: Place) -> bool:
    return tried.place.file == place.file and tried.place.line <= place.line <= tried.last_line


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
