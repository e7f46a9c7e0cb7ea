"""Reading for a plan: history and catalog of one moment, and what the files say to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from trueup.drivers.database.delivery.progress import Progress, ProgressTable, resumable, without_left_behind
from trueup.drivers.database.dialect import Dialect
from trueup.drivers.database.history.history import NewRow, Resolved, Row, first, resolve
from trueup.drivers.database.history.records import KIND, values_of
from trueup.drivers.database.migrations.files import stopping
from trueup.drivers.database.migrations.migrations import Migration, Migrations
from trueup.drivers.database.session.open import Opened
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.closure import Closure
from trueup.model.errors import Invalid, Unavailable
from trueup.model.plan import Action, Finding, PlannedChange
from trueup.model.values import digest_bytes
from trueup.ports.tree import Tree

PREPARED = frozenset({"schema", "extension", "language", "default_privileges", "privileges", "event_trigger"})


@dataclass(frozen=True)
class Read:
    """History and catalog of one moment, and what the files say to them."""

    migrations: Migrations
    rows: Sequence[Row] | None
    resolved: Resolved
    first: NewRow | None
    """The baseline that a delivery writes before anything else."""
    real: Snapshot
    findings: tuple[Finding, ...]
    stopped: Sequence[Progress] = ()
    """Migrations of which a part is done."""
    unplanned: tuple[Finding, ...] = ()
    """Of `findings`: there is no history, or a script cannot be cut into statements."""

    @property
    def in_effect(self) -> Sequence[Row]:
        """Without the rows that say of those that they are not done."""
        return resumable(self.rows or (), self.stopped)

    @property
    def left_out(self) -> tuple[Finding, ...]:
        """Why some files, or all of them, are not among those that are pending."""
        return (*(each for each in self.migrations.findings if each.stops), *self.unplanned)


def read_now(opened: Opened) -> Read:
    """Raises Unavailable when a migration ran meanwhile."""
    migrations, database = opened.migrations(), opened.database
    rows = database.rows(opened.table)
    real = without_left_behind(opened.look(), database, opened.table)
    if database.rows(opened.table) != rows:
        raise Unavailable("a migration ran while it was planned", hint="plan again later")
    settings = migrations.settings
    begin = first(rows, settings, database.user, empty=not has_objects(real))
    if isinstance(begin, Finding):
        # Which of the files made what is there, nobody can know: none of them runs.
        resolved = replace(resolve(migrations, (), settings), pending=(), problems=(begin,))
        return Read(migrations, rows, resolved, None, real, (begin,), unplanned=(begin,))
    known = [*(rows or ()), *([begin.at(datetime.now(UTC))] if begin is not None else [])]
    stopped = ProgressTable(database, opened.table).read()
    resolved = resolve(migrations, resumable(known, stopped), settings)
    if broken := _broken(resolved.pending, database.dialect):
        # The others are planned, so that everything that is wrong is said at once.
        migrations = replace(migrations, files=tuple(each for each in migrations.files if each.path not in broken))
        pending = tuple(each for each in resolved.pending if each.path not in broken)
        resolved = replace(resolved, pending=pending, problems=(*resolved.problems, *broken.values()))
    findings = (*resolved.problems, *_invalid(real))
    return Read(migrations, rows, resolved, begin, real, findings, stopped, tuple(broken.values()))


def _broken(pending: Sequence[Migration], dialect: Dialect) -> Mapping[str, Finding]:
    """By path: scripts that cannot be cut into statements."""
    found = {}
    for each in pending:
        try:
            dialect.split(each.sql, each.path)
        except Invalid as error:
            found[each.path] = stopping(error, each.path)
    return found


def _invalid(real: Snapshot) -> Iterator[Finding]:
    """Somebody's, not ours: what a delivery of ours left behind is built again by the next one."""
    for address, each in real.items():
        if each.kind == "index" and isinstance(each.values, dict) and each.values.get("invalid"):
            name = address.removeprefix("index.")
            yield Finding(
                "invalid-index",
                f"the index {name} is invalid: building it CONCURRENTLY did not come to its end, so that it costs at "
                "every write and serves no query",
                hint=f"DROP INDEX CONCURRENTLY {name}; then build it again, or REINDEX INDEX CONCURRENTLY {name};",
            )


def has_objects(real: Snapshot) -> bool:
    """A schema, and what administrators prepare before anything is in it, is nothing yet."""
    return any(each.kind not in PREPARED for each in real.values())


def begins(row: NewRow) -> PlannedChange:
    """The row that stands for everything that was there before the first migration."""
    values = values_of(row)
    return PlannedChange(row.address, KIND, Action.CREATE, None, values)


def closure_of(tree: Tree, migrations: Migrations) -> Closure:
    return Closure({path: digest_bytes(tree.read(path)) for path in migrations.read})
