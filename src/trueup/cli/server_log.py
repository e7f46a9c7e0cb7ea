"""A PostgreSQL server's log as records of what each connection did: stderr, csvlog and jsonlog, as files that a person
gives. Pure.

Needs `log_statement = all`, and in the stderr format a `log_line_prefix` with `%m`, `%u@%d` and `%a`. Format:
https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from trueup.model.values import JSON

SOURCE = "postgresql"
_PREFIX = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<zone>[A-Z]{3,4}|[+-]\d\d(?::?\d\d)?)(?P<rest>.*?)"
    r"\b(?P<level>LOG|STATEMENT|ERROR|WARNING|NOTICE|DETAIL|HINT|FATAL|CONTEXT|INFO|PANIC|DEBUG\d):  (?P<said>.*)",
    re.DOTALL,
)
_STATEMENT = re.compile(
    r"(?:duration: [\d.]+ ms  )?(?:statement|execute [^:]*|fastpath function call): (?P<sql>.*)", re.DOTALL
)
_WHO = re.compile(r"(?P<user>[^\s@\[\]]+)@(?P<database>[^\s/]+)")
_OURS = re.compile(r"\btrueup [\w-]+")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(
    r"(SELECT|SHOW|SET|RESET|BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|FETCH|MOVE|DECLARE|CLOSE|EXPLAIN|"
    r"VALUES|TABLE|WITH|DISCARD|DEALLOCATE|LISTEN|UNLISTEN)\b",
    re.IGNORECASE,
)
_COPIES_OUT = re.compile(r"COPY\b.*\bTO\b", re.IGNORECASE | re.DOTALL)
_WRITES_INSIDE = re.compile(
    r"\b(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|INTO|nextval|setval|lo_\w+|pg_(try_)?advisory\w*|pg_terminate_backend|"
    r"pg_cancel_backend|pg_notify|dblink\w*)\b|\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE|KEY)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Line:
    at: str
    user: str
    database: str
    application: str
    said: str


def records(text: str) -> list[JSON]:
    """One for each statement, as `engine.audit` reads them; nothing where this is no log of PostgreSQL's."""
    first = text.lstrip()[:1]
    lines = _of_json(text) if first == "{" else _of_csv(text) or _of_stderr(text)
    return [record for line in lines for record in _records(line)]


def is_reading(statement: str) -> bool:
    """Whether it changes nothing, and takes no lock that others wait for."""
    bare = _QUOTED.sub(" x ", statement)
    parts = [part.strip() for part in bare.split(";") if part.strip()]
    return all((_READS.match(part) and not _WRITES_INSIDE.search(part)) or _COPIES_OUT.match(part) for part in parts)


def _records(line: _Line) -> Iterator[JSON]:
    found = _STATEMENT.match(line.said)
    if found is None:
        return
    sql = found["sql"].strip()
    yield {
        "eventTime": line.at,
        "eventSource": SOURCE,
        "eventName": " ".join(sql.split()[:3]),
        "readOnly": is_reading(sql),
        "userIdentity": {"arn": f"{SOURCE}:{line.user}@{line.database}/{line.application}"},
    }


def _of_json(text: str) -> list[_Line]:
    found = []
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except json.JSONDecodeError:
            return []
        if not isinstance(said, dict) or "timestamp" not in said or "pid" not in said:
            return []
        who = (said.get("user", ""), said.get("dbname", ""), said.get("application_name", ""))
        found.append(_Line(_moment(said["timestamp"]), *who, said.get("message", "")))
    return found


def _of_csv(text: str) -> list[_Line]:
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or any(len(row) < 23 for row in rows):
        return []
    return [_Line(_moment(row[0]), row[1], row[2], row[22], row[13]) for row in rows]


def _of_stderr(text: str) -> list[_Line]:
    found = []
    for entry in _entries(text):
        parts = _PREFIX.match(entry)
        if parts is None:
            continue
        who, ours = _WHO.search(parts["rest"]), _OURS.search(parts["rest"])
        user, database = (who["user"], who["database"]) if who else ("", "")
        at = _moment(f"{parts['at']} {parts['zone']}")
        found.append(_Line(at, user, database, ours[0] if ours else "", parts["said"]))
    return found


def _entries(text: str) -> Iterator[str]:
    """A statement of several lines goes on with tabs."""
    entry: list[str] = []
    for line in text.splitlines():
        if line.startswith("\t") and entry:
            entry.append(line.removeprefix("\t"))
            continue
        if entry:
            yield "\n".join(entry)
        entry = [line]
    if entry:
        yield "\n".join(entry)


def _moment(text: str) -> str:
    """ISO 8601. A zone by another name than UTC's is taken for it: the server's `log_timezone` should be UTC."""
    date, time, *zone = text.split()
    offset = zone[0] if zone and zone[0][0] in "+-" else "+00:00"
    return f"{date}T{time}{offset}"
