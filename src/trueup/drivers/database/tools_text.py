"""What the tools say: for a terminal, and the same for programs. Pure."""

from collections.abc import Mapping, Sequence

from trueup.drivers.database.ddl.draft import Draft
from trueup.drivers.database.history.history import Entry, NewRow, Repair, Row, RowType, State
from trueup.drivers.database.rehearsal.rehearsal import Rehearsal
from trueup.drivers.database.session.read import Read
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.plan import Finding
from trueup.model.values import JSON
from trueup.ports.driver import Lock, Told


def status_told(read: Read, lock: Lock | None) -> Told:
    """Passes unless something stops."""
    resolved, stopped = read.resolved, read.stopped
    problems = [each for each in read.migrations.findings if each.stops] + [*resolved.problems]
    rows = [_entry(each, read.first) for each in resolved.states]
    widths = [max([len(row[column]) for row in rows] or [0]) for column in range(3)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, (*widths, 0), strict=True)).rstrip() for row in rows
    ]
    lines.append(f"{sum(each.state is State.PENDING for each in resolved.states)} pending")
    lines += [
        f"{each.script}: {each.done} of {each.total} parts are done; the next delivery goes on there"
        for each in stopped
    ]
    if lock is not None:
        lines.append(f"locked by {lock.holder}" + (f" since {lock.created}" if lock.created else ""))
    lines += [_said(each) for each in problems]
    data: JSON = {
        "migrations": [dict(zip(("version", "state", "description", "applied"), row, strict=True)) for row in rows],
        "pending": [str(each) for each in resolved.pending],
        "stopped": [{"script": each.script, "done": each.done, "of": each.total} for each in stopped],
        "locked_by": lock.holder if lock else "",
        "problems": [_data(each) for each in problems],
    }
    return Told("\n".join(lines), data, passed=not any(each.stops for each in problems))


def findings_told(findings: Sequence[Finding], nothing: str) -> Told:
    """Passes unless one of them stops."""
    text = "\n".join(_said(each) for each in findings) or nothing
    return Told(text, [_data(each) for each in findings], passed=not any(each.stops for each in findings))


def rehearsal_told(rehearsal: Rehearsal) -> Told:
    lines = []
    for each in rehearsal.steps:
        locks = ", ".join(f"{lock.mode} on {lock.relation}" for lock in each.locks)
        lines.append(f"{each.milliseconds:8.1f} ms  {each.place}  {each.title}" + (f"  [{locks}]" if locks else ""))
    lines += [_said(each) for each in rehearsal.findings]
    data: JSON = {
        "statements": [
            {
                "place": str(each.place),
                "statement": each.title,
                "milliseconds": each.milliseconds,
                "locks": [{"mode": lock.mode, "relation": lock.relation} for lock in each.locks],
                "rewrites": list(each.rewrites),
            }
            for each in rehearsal.steps
        ],
        "findings": [_data(each) for each in rehearsal.findings],
    }
    passed = rehearsal.chain is not None and not any(each.stops for each in rehearsal.findings)
    return Told("\n".join(lines) or "every migration runs from nothing", data, passed=passed)


def changes_told(one: Snapshot, other: Snapshot, draft: Draft) -> Told:
    """SQL that makes `one` into `other`; passes where they are equal."""
    differing = sorted(each for each in {*one, *other} if one.get(each) != other.get(each))
    marks = [f"{'+' if each not in one else '-' if each not in other else '~'} {each}" for each in differing]
    sql = [f"{each};" for each in draft.statements]
    declined = [f"-- {each.address}: {each.reason}" for each in draft.declined]
    data: JSON = {"differing": list(differing), "sql": list(draft.statements)}
    text = "\n".join([*marks, *([""] if sql or declined else []), *sql, *declined])
    return Told(text or "no difference", data, passed=not differing)


def repair_told(rows: Sequence[Row], wanted: Repair) -> Told:
    by_rank = {row.rank: row for row in rows}
    lines = [f"deleted the failed row of {_row(by_rank[rank])}" for rank in wanted.delete if rank in by_rank]
    lines += [f"marked {row.script} as deleted: its file is gone" for row in wanted.insert]
    lines += [f"set the row of {_row(by_rank[each.rank])} to what its file says" for each in wanted.correct]
    return Told("\n".join(lines) or "there was nothing to repair", {"repaired": lines})


def renaming_told(files: Mapping[str, str]) -> Told:
    """Path to content."""
    text = "one file for each of three releases, with its rollback:\n" + "\n".join(files)
    return Told(text, {"files": list(files)}, files)


def _entry(entry: Entry, to_come: NewRow | None) -> tuple[str, str, str, str]:
    """`to_come`: the baseline of the next delivery."""
    row, migration = entry.row, entry.migration
    version = row.version if row is not None else str(migration.version) if migration and migration.version else None
    description = row.description if row is not None else migration.description if migration is not None else ""
    by = f" by {row.installed_by}" if row is not None and row.installed_by else ""
    when = f"{row.installed_on:%Y-%m-%d %H:%M}{by}" if row is not None else ""
    if row is not None and to_come is not None and row.rank == to_come.rank:
        when = "with the next delivery"
    made_schema = row is not None and row.type == RowType.SCHEMA
    return version or ("" if made_schema else "R"), str(entry.state), description, when


def _row(row: Row) -> str:
    return row.version or row.description


def _said(finding: Finding) -> str:
    where = f"{finding.place}: " if finding.place else ""
    return f"{where}{finding.message} ({finding.code})" + (f"\n  {finding.hint}" if finding.hint else "")


def _data(finding: Finding) -> JSON:
    return {
        "code": finding.code,
        "message": finding.message,
        "place": str(finding.place) if finding.place else "",
        "hint": finding.hint,
        "stops": finding.stops,
        "approvals": finding.approvals,
    }
