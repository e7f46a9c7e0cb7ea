"""Codify: drift becomes the next migration, written from the difference between what was settled and what is real.

Nothing here is believed before a plan on scratch has said the same: what was settled and the new file make what is
live (session/trial.py, stages/codify.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trueup.drivers.database.codify_names import next_version, style_of
from trueup.drivers.database.codify_original import in_their_words
from trueup.drivers.database.codify_text import Written, allowed, rollback, script, title
from trueup.drivers.database.ddl.ddl import SQLITE, difference
from trueup.drivers.database.ddl.draft import Ddl, Draft
from trueup.drivers.database.ddl.renames import halves
from trueup.drivers.database.history.records import KIND
from trueup.drivers.database.migrations.files import read_migrations
from trueup.drivers.database.migrations.migrations import Kind, Migrations, Version
from trueup.drivers.database.snapshots import Snapshot
from trueup.drivers.database.spec import MigrationsSpec
from trueup.model.causes import Cause
from trueup.model.drift import Declined, Drift
from trueup.model.errors import Refused
from trueup.model.plan import Address, Plan
from trueup.model.values import is_masked, nodes
from trueup.ports.driver import Codification, Job


def codify(
    job: Job[Any],
    drifts: Sequence[Drift],
    plan: Plan,
    *,
    inline: bool = False,
    said: Mapping[str, str] | None = None,
) -> Codification:
    """As ports.driver.Codifies says. A drift is codified wholly or declined wholly; all of them together are one file,
    and what the database refuses inside a transaction is one more behind it. `said`: whole statements of the database's
    own log, by the event that a drift's origin names."""
    settled = job.settled()
    declined: dict[Address, Declined] = {}
    for drift in drifts:
        try:
            _refuse(drift, settled, plan)
        except Refused as error:
            declined[drift.address] = Declined(drift.address, error.message, error.hint)
    declined |= {each.address: each for each in halves({each.address for each in drifts}, settled or {}, plan.real)}
    asked = [drift for drift in drifts if drift.address not in declined]
    draft = Draft(())
    while asked:
        draft = drafted(settled or {}, plan, [drift.address for drift in asked], quick=inline)
        if not draft.declined:
            break
        declined |= {each.address: each for each in draft.declined}
        left = [drift for drift in asked if drift.address not in declined]
        if len(left) == len(asked):  # what cannot be written is something that these need
            declined |= {drift.address: replace(draft.declined[0], address=drift.address) for drift in asked}
            left = []
        asked = left
    if not asked:
        return Codification({}, (), tuple(declined.values()))
    if not inline:
        draft = replace(draft, changes=in_their_words(draft.changes, asked, said or {}))
    edits, notes = _files(job, asked, plan, draft)
    return Codification(edits, tuple(drift.address for drift in asked), tuple(declined.values()), notes)


def drafted(settled: Snapshot, plan: Plan, addresses: Sequence[Address], *, quick: bool = False) -> Draft:
    """SQL that makes R of these addresses out of S. `quick` leaves out what only spares others a wait."""
    wanted = dict(settled)
    for address in addresses:
        if address in plan.real:
            wanted[address] = plan.real[address]
        else:
            wanted.pop(address, None)
    before, after = ({a: each for a, each in side.items() if each.kind != KIND} for side in (settled, wanted))
    dialect = SQLITE if plan.basis.engine.lower().startswith(SQLITE) else "postgresql"
    return difference(before, after, dialect, gently=not quick)


def _refuse(drift: Drift, settled: Snapshot | None, plan: Plan) -> None:
    if settled is None:
        raise Refused("nobody has settled yet what it should be: adopt the stack first")
    if drift.kind == KIND:
        raise Refused(
            "it is a row of the history and not of the schema",
            hint="`trueup db validate` says what is wrong with it, `trueup db repair` sets it right",
        )
    both = (side[drift.address].values for side in (settled, plan.real) if drift.address in side)
    if any(is_masked(node) for values in both for node in nodes(values)):
        raise Refused(
            "a secret is in it, which no file may hold",
            hint="write it with a placeholder whose value is a secret reference",
        )
    conflicts = [each.label or "all of it" for each in drift.differences if each.cause is Cause.CONFLICT]
    if conflicts:
        raise Refused(
            f"changed both by hand and by a migration that was not applied: {', '.join(conflicts)}",
            hint="write what it should be into that migration, or undo the change by hand",
        )
    if any(each.cause is Cause.UNKNOWN for each in drift.differences):
        raise Refused("nobody has settled yet what it should be: adopt the stack first")


def _files(
    job: Job[MigrationsSpec], drifts: Sequence[Drift], plan: Plan, draft: Draft
) -> tuple[dict[str, bytes | None], tuple[str, ...]]:
    migrations = read_migrations(job.tree, job.path, job.spec)
    style, taken = style_of(migrations), _taken(migrations, plan)
    at = max((drift.origin.at if drift.origin else drift.first_seen) for drift in drifts)
    edits: dict[str, bytes | None] = {}
    for statements in _batches(draft.changes):
        version = next_version(style, taken, at)
        taken.append(Version.parse(version))
        addresses = {each.address for each in statements}
        here = [drift for drift in drifts if drift.address in addresses] or list(drifts)
        path = style.path(version, title(here))
        texts = {path: script(Written(job.name, here, statements))}
        if any(_changes_columns(drift, job.settled() or {}, plan.real) for drift in here):
            back = drafted(job.settled() or {}, plan, [drift.address for drift in here], quick=True)
            if back.kept:
                reason = f"it cannot be taken back: {back.kept[0].reason}"
                texts[path] = allowed(texts[path], "rollback-missing", reason)
            else:
                texts[style.undo(version, title(here))] = rollback(path.rpartition("/")[2], back.reverse)
        for name, text in texts.items():
            edits[name] = text.encode()
            settings = migrations.settings
            if settings.placeholder_replacement and settings.placeholder_prefix in text:
                edits[f"{name}.conf"] = b"placeholderReplacement=false\n"
    return edits, _notes(draft)


def _changes_columns(drift: Drift, settled: Snapshot, real: Snapshot) -> bool:
    """Columns that were there before: a migration that changes them has a rollback."""
    before, after = settled.get(drift.address), real.get(drift.address)
    if before is None or before.kind != "table":
        return False
    now = after.values["columns"] if after is not None else {}
    return any(
        name not in now or _placeless(now[name]) != _placeless(each) for name, each in before.values["columns"].items()
    )


def _placeless(column: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in column.items() if name != "after"}


def _taken(migrations: Migrations, plan: Plan) -> list[Version]:
    """Versions of files and of the history."""
    files = [each.version for each in migrations.of(Kind.VERSIONED, Kind.BASELINE) if each.version is not None]
    rows = [each.values.get("version") for each in plan.real.values() if each.kind == KIND]
    return [*files, *(Version.parse(version) for version in rows if version)]


def _batches(statements: Sequence[Ddl]) -> list[list[Ddl]]:
    """What may be in one file: a transaction, and behind it what none may hold, with all that is about the same."""
    apart = {each.address for each in statements if not each.in_transaction}
    together = [each for each in statements if each.address not in apart]
    return [batch for batch in (together, [each for each in statements if each.address in apart]) if batch]


def _notes(draft: Draft) -> tuple[str, ...]:
    assumed = tuple(dict.fromkeys(each.assumes for each in draft.changes if each.assumes))
    roles = sorted({role for each in draft.changes for role in each.roles})
    if not roles:
        return assumed
    names = ", ".join(roles)
    return (*assumed, f"the migration names roles of this database; others that run it must have them too: {names}")
