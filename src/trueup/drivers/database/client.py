"""Which dialect an address is for. The dialects' own modules are the only ones that talk to a database."""

from trueup.drivers.database.dialect import Dialect
from trueup.drivers.database.postgres import address as postgres_address
from trueup.drivers.database.postgres.postgres import Postgres
from trueup.drivers.database.sqlite import sqlite
from trueup.drivers.database.sqlite.sqlite import SQLite
from trueup.model.errors import Invalid

_DIALECTS: dict[str, type[Dialect]] = {
    **dict.fromkeys(postgres_address.SCHEMES, Postgres),
    sqlite.SCHEME: SQLite,
}


def dialect_of(url: str) -> Dialect:
    """Raises Invalid for a kind of database that there is no dialect for; never repeats the address."""
    scheme, colon, _ = url.removeprefix("jdbc:").partition(":")
    scheme = scheme.partition("+")[0].lower()
    if scheme not in _DIALECTS:
        kind = f"`{scheme}:`" if colon and scheme.isalnum() else "this"
        raise Invalid(
            f"{kind} is no address of a database that Trueup knows",
            hint="write postgresql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:/PATH; JDBC's forms are read too",
        )
    return _DIALECTS[scheme]()
