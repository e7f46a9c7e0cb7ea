"""Traces: what Trueup left anywhere. Files below the data directory, and refs in repositories."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.model.errors import Refused, TrueupError
from trueup.model.values import JSON
from trueup.settings import KEY
from trueup.system.locks import LOCK_NAME
from trueup.system.processes import Command, capture
from trueup.web.runtime import RUNTIME

OURS = ("refs/heads/trueup/*", "refs/trueup/*")
"""Branches of codifications and of the ledger; change requests and statuses of the local forge."""
MEMORY = "installation.json"
"""In the data directory: which control repository it is for."""
MARKS = frozenset({KEY, LOCK_NAME, RUNTIME})
"""A directory with one of these is a data directory."""
SECONDS = 60.0


@dataclass(frozen=True)
class Remote:
    name: str
    url: str


@dataclass(frozen=True)
class Refs:
    """Refs of ours in one repository; or why they could not be listed."""

    repository: str
    names: tuple[str, ...]
    mirror: bool = False
    """A copy in the data directory: what the repository had when it was last looked at."""
    error: str = ""
    url: str = ""


@dataclass(frozen=True)
class Traces:
    data: Path
    files: tuple[tuple[str, int], ...]
    """Entries of the data directory with their bytes, whatever is in them included."""
    refs: tuple[Refs, ...]
    states: tuple[str, ...] = ()
    """State files below the data directory: of stacks without a backend, which have no other."""
    temporary: tuple[str, ...] = ()
    """Private directories of stacks' subprocesses, outside of the data directory."""

    @property
    def document(self) -> dict[str, JSON]:
        return {
            "data": str(self.data),
            "files": [{"name": name, "bytes": size} for name, size in self.files],
            "refs": [
                {
                    "repository": each.repository,
                    "url": each.url,
                    "names": list(each.names),
                    "mirror": each.mirror,
                    "error": each.error,
                }
                for each in self.refs
            ],
            "states": list(self.states),
            "temporary": list(self.temporary),
            "cloud": [],
        }


def find(data: Path, remotes: Sequence[Remote]) -> Traces:
    """Reads only."""
    asked = [_listed(each.name, each.url) for each in remotes if each.url]
    mirrors = [_listed(directory.name, str(directory), mirror=True) for directory in _mirrors(data)]
    refs = [*asked, *(each for each in mirrors if each.names)]
    return Traces(data, tuple(_files(data)), tuple(refs), tuple(_states(data)), tuple(_temporary(data)))


def control_repository(data: Path) -> str:
    """As the data directory remembers it; empty before the first `trueup up`."""
    try:
        return str(json.loads((data / MEMORY).read_text(encoding="utf-8"))["repository"])
    except (OSError, ValueError, KeyError):
        return ""


def check_ours(data: Path) -> None:
    """Raises Refused for a directory that no Trueup has written to, or that holds more than its data."""
    names = {entry.name for entry in data.iterdir()}
    if not names & MARKS or ".git" in names or data.resolve() in (Path.home(), Path("/")):
        raise Refused(f"{data} does not look like a data directory of Trueup", hint="name the right one: --data DIR")


def _files(data: Path) -> Iterator[tuple[str, int]]:
    if data.is_dir():
        for entry in sorted(data.iterdir()):
            yield entry.name + ("/" if entry.is_dir() else ""), _size(entry)


def _size(path: Path) -> int:
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size
    return sum((Path(directory) / name).lstat().st_size for directory, _, names in os.walk(path) for name in names)


def _states(data: Path) -> Iterator[str]:
    for directory, folders, names in os.walk(data):
        folders[:] = sorted(folder for folder in folders if folder != ".terraform")
        found = (Path(directory) / name for name in sorted(names) if name.endswith(".tfstate"))
        yield from (str(path.relative_to(data)) for path in found if not _is_note(path))


def _is_note(path: Path) -> bool:
    """Terraform's note of which backend has the state; in its data directory it is called like a state."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and "backend" in document and not document.get("resources")


def _temporary(data: Path) -> Iterator[str]:
    """Each is called after the HOME that belongs to it (adapters.credentials.granting)."""
    marks = sorted({home.name.rpartition("-")[0] for home in (data / "homes").glob("*-*")})
    places = (Path(tempfile.gettempdir()) / f"trueup-{mark}" for mark in marks)
    yield from (str(place) for place in places if place.is_dir() and place.lstat().st_uid == os.getuid())


def _mirrors(data: Path) -> Iterator[Path]:
    for directory, folders, names in os.walk(data):
        if "HEAD" in names and {"objects", "refs"} <= set(folders):
            folders.clear()
            yield Path(directory)


def _listed(name: str, url: str, *, mirror: bool = False) -> Refs:
    environment = {
        name: os.environ[name] for name in ("PATH", "HOME", "SSH_AUTH_SOCK", "SSH_AGENT_PID") if name in os.environ
    }
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "LC_ALL": "C"}
    command = Command(("git", "ls-remote", "--refs", "--", url, *OURS), Path.cwd(), environment)
    try:
        said = capture(command, seconds=SECONDS)
    except TrueupError as error:
        return Refs(name, (), mirror, error.message)
    if said.code:
        return Refs(name, (), mirror, said.stderr.decode(errors="replace").strip() or f"git ends with {said.code}")
    return Refs(name, tuple(line.split("\t", 1)[1] for line in said.stdout.decode().splitlines()), mirror, url=url)
