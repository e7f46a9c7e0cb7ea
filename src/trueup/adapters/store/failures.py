"""What the databases say, translated: the only place that knows their error codes."""

import contextlib
import sqlite3
from collections.abc import Iterator

from psycopg import Error as PostgresError
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError

from trueup.model.errors import Broken, Invalid, Refused, Unavailable
from trueup.ports.store import Conflict

_NO_SERVER = "check that the server runs, can be reached, and has this database and user"
FREE_SPACE = "free some space and try again: nothing of this transaction was written"


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """Raises Conflict, Unavailable, Refused, Invalid or Broken in place of what SQLAlchemy and the drivers raise.

    `where` names the database for people, without a password.
    """
    try:
        yield
    except IntegrityError as error:
        raise Conflict(str(error.orig)) from error
    except TimeoutError as error:
        raise Unavailable(f"every connection to {where} is in use", hint="try again in a moment") from error
    except DBAPIError as error:
        raise _translation(error, where) from error


def _translation(error: DBAPIError, where: str) -> Exception:
    match error.orig:
        case sqlite3.Error() as original:
            return _sqlite(original, where)
        case PostgresError() as original:
            return _postgres(original, where)
        case _:
            return Broken(f"{where}: {error.orig}")


def _sqlite(error: sqlite3.Error, where: str) -> Exception:
    # https://www.sqlite.org/rescode.html: the low byte is the primary code.
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return Unavailable(f"the disk that holds {where} is full", hint=FREE_SPACE)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable(f"{where} is locked by another writer", hint="try again in a moment")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PROTOCOL:
            return Unavailable(f"{where} cannot be read or written: {error}", hint="look at the disk and try again")
        case sqlite3.SQLITE_CANTOPEN:
            return Unavailable(f"{where} cannot be opened: {error}", hint="check that its directory exists and is ours")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return Refused(f"{where} may not be written: {error}", hint="check the owner and the mode of the file")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Invalid(f"{where} is damaged or not a database: {error}", hint="restore it from a backup")
        case _:
            return Broken(f"{where}: {error}")


def _postgres(error: PostgresError, where: str) -> Exception:
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    state = error.sqlstate
    # libpq tells no code for a connection that failed, only lines of text; the last one is the server's.
    said = str(error).strip().splitlines()[0 if state else -1].strip()
    if state == "53100":
        return Unavailable(f"the disk of {where} is full", hint=FREE_SPACE)
    if state in ("40001", "40P01"):
        return Conflict(said)
    if state in ("55P03", "25P03", "57014"):
        return Unavailable(f"{where} is locked by another writer for too long: {said}", hint="try again in a moment")
    if state is None or state[:2] in ("08", "53", "57", "58"):
        return Unavailable(f"{where} does not answer: {said}", hint=_NO_SERVER)
    if state[:2] == "28" or state == "42501":
        return Refused(f"{where} does not let us in: {said}", hint="check the user, the password and its rights")
    return Broken(f"{where}: {said}")
