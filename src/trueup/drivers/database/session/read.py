"""Reading for a plan: history and catalog of one moment, and what the files say to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from trueup.drivers.database.delivery.progress import Progress, ProgressTable, resumable, without_left_behind
from trueup.drivers.database.history.history import NewRow, Resolved, Row, first, resolve
from trueup.drivers.database.history.records import KIND, values_of
from trueup.drivers.database.migrations.migrations import Migrations
from trueup.drivers.database.session.open import Opened
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.closure import Closure
from trueup.model.errors import Unavailable
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

    @property
    def in_effect(self) -> Sequence[Row]:
        """Without the rows that say of those that they are not done."""
        return resumable(self.rows or (), self.stopped)


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
        return Read(migrations, rows, resolved, None, real, resolved.problems)
    known = [*(rows or ()), *([begin.at(datetime.now(UTC))] if begin is not None else [])]
    stopped = ProgressTable(database, opened.table).read()
    resolved = resolve(migrations, resumable(known, stopped), settings)
    return Read(migrations, rows, resolved, begin, real, (*resolved.problems, *_invalid(real)), stopped)


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
