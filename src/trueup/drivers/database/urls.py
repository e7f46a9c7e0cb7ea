"""URLs: what people write for a database, also Java's `jdbc:` URLs, as the URL that our clients understand."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from trueup.model.errors import Invalid

_POSTGRES = ("postgresql", "postgres")
_SAME = {
    "sslmode": "sslmode",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "sslrootcert": "sslrootcert",
    "sslpassword": "sslpassword",
    "ApplicationName": "application_name",
    "connectTimeout": "connect_timeout",
    "options": "options",
}
"""pgjdbc's names of what libpq knows too; its other ones tune the driver and say nothing of the connection."""


def plain_url(text: str) -> str:
    """`jdbc:postgresql://db/app?user=u&sslmode=require` is `postgresql://u@db/app?sslmode=require`; a URL that is
    plain already stays. Raises Invalid, never with the URL in it: it may hold a password."""
    text = text.strip()
    jdbc = text.startswith("jdbc:")
    url = text.removeprefix("jdbc:")
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return _sqlite(url) if jdbc else url
    if scheme not in _POSTGRES:
        raise Invalid(
            f"`{scheme if ':' in url else '...'}:` is no kind of database that Trueup knows",
            hint="write postgresql://HOST/DATABASE or sqlite:FILE, with or without jdbc: before it",
        )
    return _postgres(url) if jdbc else url


def _sqlite(url: str) -> str:
    """Java's driver takes `jdbc:sqlite:FILE?pragma=...`."""
    path = url.removeprefix("sqlite:").removeprefix("file:").partition("?")[0]
    return f"sqlite:{path}"


def _postgres(url: str) -> str:
    """Also `jdbc:postgresql:database` and `jdbc:postgresql:/`, which mean this machine."""
    rest = url.partition(":")[2]
    parts = urlsplit(f"postgresql:{rest}" if rest.startswith("//") else f"postgresql://localhost/{rest.lstrip('/')}")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    user, password = given.pop("user", ""), given.pop("password", "")
    kept = {_SAME[name]: value for name, value in given.items() if name in _SAME}
    if "sslmode" not in kept and given.get("ssl", "false").lower() in ("", "true"):
        kept["sslmode"] = "verify-full"
    if given.get("targetServerType") in ("primary", "master"):
        kept["target_session_attrs"] = "read-write"
    if "currentSchema" in given:
        kept["options"] = f"{kept.get('options', '')} -csearch_path={given['currentSchema']}".strip()
    host = parts.netloc
    if user and "@" not in host:
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        host = f"{login}@{host}"
    return urlunsplit(("postgresql", host, parts.path, urlencode(kept, quote_via=quote), ""))


def without_password(url: str) -> str:
    """For messages: neither the password nor the parameters."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    if parts.scheme == "sqlite":
        return f"sqlite:{url.partition(':')[2]}"
    return urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))
