"""Remote: where a repository is and how to get in. Credentials travel in the environment, never in a URL or argv."""

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trueup.model.errors import Invalid

SCP_LIKE = re.compile(r"(?:(?P<user>[A-Za-z0-9._-]+)@)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(?!:)(?P<path>.+)")


@dataclass(frozen=True)
class SshKey:
    """The texts of an OpenSSH private key and of a known_hosts file; without either, the user's own are asked."""

    private_key: str = field(repr=False)
    known_hosts: str = ""

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset({self.private_key} - {""})


@dataclass(frozen=True)
class Token:
    """A forge's token; `user` is whatever the forge wants in front of it (`x-access-token`, `oauth2`, a login)."""

    user: str
    secret: str = field(repr=False)

    @property
    def header(self) -> str:
        return "Authorization: Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset({self.secret, self.header.removeprefix("Authorization: Basic ")} - {""})


Credential = SshKey | Token


@dataclass(frozen=True)
class Remote:
    """A checked address. Build it with `remote()`."""

    url: str
    """A path when it is on this machine."""
    protocol: str
    """`file`, `https`, `http` or `ssh`: the only one that git may use for it."""
    credential: Credential | None = None

    @property
    def origin(self) -> str:
        """`https://host:port/`: where a token may be sent."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/"


def remote(url: str, credential: Credential | None = None, *, directory: Path | None = None) -> Remote:
    """A remote from what stands in trueup.yaml: a path (relative to `directory`), file, https, ssh, user@host:path.
    Raises Invalid for everything else: other transports run commands."""
    if not url or url.startswith("-") or any(ord(character) < 32 for character in url):
        raise Invalid(f"{url!r} is not the address of a repository", hint=_FORMS)
    if "::" in url.split("/", 1)[0]:
        raise Invalid(f"{url!r} uses a transport that can run commands", hint=_FORMS)
    if "://" in url:
        return _with_scheme(url, credential)
    if "/" not in url.split(":", 1)[0] and (match := SCP_LIKE.fullmatch(url)):
        if match["host"].startswith("-") or match["path"].startswith("-"):
            raise Invalid(f"{url!r} is not the address of a repository", hint=_FORMS)
        return _accepting(Remote(url, "ssh", credential))
    path = (directory or Path.cwd()) / Path(url).expanduser()
    return _accepting(Remote(str(path.resolve()), "file", credential))


def _with_scheme(url: str, credential: Credential | None) -> Remote:
    parts = urlsplit(url)
    if parts.password or (parts.username and parts.scheme != "ssh"):
        shown = url.replace(parts.netloc, parts.netloc.rpartition("@")[2])
        raise Invalid(
            f"the address of {shown} contains credentials",
            hint="name them under `credentials:` instead; a token in an address gets into logs",
        )
    if parts.hostname and parts.hostname.startswith("-"):
        raise Invalid(f"{url!r} is not the address of a repository", hint=_FORMS)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise Invalid(f"{url} is not encrypted", hint="use https://")
    if parts.scheme not in ("https", "http", "ssh", "file"):
        raise Invalid(f"{url}: the transport {parts.scheme!r} is not supported", hint=_FORMS)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise Invalid(f"{url} names a file on another machine", hint=_FORMS)
        return _accepting(Remote(unquote(parts.path), "file", credential))
    return _accepting(Remote(url, parts.scheme, credential))


def _accepting(found: Remote) -> Remote:
    match found.credential:
        case SshKey() if found.protocol != "ssh":
            raise Invalid(f"{found.url} is not reached by ssh, but its credential is an ssh key", hint=_FORMS)
        case Token() if found.protocol not in ("https", "http"):
            raise Invalid(f"{found.url} is not reached by https, but its credential is a token", hint=_FORMS)
    return found


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_FORMS = "write a path, https://host/path, ssh://user@host/path or user@host:path"
