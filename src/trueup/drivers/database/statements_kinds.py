"""Which statements a database refuses inside of a transaction, and which ones end a transaction themselves."""

import re

from trueup.drivers.database.statements import POSTGRES_TOKENS, SQLITE_TOKENS, Lexis, Statement

# PreventInTransactionBlock() of PostgreSQL's sources. Flyway's parser does not know of REINDEX TABLE and INDEX
# CONCURRENTLY, of DETACH PARTITION CONCURRENTLY, and of CLUSTER without a table.
_POSTGRES_ALONE = re.compile(
    r"(CREATE|DROP) (DATABASE|TABLESPACE|SUBSCRIPTION)\b"
    r"|ALTER SUBSCRIPTION .*\b(REFRESH|(SET|ADD|DROP) PUBLICATION)\b"
    r"|ALTER DATABASE \S+ SET TABLESPACE\b"
    r"|ALTER SYSTEM\b"
    r"|(CREATE( UNIQUE)?|DROP) INDEX CONCURRENTLY\b"
    r"|ALTER TABLE .*\bDETACH PARTITION .*\bCONCURRENTLY\b"
    r"|REINDEX\b.*?\b(SCHEMA|DATABASE|SYSTEM)\b"
    r"|REINDEX\b.*?\bCONCURRENTLY\b"
    r"|VACUUM\b"
    r"|CLUSTER( VERBOSE)?$"
    r"|DISCARD ALL\b"
    r"|(COMMIT|ROLLBACK) PREPARED\b"
)

_SQLITE_ALONE = re.compile(r"VACUUM\b|PRAGMA (FOREIGN_KEYS|JOURNAL_MODE|SYNCHRONOUS)\b|(ATTACH|DETACH)\b")

_CONTROL = re.compile(
    r"(BEGIN|COMMIT|END|ABORT)$|(BEGIN|COMMIT|END|ABORT|ROLLBACK) (WORK|TRANSACTION|AND)\b"
    r"|BEGIN (DEFERRED|IMMEDIATE|EXCLUSIVE|ISOLATION|READ|NOT|DEFERRABLE)\b|ROLLBACK$"
    r"|START TRANSACTION\b|PREPARE TRANSACTION\b"
)
_MAY_COMMIT = re.compile(r"(CALL|DO)\b")


def controls_transactions(statement: Statement) -> bool:
    """It begins or ends a transaction: around it there can be none of ours. Savepoints do no harm."""
    return _CONTROL.match(" ".join(statement.words)) is not None


def may_commit(statement: Statement) -> bool:
    """A procedure or a block, which commits in between when nobody has a transaction around it."""
    return _MAY_COMMIT.match(" ".join(statement.words)) is not None


def builds_index(statement: Statement) -> bool:
    """It leaves an invalid index behind when it fails."""
    return not statement.in_transaction and statement.words[:1] in (("CREATE",), ("REINDEX",))


def _runs_alone(words: tuple[str, ...]) -> bool:
    return _POSTGRES_ALONE.match(" ".join(words)) is not None


_ROUTINE = re.compile(r"CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b")
_ATOMIC = re.compile(r"\s+ATOMIC\b", re.IGNORECASE)
POSTGRES = Lexis(POSTGRES_TOKENS, _ROUTINE, _ATOMIC, True, _runs_alone)
SQLITE = Lexis(
    SQLITE_TOKENS,
    re.compile(r"CREATE (TEMP |TEMPORARY )?TRIGGER\b"),
    re.compile(""),
    False,
    lambda words: _SQLITE_ALONE.match(" ".join(words)) is not None,
)
