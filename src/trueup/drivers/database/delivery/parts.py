"""Running a migration that is no single transaction: part by part, each noted before and behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trueup.drivers.database.delivery.progress import Progress, ProgressTable, next_of, require_unchanged, start
from trueup.drivers.database.delivery.run import Runner
from trueup.drivers.database.delivery.ways import Bound, Part, Way
from trueup.drivers.database.dialect import Trouble
from trueup.drivers.database.history.history import applied, next_rank, script_of
from trueup.drivers.database.statements_kinds import builds_index
from trueup.model.errors import Refused, TrueupError


def require_resumable(way: Way, table: ProgressTable) -> None:
    """Raises Refused where only a person can say what became of a part, or where the file says something else now."""
    progress = table.of(script_of(way.migration))
    if progress is None:
        return
    require_unchanged(progress, way)
    if progress.begun and not progress.error and way.parts[progress.done].bound is Bound.OPAQUE:
        part = way.parts[progress.done]
        raise Refused(
            f"{way.migration} stopped in part {progress.done + 1} of {progress.total}, and nobody saw what became of "
            f"it: {part.title}",
            place=part.statements[0].place(),
            hint="look whether it happened, and write that down: " + "; or ".join(table.by_hand(progress)),
        )


def next_step(way: Way, runner: Runner) -> list[str]:
    """What a migration that stopped in the middle left behind, and what goes on from there."""
    if runner.database.lost:
        return ["the next delivery looks what became of it, and goes on behind what is done"]
    progress = ProgressTable(runner.database, runner.table).of(script_of(way.migration))
    if progress is None or progress.done >= len(way.parts):
        return []
    part = way.parts[progress.done]
    left = sorted({*runner.database.invalid_indexes()} - {*progress.invalid}) if progress.begun else []
    lines = [f"of {way.migration} {progress.done} of {progress.total} parts are done and stay done"]
    lines += [f"it left the index {name} invalid: the next delivery drops it and builds it again" for name in left]
    lines += [f"once the cause is gone, deliver again: it goes on at {part.statements[0].place()} ({part.title})"]
    return lines


@dataclass
class PartRunner:
    """One migration on its way."""

    runner: Runner
    way: Way

    def run(self) -> None:
        """Goes on behind what is noted as done. An error leaves the note and a failed row. Raises LostLease,
        CommitLost."""
        runner, way, database = self.runner, self.way, self.runner.database
        table = ProgressTable(database, runner.table)
        row = applied(way.migration, self._rank(), runner.manner.by)
        progress = table.of(row.script)
        database.reset()
        if progress is None or not self._has_failed_row():
            progress = progress or start(way)
            self._note_start(table, progress, row.rank)
        elif progress.done:
            runner.manner.log(f"{way.migration}: {progress.done} of {len(way.parts)} were done before")
        runner.callbacks("beforeEachMigrate")
        with runner.timed(way) as milliseconds:
            for index in range(progress.done, len(way.parts)):
                part = way.parts[index]
                runner.manner.log(f"{way.migration}: {index + 1} of {len(way.parts)}: {part.title}")
                after = next_of(progress, way)
                if part.bound is Bound.ATOMIC:
                    self._atomic(table, part, after)
                else:
                    self._alone(table, progress, part)
                    table.write(after)
                progress = after
        runner.callbacks("afterEachMigrate")
        runner.held.check()
        row = replace(row, execution_time=milliseconds())
        runner.write(row, instead=True, beside=lambda: table.drop(row.script))

    def _rank(self) -> int:
        failed = (row.rank for row in self.runner.rows if row.script == self._script and not row.success)
        return next(failed, next_rank(self.runner.rows))

    def _has_failed_row(self) -> bool:
        return any(row.script == self._script and not row.success for row in self.runner.rows)

    @property
    def _script(self) -> str:
        return script_of(self.way.migration)

    def _note_start(self, table: ProgressTable, progress: Progress, rank: int) -> None:
        """Whoever comes after a crash, Flyway too, sees a migration that did not come to its end."""

        def note() -> None:
            table.create(self.runner.manner.reader)
            table.write(progress)

        failed = applied(self.way.migration, rank, self.runner.manner.by, success=False)
        self.runner.write(failed, beside=note)

    def _atomic(self, table: ProgressTable, part: Part, after: Progress) -> None:
        database = self.runner.database

        def once() -> None:
            with database.transaction():
                for statement in part.statements:
                    database.run(statement)
                self.runner.held.check()
                table.write(after)

        self.runner.patient.through(once, part.title)

    def _alone(self, table: ProgressTable, progress: Progress, part: Part) -> None:
        database = self.runner.database
        unseen = progress.begun
        before = progress.invalid if progress.begun else database.invalid_indexes()
        begun = replace(progress, begun=True, invalid=before, error="")
        table.write(begun)

        def once() -> None:
            nonlocal unseen
            self._drop_left_behind(before)
            try:
                self._send(part)
            except TrueupError as error:
                # It was begun before, and nobody saw its end: this is how it shows that it happened.
                if not unseen or database.trouble(error) is not Trouble.ALREADY:
                    raise
            finally:
                unseen = False

        try:
            self.runner.patient.through(once, part.title)
        except TrueupError as error:
            if database.trouble(error) in (Trouble.SAID_NO, Trouble.ALREADY, Trouble.LOCKED):
                # For a part that commits in between this is the only sign that somebody saw its end.
                table.write(replace(begun, error=error.message))
            raise

    def _send(self, part: Part) -> None:
        database = self.runner.database
        for statement in part.statements:
            if builds_index(statement):
                with database.waiting_freely():
                    database.run(statement)
            else:
                database.run(statement)

    def _drop_left_behind(self, before: Sequence[str]) -> None:
        for name in sorted({*self.runner.database.invalid_indexes()} - {*before}):
            self.runner.manner.log(f"dropping {name}: an earlier try left it invalid")
            self.runner.database.drop_index(name)
