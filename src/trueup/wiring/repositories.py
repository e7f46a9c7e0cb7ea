"""Repositories: mirrors and forges of what the control repository names."""

import hashlib
from contextlib import ExitStack
from pathlib import Path

from trueup.adapters.forge.local import LocalForge
from trueup.manifests.manifest import Repository
from trueup.ports.credentials import Secrets
from trueup.ports.forge import Forge
from trueup.system.clock import Clock
from trueup.system.git import Git
from trueup.system.mirror import Mirror
from trueup.system.remotes import Credential, Remote, SshKey, Token, remote


class Repositories:
    """Mirrors and forges of the declared repositories, each made once and kept for the life of the process."""

    def __init__(self, data: Path, secrets: Secrets, clock: Clock) -> None:
        self._git = Git(data / "git-home")
        self._data, self._secrets, self._clock = data / "mirrors", secrets, clock
        self._mirrors: dict[Repository, Mirror] = {}
        self._forges: dict[str, Forge] = {}
        self._stack = ExitStack()

    def mirror(self, repository: Repository) -> Mirror:
        if repository not in self._mirrors:
            place = remote(repository.url, self._credential(repository))
            name = f"{repository.key}-{hashlib.sha256(place.url.encode()).hexdigest()[:12]}.git"
            self._mirrors[repository] = self._stack.enter_context(Mirror(self._git, place, self._data / name))
        return self._mirrors[repository]

    def forge(self, name: str, place: Remote) -> Forge | None:
        """The built-in one, for bare repositories on this machine; None where change requests are out of reach. `name`
        is the repository's in trueup.yaml, by which people find its change requests again."""
        if place.protocol != "file" or not (Path(place.url) / "HEAD").is_file():
            return None
        if place.url not in self._forges:
            forge = LocalForge(self._git, Path(place.url), repository=name, clock=self._clock)
            self._forges[place.url] = self._stack.enter_context(forge)
        return self._forges[place.url]

    def branch_of(self, place: Remote, directory: Path) -> Mirror:
        """A bare repository of ours from which a branch is pushed to a remote; it fetches nothing."""
        return Mirror(self._git, place, directory, refspecs=())

    @property
    def git(self) -> Git:
        return self._git

    def close(self) -> None:
        self._stack.close()

    def _credential(self, repository: Repository) -> Credential | None:
        access = repository.access
        if access is None:
            return None
        if access.token is not None:
            return Token(access.user, self._secrets.resolve(access.token))
        key = self._secrets.resolve(access.ssh_key) if access.ssh_key else ""
        return SshKey(key, self._secrets.resolve(access.known_hosts) if access.known_hosts else "")
