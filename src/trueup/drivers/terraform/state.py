"""States: their identity, and the durable copies of those that have no backend."""

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path

from trueup.drivers.terraform.reading import Root
from trueup.drivers.terraform.workdir import Workdir, write_private
from trueup.model.errors import Rejected
from trueup.model.plan import LiveIdentity
from trueup.model.values import JSON
from trueup.ports.driver import StateVault

LOCAL = ("", "local")


def identity_of(state: JSON) -> LiveIdentity:
    """Lineage and serial; empty for a state that was never written."""
    lineage = (state or {}).get("lineage", "")
    return LiveIdentity({"lineage": lineage, "serial": str(state.get("serial", 0))} if lineage else {})


def identity_in(content: bytes) -> LiveIdentity:
    """Of a state as it was written; empty content is no state. Raises Rejected."""
    if not content.strip():
        return LiveIdentity()
    state = _parsed(content)
    if state is None:
        raise Rejected("it is not a state of Terraform's", hint="look at it: `terraform state pull`")
    return identity_of(state)


def state_file(workdir: Workdir, root: Root, workspace: str | None) -> Path | None:
    """Where the state is a file in the working directory; None for every other backend, and for a local one that
    names an absolute path, which is somebody's own durable place."""
    own = root.own.sources.values()
    backend = next((source for source in own if source.backend), None)
    if backend is not None and (backend.backend != "local" or backend.backend_path.startswith("/")):
        return None
    name = backend.backend_path if backend and backend.backend_path else "terraform.tfstate"
    if workspace and workspace != "default":
        return workdir.root / "terraform.tfstate.d" / workspace / "terraform.tfstate"
    return workdir.root / name


@dataclass
class KeptState:
    """A state file and its versions in the vault. The working directory may be lost, the vault may not."""

    file: Path
    vault: StateVault
    _last: bytes | None = None

    def restore(self) -> None:
        """Brings the file to the newest version. A file that is newer was left by an apply whose worker died before
        it could be stored: it is stored first. A file that somebody holds locked is left alone: Terraform will say so,
        and another file in its place would not be locked."""
        if _is_locked(self.file):
            return
        here = self.file.read_bytes() if self.file.exists() else None
        newest = self.vault.newest()
        if here is not None and _is_newer(here, newest):
            self.vault.store(here)
            newest = here
        if newest is None:
            self.file.unlink(missing_ok=True)
        elif here != newest:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_private(self.file, newest)
        self._last = newest

    def mirror(self) -> None:
        """Stores the file when it changed; half-written content is left for the next time."""
        content = self.file.read_bytes() if self.file.exists() else None
        if content is None or content == self._last or _parsed(content) is None:
            return
        self.vault.store(content)
        self._last = content


def _is_locked(file: Path) -> bool:
    """As Terraform's local backend locks: a POSIX lock of the file itself."""
    if not file.exists():
        return False
    with file.open("r+b") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _is_newer(here: bytes, stored: bytes | None) -> bool:
    mine, theirs = _parsed(here), _parsed(stored) if stored is not None else None
    if mine is None or not mine.get("lineage"):
        return False
    if theirs is None:
        return True
    return bool(mine["lineage"] == theirs.get("lineage") and mine.get("serial", 0) > theirs.get("serial", 0))


def _parsed(content: bytes) -> JSON:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
