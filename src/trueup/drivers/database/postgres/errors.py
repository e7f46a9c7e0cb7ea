"""What PostgreSQL and libpq say when they say no, as errors of ours."""

import re

import psycopg

from trueup.drivers.database.dialect import Trouble
from trueup.drivers.database.statements import Statement
from trueup.model.errors import Place, Rejected, TrueupError, Unavailable

# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK, SERIALIZATION = "40P01", "40001"
QUERY_CANCELED = "57014"
READ_ONLY = "25006"
INSUFFICIENT_PRIVILEGE = "42501"
_ALREADY = ("42P07", "42710", "42P04", "42704", "3D000")
_LOST = ("57P01", "57P02", "57P03", "57P05", "25P03", "25P04")
"""Shut down, crashed, starting, and the time-outs of idle sessions and transactions."""

_CONNECTING: tuple[tuple[tuple[str, ...], type[TrueupError], str], ...] = (
    (("password authentication failed", "no password supplied"), Rejected, "check the URL's user and password"),
    (
        ("server does not support SSL", "no encryption", "SSL off", "SSL required"),
        Rejected,
        "one side asks for TLS and the other does not: set `sslmode` in the URL to what the server wants "
        "(`verify-full`, `require`, `disable`)",
    ),
    (
        ("certificate verify failed", "root certificate file", "certificate", "SSL error"),
        Rejected,
        "name the authority that signed the server's certificate as `sslrootcert`, and the host as the certificate "
        "does",
    ),
    (
        ("no pg_hba.conf entry", "pg_hba.conf rejects"),
        Rejected,
        "let the server's pg_hba.conf admit this user and host",
    ),
    (
        ("too many clients", "remaining connection slots", "too many connections", "starting up", "shutting down"),
        Unavailable,
        "the server takes no connection now",
    ),
    (("could not translate host name", "failed to resolve"), Unavailable, "check the host's name in the URL"),
    (("does not exist",), Rejected, "create it, or name another one in the URL"),
    (("Permission denied",), Rejected, "check who may use the server's socket"),
)
"""libpq tells a refused connection by words alone."""


def of_connecting(error: psycopg.Error, where: str) -> TrueupError:
    # One line for each address that was tried; below it libpq asks what our hint says.
    lines = [" ".join(line.split()) for line in str(error).splitlines() if not line.endswith("?")]
    words = "; ".join(lines).removeprefix("connection failed: ")
    for signs, kind, hint in _CONNECTING:
        if any(sign in words for sign in signs):
            return kind(f"{where}: {words}", hint=hint)
    if "FATAL" in words:
        return Rejected(f"{where}: {words}")
    return Unavailable(f"{where}: {words}", hint="check that the server runs and that its port can be reached")


def of_query(error: psycopg.Error, statement: Statement | None = None, broken: bool = False) -> TrueupError:
    """`broken`: the connection is closed since. The foreign error stays behind it, as `__cause__`."""
    place = _place(error, statement)
    match trouble_of(error, broken):
        case Trouble.LOST:
            return Unavailable(f"the connection was lost: {_words(error)}", place=place)
        case Trouble.LOCKED:
            return Unavailable(_words(error), place=place, hint="somebody else's transaction was in the way")
        case Trouble.CANCELLED:
            return Rejected(_words(error), place=place, hint="it took longer than `statementTimeout`, or was cancelled")
        case Trouble.SAID_NO | Trouble.ALREADY:
            if error.sqlstate and error.sqlstate.startswith("53"):
                return Unavailable(_words(error), place=place, hint="the server is short of room or memory")
            return Rejected(_words(error), place=place, hint=_hint(error))


def trouble_of(error: BaseException | None, broken: bool) -> Trouble:
    state = error.sqlstate or "" if isinstance(error, psycopg.Error) else ""
    if state in (LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION):
        return Trouble.LOCKED
    if state == QUERY_CANCELED:
        return Trouble.CANCELLED
    if state in _ALREADY:
        return Trouble.ALREADY
    if broken or state in _LOST or state.startswith("08"):
        return Trouble.LOST
    return Trouble.SAID_NO


def _words(error: psycopg.Error) -> str:
    said = error.diag
    if not said.message_primary:
        return " ".join(str(error).split())
    lines = [said.message_primary]
    lines += [f"DETAIL: {said.message_detail}"] if said.message_detail else []
    lines += [f"CONTEXT: {said.context.splitlines()[0]}"] if said.context else []
    return "\n".join(lines)


def _hint(error: psycopg.Error) -> str:
    if error.sqlstate == READ_ONLY:
        return "it is a read-only replica, or this database or role is set to read only: name the primary in the URL"
    if error.sqlstate == INSUFFICIENT_PRIVILEGE:
        denied = re.search(
            r"permission denied for (table|view|sequence|schema) (\S+)", error.diag.message_primary or ""
        )
        if denied is None:
            return "grant the role what it lacks, or use another one"
        right = f"USAGE ON SCHEMA {denied[2]}" if denied[1] == "schema" else f"SELECT ON {denied[2]}"
        return f"as its owner: GRANT {right} TO the role of `planUrl`, or of `url` where there is none"
    return error.diag.message_hint or ""


def _place(error: psycopg.Error, statement: Statement | None) -> Place | None:
    if statement is None:
        return None
    position = error.diag.statement_position
    return statement.place(int(position) - 1 if position else 0)
