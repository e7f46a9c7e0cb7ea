"""What a tool printed, without what is another text each time that it is asked: plans and histories are compared.

Source: what `liquibase update-sql` and `liquibase history` of version 4.28 print. Alembic's texts stay the same.
"""

import re

_EMPTY = re.compile(r"\s*(--.*|(BEGIN|COMMIT|START TRANSACTION|BEGIN TRANSACTION)\s*;?)?\s*", re.IGNORECASE)
_LIQUIBASE = re.compile(r"^-- Update Database Script$(.*)^-- Release Database Lock$", re.MULTILINE | re.DOTALL)
_CHANGESET = "\n-- Changeset "
_DEPLOYMENT = re.compile(
    r"^(INSERT INTO \S+ \(ID, AUTHOR, FILENAME, .*\bDEPLOYMENT_ID\) VALUES \(.*, "
    r"|UPDATE \S+ SET .*\bDATEEXECUTED = .*\bDEPLOYMENT_ID = )'\d+'",
    re.MULTILINE,
)
"""The clock, in the rows that Liquibase writes for its changesets."""
_CONNECTED = re.compile(r"^Liquibase History for jdbc:.*\n", re.MULTILINE)


def pending(text: str) -> str:
    """The SQL; "" where that is nothing but comments and an empty transaction.

    Of Liquibase's the changesets only: around them it locks, tells the time, and creates its tables where they are
    missing, pending or not."""
    script = _LIQUIBASE.search(text)
    if script is not None:
        _, begins, changesets = script[1].partition(_CHANGESET)
        text = _DEPLOYMENT.sub(r"\1'...'", f"{begins}{changesets}".lstrip("\n"))
    return text if any(not _EMPTY.fullmatch(line) for line in text.splitlines()) else ""


def applied(text: str) -> str:
    """What is applied, by whichever URL it was asked."""
    return _CONNECTED.sub("", text)
