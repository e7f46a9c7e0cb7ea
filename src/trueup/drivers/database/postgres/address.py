"""PostgreSQL's addresses: URLs, also JDBC's, become libpq's parameters, with nothing of our own process in them."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from trueup.model.errors import Invalid

SCHEMES = ("postgresql", "postgres")

_JDBC = {
    "user": "user",
    "password": "password",
    "sslmode": "sslmode",
    "sslrootcert": "sslrootcert",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "ApplicationName": "application_name",
    "connectTimeout": "connect_timeout",
    "targetServerType": "target_session_attrs",
    "options": "options",
}
"""Parameters of pgjdbc and what libpq calls them (https://jdbc.postgresql.org/documentation/use/)."""
_SERVER_TYPES = {"primary": "primary", "master": "primary", "secondary": "standby", "any": "any"}


def parameters_of(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What libpq is told. PG* variables count from `environment`, never from our own process. Raises Invalid, whose
    words never repeat the URL: it may hold a password."""
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(_plain(url)).items()}
    except (psycopg.ProgrammingError, ValueError):
        raise Invalid(
            "the database's URL cannot be read",
            hint="write postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full; in a password, write "
            "characters like @ / : as %40 %2F %3A",
        ) from None
    for default in psycopg.pq.Conninfo.get_defaults():
        keyword, variable = default.keyword.decode(), (default.envvar or b"").decode()
        if keyword in given or not variable:
            continue
        if variable in environment:
            given[keyword] = environment[variable]
        elif default.val and default.val != default.compiled:
            given[keyword] = (default.compiled or b"").decode()
    # Nobody's home directory decides which password is used.
    given.setdefault("passfile", "/nonexistent")
    return given


def _plain(url: str) -> str:
    parts = urlsplit(url.removeprefix("jdbc:"))
    scheme = parts.scheme.partition("+")[0]
    if scheme not in SCHEMES:
        raise ValueError(scheme)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if url.startswith("jdbc:"):
        query = _of_jdbc(query)
    # libpq takes no + for a blank.
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query).replace("+", "%20"), ""))


def _of_jdbc(query: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What has no counterpart tunes the Java side alone; the search path is `schema_of`'s."""
    given = dict(query)
    if given.get("ssl") in ("", "true"):
        given.setdefault("sslmode", "verify-full")
    if "targetServerType" in given:
        given["targetServerType"] = _SERVER_TYPES.get(given["targetServerType"], "any")
    return [(_JDBC[name], value) for name, value in given.items() if name in _JDBC]


def search_path_of(url: str) -> tuple[str, ...]:
    """JDBC's currentSchema."""
    if not url.startswith("jdbc:"):
        return ()
    value = dict(parse_qsl(urlsplit(url.removeprefix("jdbc:")).query)).get("currentSchema", "")
    return tuple(unquote(each.strip().strip('"')) for each in value.split(",") if each.strip())
