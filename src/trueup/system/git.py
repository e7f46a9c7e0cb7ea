"""The git command line, confined: built environment, no hooks, no prompts, one protocol, a time limit."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trueup.model.errors import Invalid
from trueup.system.git_access import access
from trueup.system.git_errors import translate
from trueup.system.processes import Captured, Command, capture
from trueup.system.remotes import Remote

OURS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "receive.fsckObjects": "true",
    "gc.autoDetach": "false",
    # A force-push leaves commits that baselines still name.
    "gc.pruneExpire": "90.days",
    "i18n.logOutputEncoding": "UTF-8",
    "protocol.version": "2",
    "submodule.recurse": "false",
}

# What a company's network needs from the environment; nothing of it is a credential of ours.
NETWORK = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
)


class Git:
    """Runs git commands. Errors arrive as Invalid, Unavailable or Broken, without credentials in them."""

    def __init__(self, home: Path, *, program: str = "git", seconds: float = 120) -> None:
        """`home` becomes git's private HOME. `seconds` is the limit of one command unless the call says more."""
        self._home = home
        self._program = program
        self._seconds = seconds
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "gitconfig").touch(mode=0o600)

    def run(
        self,
        arguments: Sequence[str],
        *,
        repository: Path,
        stdin: bytes = b"",
        remote: Remote | None = None,
        extra: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> bytes:
        """What the command wrote. Raises what git said, translated. `extra` adds to the environment."""
        done = self.attempt(arguments, repository=repository, stdin=stdin, remote=remote, extra=extra, seconds=seconds)
        if done.code:
            raise self.error(done, repository, remote)
        return done.stdout

    def attempt(
        self,
        arguments: Sequence[str],
        *,
        repository: Path,
        stdin: bytes = b"",
        remote: Remote | None = None,
        extra: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Captured:
        """The same, for commands whose exit code is an answer."""
        with self._way_in(remote) as entry:
            environment = {**self.environment(remote), **entry, **(extra or {})}
            argv = (*self.argv(repository), *arguments)
            return capture(Command(argv, self._home, environment, stdin), seconds=seconds or self._seconds)

    def argv(self, repository: Path) -> tuple[str, ...]:
        settings = tuple(part for name, value in OURS.items() for part in ("-c", f"{name}={value}"))
        return (self._program, *settings, f"--git-dir={repository}")

    def environment(self, remote: Remote | None = None) -> dict[str, str]:
        """All that git gets to see, without the credential."""
        network = {name: os.environ[name] for name in NETWORK if name in os.environ}
        return network | {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self._home),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self._home / "gitconfig"),
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": remote.protocol if remote else "none",
        }

    def error(self, done: Captured, repository: Path, remote: Remote | None) -> Exception:
        said = done.stderr.decode("utf-8", "replace")
        for secret in remote.credential.secrets if remote and remote.credential else ():
            said = said.replace(secret, "***")
        about = remote.url if remote else str(repository)
        return translate(said, about, over_network=remote is not None)

    @contextlib.contextmanager
    def _way_in(self, remote: Remote | None) -> Iterator[Mapping[str, str]]:
        """The environment that carries the credential; a key's file lives only as long as the command."""
        if remote is None:
            yield {}
            return
        with tempfile.TemporaryDirectory(dir=self._home, prefix="key-") as directory:
            yield {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **_agent(remote), **access(remote, Path(directory))}


def _agent(remote: Remote) -> dict[str, str]:
    """On a person's machine, without a key from us: their agent, and their known_hosts, which ssh finds by itself."""
    agent = os.environ.get("SSH_AUTH_SOCK")
    return {"SSH_AUTH_SOCK": agent} if agent and remote.protocol == "ssh" else {}


def checked_name(name: str) -> str:
    """The name of a branch or commit, as it may stand in an argument. Raises Invalid for what git would read as an
    option, a range or an expression."""
    bad = any(character in " ~^:?*[\\" or ord(character) < 33 or ord(character) == 127 for character in name)
    if (
        not name
        or bad
        or name.startswith(("-", "/"))
        or ".." in name
        or "@{" in name
        or name.endswith((".lock", "/", "."))
    ):
        raise Invalid(f"{name!r} is not the name of a branch or commit")
    return name
