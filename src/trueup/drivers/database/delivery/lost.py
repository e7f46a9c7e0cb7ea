"""After a connection was lost: is the server done with it, and what does the history say?"""

from collections.abc import Callable

from trueup.drivers.database.dialect import Backend, Dialect, Options, Table
from trueup.drivers.database.history.history import Row
from trueup.model.errors import Rejected, Unavailable

TRIES = 20


def history_after(
    dialect: Dialect, url: str, options: Options, table: Table, gone: Backend, pause: Callable[[float], None]
) -> tuple[Row, ...] | None:
    """The history once that backend has ended; None when it does not end, or nobody answers for a while."""
    for tried in range(TRIES):
        if tried:
            pause(1)
        try:
            with dialect.connect(url, options) as database:
                left = database.backends(options.application)
                if not any((each.pid, each.since) == (gone.pid, gone.since) for each in left):
                    return database.rows(table) or ()
        except (Rejected, Unavailable):
            continue  # it may be starting up again
    return None
