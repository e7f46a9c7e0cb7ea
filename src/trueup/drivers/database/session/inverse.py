"""Revert: a database never goes back by itself. What somebody did by hand is undone by statements of our own, planned,
proven on scratch and shown with their risk like any other change; the history is not touched."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from trueup.drivers.database.ddl.ddl import difference
from trueup.drivers.database.ddl.draft import Ddl, Draft
from trueup.drivers.database.ddl.renames import halves
from trueup.drivers.database.dialect import Dialect
from trueup.drivers.database.lint.lint import Circumstances, lint
from trueup.drivers.database.migrations.migrations import Kind, Migration
from trueup.drivers.database.session.plan import change_of
from trueup.drivers.database.session.trial import Bench, carried
from trueup.drivers.database.snapshots import Snapshot, changed_between, values_at
from trueup.model.errors import Rejected
from trueup.model.plan import Address, Finding, PlannedChange, Step, StepId

SCRIPT = "revert.sql"


@dataclass(frozen=True)
class Sides:
    """One database: as it is, and as it was settled. Both with their secrets."""

    real: Snapshot
    settled: Snapshot

    def at(self, addresses: Collection[Address] | None) -> frozenset[Address]:
        """Where both differ; of these addresses only, unless it is None."""
        differing = changed_between(self.real, self.settled)
        return differing if addresses is None else differing & {*addresses}

    def wanted(self, addresses: Collection[Address]) -> Snapshot:
        """R with S at these addresses."""
        kept = {address: each for address, each in self.real.items() if address not in addresses}
        return {**kept, **{each: self.settled[each] for each in addresses if each in self.settled}}


@dataclass(frozen=True)
class Reversal:
    """What takes some drifts back."""

    draft: Draft
    addresses: frozenset[Address]
    """Those that it takes back: without what is declined."""

    @property
    def batches(self) -> tuple[tuple[Ddl, ...], ...]:
        """What is one effect each: a transaction, or a statement that the database refuses in one."""
        found: list[list[Ddl]] = []
        for each in self.draft.changes:
            if found and each.in_transaction and found[-1][0].in_transaction:
                found[-1].append(each)
            else:
                found.append([each])
        return tuple(map(tuple, found))

    @property
    def migrations(self) -> tuple[Migration, ...]:
        """The batches as a script each, for what looks at migrations: in no folder, and in no history."""
        return tuple(
            Migration(
                Kind.REPEATABLE,
                None,
                f"revert {number}",
                SCRIPT,
                SCRIPT,
                "".join(f"{each.sql};\n" for each in batch),
                None,
                in_transaction=batch[0].in_transaction,
            )
            for number, batch in enumerate(self.batches, 1)
        )


def reversal(sides: Sides, addresses: Collection[Address] | None, dialect: str) -> Reversal:
    """What cannot be taken back is declined, and the rest is written without it."""
    asked = sides.at(addresses)
    declined = {each.address: each for each in halves(asked, sides.real, sides.settled)}
    asked -= declined.keys()
    draft = difference(sides.real, sides.wanted(asked), dialect)
    declined |= {each.address: each for each in draft.declined}
    while left := declined.keys() & asked:
        asked -= left
        draft = difference(sides.real, sides.wanted(asked), dialect)
        declined |= {each.address: each for each in draft.declined}
    return Reversal(Draft(draft.changes, draft.reverse, tuple(declined.values())), asked)


def changes(addresses: Collection[Address], shown: Snapshot, settled: Snapshot) -> tuple[PlannedChange, ...]:
    """From R to S, with secrets as they may be shown."""
    return tuple(
        change_of(address, shown.get(address), settled.get(address), reason="it goes back to what was settled")
        for address in sorted(addresses)
    )


def steps(found: Reversal) -> tuple[Step, ...]:
    """The addresses of a step are those that its statements are about; the last one has those that just follow."""
    said = [tuple(dict.fromkeys(each.address for each in batch)) for batch in found.batches]
    rest = tuple(sorted(found.addresses - {address for each in said for address in each}))
    return tuple(
        Step(
            StepId(f"revert.{number}"),
            "; ".join(each.sql for each in batch),
            (*addresses, *(rest if number == len(said) else ())),
        )
        for number, (batch, addresses) in enumerate(zip(found.batches, said, strict=True), 1)
    )


def risks(found: Reversal, dialect: Dialect, major: int, real: Snapshot) -> tuple[Finding, ...]:
    """What lint says of the statements, for the people who are asked; and what could not be written."""
    about = Circumstances(major=major, real=real)
    return (
        *(
            # The safe sequence that lint knows is for files; here a person decides.
            Finding(each.code, each.message, hint=each.hint, approvals=max(each.approvals, int(each.stops)))
            for each in lint(found.migrations, dialect, about)
            if each.approvals or each.stops
        ),
        *(
            Finding("revert-not-written", f"{each.address}: {each.reason}", hint=each.suggestion)
            for each in found.draft.declined
        ),
    )


def proof(found: Reversal, sides: Sides, bench: Bench, role: str) -> Iterator[Finding]:
    """On a copy of what is live: exactly the drifts go back, and nothing else changes."""
    before = bench.begin(sides.real)
    try:
        for each in found.migrations:
            bench.run(each, role)
    except Rejected as error:
        yield Finding(
            "revert-fails",
            f"on a copy of what is live the revert fails: {error.message}",
            hint="undo it by hand, or name the drifts too that are in its way",
            stops=True,
        )
        return
    after = bench.look()
    if others := sorted(changed_between(before, after) - found.addresses):
        yield Finding(
            "revert-changes-more",
            f"the revert would also change {', '.join(others)}",
            hint="name their drifts in the revert too, or undo it by hand",
            stops=True,
        )
    if left := sorted(each for each in found.addresses if not _is_back(each, sides, before, after)):
        yield Finding(
            "revert-incomplete",
            f"the revert does not make exactly what was settled: {', '.join(left)}",
            hint="undo it by hand",
            stops=True,
        )


def _is_back(address: Address, sides: Sides, before: Snapshot, after: Snapshot) -> bool:
    made = carried(values_at(sides.real, address), values_at(before, address), values_at(after, address))
    return bool(made == values_at(sides.settled, address))


def outcomes_of(planned: Sequence[PlannedChange], now: Snapshot) -> dict[Address, bool]:
    """Whether each address is as the revert wanted it."""
    return {change.address: values_at(now, change.address) == change.after for change in planned}
