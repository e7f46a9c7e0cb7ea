"""The statement that somebody typed, as the log of a watched database has it: a migration says it in those words, where
it can be told from the difference which part it is. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from trueup.drivers.database.ddl.draft import Ddl
from trueup.model.drift import Drift

_CUT = "..."
"""The end of a statement that was too long for the log's title."""
_STRANGE = re.compile(r";|--|/\*|\$")
"""Several statements, comments and bodies: their line ends count, and are gone."""
_BODY = re.compile(r"\s*CREATE OR REPLACE (?:FUNCTION|PROCEDURE)\b", re.IGNORECASE)
"""May run twice as it stands. Whether it is one statement and makes what is live, its proof tells."""
_EXISTS = r"(?!IF (?:NOT )?EXISTS\b)"
_FORMS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), form)
    for pattern, form in (
        (rf"^CREATE (UNIQUE )?INDEX (?:CONCURRENTLY )?{_EXISTS}(?=\S+ ON\b)", r"CREATE \1INDEX IF NOT EXISTS "),
        (rf"^CREATE (UNLOGGED )?TABLE {_EXISTS}", r"CREATE \1TABLE IF NOT EXISTS "),
        (rf"^CREATE (SEQUENCE|SCHEMA|EXTENSION|MATERIALIZED VIEW|STATISTICS) {_EXISTS}", r"CREATE \1 IF NOT EXISTS "),
        (r"^CREATE (VIEW|TRIGGER|RULE) ", r"CREATE OR REPLACE \1 "),
        (rf"^(ALTER TABLE \S+) ADD (?:COLUMN )?{_EXISTS}(?!(?:CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN|EXCLUDE)\b)",
         r"\1 ADD COLUMN IF NOT EXISTS "),
        (rf"^(ALTER TABLE \S+) DROP (?:COLUMN )?{_EXISTS}(?!CONSTRAINT\b)", r"\1 DROP COLUMN IF EXISTS "),
        (rf"^DROP (INDEX|TABLE|VIEW|SEQUENCE|MATERIALIZED VIEW) (?:CONCURRENTLY )?{_EXISTS}", r"DROP \1 IF EXISTS "),
    )
)  # fmt: skip
_WORDS = re.compile(
    r"^(?:CREATE|ALTER|DROP|COMMENT|GRANT|REVOKE)\b(?: OR REPLACE| UNIQUE| UNLOGGED)* ?(\w+)", re.IGNORECASE
)


def in_their_words(changes: Sequence[Ddl], drifts: Sequence[Drift], said: Mapping[str, str]) -> tuple[Ddl, ...]:
    """The same statements, those that a log has in the words of whoever made the change: `said` whole, by event; a
    drift itself only has a title."""
    found = list(changes)
    for drift in drifts:
        if drift.origin is None:
            continue
        whole = said.get(drift.origin.event, "")
        text = whole.strip().removesuffix(";") if _BODY.match(whole) else _repeatable(whole or drift.origin.name)
        if not text:
            continue
        alike = [
            index for index, each in enumerate(found) if each.address == drift.address and _is_like(each.sql, text)
        ]
        if len(alike) == 1:
            found[alike[0]] = replace(found[alike[0]], sql=_as_gentle(text, found[alike[0]]))
    return tuple(found)


def _repeatable(statement: str) -> str:
    """With IF NOT EXISTS and the like; empty where nobody can tell that it may run twice."""
    text = " ".join(statement.split()).rstrip("; ")
    if text.endswith(_CUT) or _STRANGE.search(text):
        return ""
    for pattern, form in _FORMS:
        if pattern.search(text):
            done = pattern.sub(form, text, count=1)
            return "" if done.startswith("ALTER TABLE") and _has_more(done) else done
    return ""


def _has_more(text: str) -> bool:
    """Several actions, with a comma between them."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            return True
    return False


def _is_like(one: str, other: str) -> bool:
    first, second = _WORDS.match(one), _WORDS.match(other)
    verb = one.split(maxsplit=1)[0].upper() == other.split(maxsplit=1)[0].upper()
    return bool(first and second and verb and first[1].upper() == second[1].upper())


def _as_gentle(text: str, written: Ddl) -> str:
    """Not holding up those who write, where the difference does not either."""
    return text if written.in_transaction else re.sub(r"\bINDEX IF", "INDEX CONCURRENTLY IF", text, count=1)
