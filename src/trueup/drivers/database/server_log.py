"""What a PostgreSQL server's own log says that Trueup did: read it to prove that plans and checks only read.

Formats: jsonlog and csvlog with `log_statement = all`
(https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-CSVLOG).
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueup.drivers.database.statements import split
from trueup.drivers.database.statements_kinds import postgres
from trueup.model.errors import Invalid

_CSV = {"timestamp": 0, "user": 1, "dbname": 2, "pid": 3, "message": 13, "application_name": 22}
_SENT = re.compile(r"(?:statement|execute [^:]*): (?P<sql>.*)", re.DOTALL)
_READING = frozenset({"SELECT", "SHOW", "WITH", "TABLE", "VALUES", "EXPLAIN", "DECLARE", "FETCH", "MOVE", "CLOSE"}) | {
    *("SET", "RESET", "DISCARD", "DEALLOCATE", "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT"),
    "RELEASE",
}
_INSIDE = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "INTO"})
_LOCKING = re.compile(
    r"pg_(try_)?advisory_(xact_)?lock|\bFOR (NO KEY )?(UPDATE|SHARE)\b|\bFOR KEY SHARE\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Sent:
    """One statement that the server wrote down."""

    at: str
    user: str
    database: str
    application: str
    pid: str
    sql: str

    @property
    def only_reads(self) -> bool:
        """Neither writes nor takes a lock that others feel."""
        try:
            statements = split(self.sql, "", postgres(15))
        except Invalid:
            return False
        return not _LOCKING.search(self.sql) and all(
            each.words[:1] and each.words[0] in _READING and not (_INSIDE & {*each.words} and each.words[0] != "SET")
            for each in statements
        )


def sent(log: Iterable[str], application: str = "trueup") -> Iterator[Sent]:
    """Statements of connections whose application's name begins so. Raises Invalid for a line that is of neither
    format."""
    lines = iter(log)
    first = next(lines, "")
    rest = _chain(first, lines)
    for entry in _json(rest) if first.lstrip().startswith("{") else _csv(rest):
        found = _SENT.match(entry["message"])
        if found and entry["application_name"].startswith(application):
            yield Sent(
                entry["timestamp"],
                entry["user"],
                entry["dbname"],
                entry["application_name"],
                entry["pid"],
                found["sql"],
            )


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            raise Invalid(f"line {number} is no JSON", hint="give a log that PostgreSQL wrote as jsonlog") from None
        yield {name: str(entry.get(name, "")) for name in _CSV}


def _csv(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    for number, row in enumerate(csv.reader(lines), 1):
        if not row:
            continue
        if len(row) <= max(_CSV.values()):
            raise Invalid(
                f"entry {number} has {len(row)} columns",
                hint="give a log that PostgreSQL wrote as csvlog or jsonlog: log_destination",
            )
        yield {name: row[column] for name, column in _CSV.items()}
