"""The text of a codifying migration: who did it and when, and statements that find nothing to do where it is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from trueup.drivers.database.catalog.addresses import parse
from trueup.drivers.database.ddl.draft import Ddl
from trueup.model.drift import Drift

ALONE = "-- flyway:executeInTransaction=false"
NO_ROLLBACK = "-- trueup: allow rollback-missing what was done by hand had no rollback either: write one, or agree"
"""Where the file runs, one more person looks at it: a column may have changed."""
_VERBS = {(False, True): "add", (True, False): "drop"}


@dataclass(frozen=True)
class Written:
    """What one file holds."""

    stack: str
    drifts: Sequence[Drift]
    statements: Sequence[Ddl]


def title(drifts: Sequence[Drift]) -> str:
    """The description in the file's name: `add index users email idx`."""
    first, *more = sorted(drifts, key=lambda drift: (_weight(drift), drift.address))
    name = parse(first.address)
    what = f"{_verb(first)} {name.kind.replace('_', ' ')} {name.parts[-1] if name.parts else ''}"
    return f"{what} and {len(more)} more" if more else what


def script(written: Written) -> str:
    lines = [] if all(each.in_transaction for each in written.statements) else [ALONE]
    lines.append(f"-- Changed by hand on {written.stack}, written down by Trueup:")
    lines += [f"--   {_origin(drift)}" for drift in written.drifts]
    if any(drift.kind == "table" for drift in written.drifts):
        lines.append(NO_ROLLBACK)
    for each in written.statements:
        lines += ["", f"{guarded(each)};"]
    return "\n".join(lines) + "\n"


def rollback(of: str, statements: Sequence[Ddl]) -> str:
    """The text of the file that takes a codifying migration back."""
    return f"-- Takes back {of}.\n" + "".join(f"\n{each.sql};\n" for each in statements)


def allowed(text: str, code: str, reason: str) -> str:
    """The same migration with a waiver at its head."""
    return f"-- trueup: allow {code} {_one_line(reason)}\n{text}"


def guarded(statement: Ddl) -> str:
    """A statement that does nothing where it was done already, also where SQL has no IF NOT EXISTS for it."""
    if not statement.unless:
        return statement.sql
    mark = next(each for each in ("$$", "$codify$", "$codify1$") if each not in statement.sql + statement.unless)
    inner = statement.sql.replace("\n", "\n        ") if "'" not in statement.sql else statement.sql
    return f"DO {mark}\nBEGIN\n    IF NOT EXISTS ({statement.unless}) THEN\n        {inner};\n    END IF;\nEND\n{mark}"


def _origin(drift: Drift) -> str:
    moment = drift.origin.at if drift.origin else None
    by = f"by {_one_line(drift.actor)}" if drift.actor else "by somebody"
    when = f"at {moment:%Y-%m-%d %H:%M} UTC" if moment else f"seen at {drift.first_seen:%Y-%m-%d %H:%M} UTC"
    return f"{_one_line(drift.address)} {by}, {when} ({drift.id})"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _verb(drift: Drift) -> str:
    whole = next((each for each in drift.differences if not each.path), None)
    if whole is None:
        return "change"
    return _VERBS.get((whole.settled is not None, whole.real is not None), "change")


def _weight(drift: Drift) -> int:
    """What gives a file its name: a table before its constraints and indexes."""
    kinds = ("table", "view", "materialized_view", "function", "procedure", "type", "sequence", "index", "trigger")
    return kinds.index(drift.kind) if drift.kind in kinds else len(kinds)
