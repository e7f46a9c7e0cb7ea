"""A SQL script cut into statements: where each begins, how it begins, and whether it may run in a transaction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One statement of a script."""

    raw: str
    """Everything from the end of the one before it: comments, its end mark, a COPY's data. Joined, they are the
    whole script."""
    sql: str
    """What is sent: without what surrounds it, and without its end mark."""
    path: str
    line: int
    """Of `sql`'s first character in the file, from 1."""
    words: tuple[str, ...] = ()
    """The first words in capitals, without comments: (CREATE, INDEX, CONCURRENTLY, ...)."""
    data: str | None = None
    """What follows a COPY ... FROM STDIN, up to `\\.`."""
    in_transaction: bool = True
    """False: the database refuses it in a transaction."""
