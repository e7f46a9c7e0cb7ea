"""Providers that stay between two checks: starting one and loading its schema is half of a plan's time.

A provider is started as Terraform would start it (go-plugin's handshake) and handed to plans with
TF_REATTACH_PROVIDERS. Terraform checks nothing about such a provider, so here is what makes it safe:

* only programs whose package has the hash that the stack's own lock file pins;
* one plan at a time: a provider has one configuration, and two plans would overwrite each other's;
* only roots with one configuration of it, for the same reason: aliases would overwrite each other;
* never another environment than the one that the provider would have got: credentials that differ, or that were
  renewed, are another key;
* only routine checks: a proposal's code was agreed to by nobody, and proofs and applies start their own;
* the socket has no authentication, so it lies in a directory of its own that is private.

Handshake: https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md; variable:
https://developer.hashicorp.com/terraform/plugin/debugging
"""

import contextlib
import json
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from trueup.drivers.terraform.client import Client
from trueup.drivers.terraform.providers import Package, verified
from trueup.drivers.terraform.reading import Root
from trueup.model.errors import Unavailable
from trueup.model.values import Digest, digest
from trueup.settings import KEPT_PROVIDERS_IDLE, KEPT_PROVIDERS_KNOWN, kept_providers
from trueup.system.companion import Companion
from trueup.system.confinement import confined, with_readable
from trueup.system.processes import Command, Sandbox

VARIABLE = "TF_REATTACH_PROVIDERS"
START_SECONDS = 20.0
_HANDSHAKE = {
    "TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
    "PLUGIN_PROTOCOL_VERSIONS": "5,6",
}
_SPECIAL = re.compile(r'\b(alias|\w*(?:files?|bundle|path))"?\s*[=:]')
"""In a provider block: a second configuration, or a path that a program elsewhere would not find."""
_KEPT_VARIABLES = ("TF_APPEND_USER_AGENT",)


@dataclass(eq=False)
class _Provider:
    """One running program."""

    key: Digest
    package: Package
    companion: Companion
    directory: Path
    idle_since: float = 0.0

    def variable(self, pid: int) -> str:
        """The value of TF_REATTACH_PROVIDERS. Raises Unavailable when it speaks something else. `pid` is watched by
        Terraform: it counts for the provider's."""
        words = self.companion.first_line.strip().split("|")
        if len(words) < 5 or words[2] != "unix" or words[4] != "grpc":
            raise Unavailable(f"{self.package.address} does not serve as providers do")
        about = {
            "Protocol": "grpc",
            "ProtocolVersion": int(words[1]),
            "Pid": pid,
            # Otherwise the first plan that ends would end it.
            "Test": True,
            "Addr": {"Network": "unix", "String": words[3]},
        }
        return json.dumps({self.package.address: about})

    def end(self) -> None:
        self.companion.end()
        shutil.rmtree(self.directory, ignore_errors=True)


@dataclass
class Kept:
    """The providers of one process."""

    most: int = field(default_factory=kept_providers)
    idle_seconds: float = KEPT_PROVIDERS_IDLE.total_seconds()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _idle: list[_Provider] = field(default_factory=list)
    _lent: list[_Provider] = field(default_factory=list)
    _starting: int = 0
    _alone: set[Path] = field(default_factory=set)
    """Directories whose plan failed beside a kept provider that lived: they plan alone from then on."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Of every provider that runs now, lent or idle."""
        with self._lock:
            return tuple(each.companion.pid for each in (*self._lent, *self._idle) if each.companion.alive)

    def loan(self, directory: Path) -> "Loan | None":
        """For one observation; None where providers are not kept."""
        return Loan(self, directory) if self.most and directory not in self._alone else None

    def lend(
        self, package: Package, environment: Mapping[str, str], sandbox: Sandbox | None = None
    ) -> _Provider | None:
        """One that nobody uses, else a new one; None when as many as may be are in use, or it does not start. Where
        the job is confined, so is its provider."""
        wanted = _environment(environment)
        hidden = [str(each) for each in sandbox.hidden] if sandbox else None
        key = digest([package.address, package.hash, str(package.program), wanted, hidden])
        with self._lock:
            out = [each for each in self._idle if not each.companion.alive]
            self._idle = [each for each in self._idle if each not in out]
            found = next((each for each in self._idle if each.key == key), None)
            if found is not None:
                self._idle.remove(found)
                self._lent.append(found)
            elif len(self._lent) + self._starting >= self.most:
                return None
            else:
                self._starting += 1
                while len(self._idle) + len(self._lent) + self._starting > self.most:
                    out.append(self._idle.pop(0))
        _end(out)
        return found or self._begun(key, package, wanted, sandbox)

    def _begun(
        self, key: Digest, package: Package, environment: Mapping[str, str], sandbox: Sandbox | None
    ) -> _Provider | None:
        started = None
        try:
            started = _started(key, package, environment, sandbox)
        except (Unavailable, OSError):
            return None
        finally:
            with self._lock:
                self._starting -= 1
                self._lent += [started] if started else []
        return started

    def give_back(self, provider: _Provider, directory: Path, *, well: bool) -> None:
        """Not well: it was there when a plan failed or was stopped, and may be half-way in something."""
        alive = provider.companion.alive
        with self._lock:
            self._lent.remove(provider)
            if well and alive:
                provider.idle_since = time.monotonic()
                self._idle.append(provider)
            elif alive:
                self._alone.add(directory)
        if well and alive:
            timer = threading.Timer(self.idle_seconds, self._sweep)
            timer.daemon = True
            timer.start()
        else:
            _end([provider])

    def end(self) -> None:
        """Those that nobody uses."""
        with self._lock:
            out, self._idle = self._idle, []
        _end(out)

    def _sweep(self) -> None:
        with self._lock:
            before = time.monotonic() - self.idle_seconds
            out = [each for each in self._idle if each.idle_since <= before or not each.companion.alive]
            self._idle = [each for each in self._idle if each not in out]
        _end(out)


@dataclass
class Loan:
    """What one observation has of the kept providers, from its first plan until it is given back."""

    kept: Kept
    directory: Path
    _provider: _Provider | None = None
    _failed: bool = False
    _busy: bool = False

    @contextlib.contextmanager
    def used(self, root: Root, client: Client) -> Iterator[Client]:
        """The client that makes Terraform use a kept provider; itself where none may be used."""
        workdir = client.workdir
        if self._provider is None and not self._failed and VARIABLE not in client.environment:
            packages = {each.address: each for each in verified(workdir.lock_file(), workdir.data)}
            name = next((each for each in packages if may_be_kept(root, each, set(packages))), None)
            self._provider = self.kept.lend(packages[name], client.environment, client.sandbox) if name else None
        self._busy = True
        yield _beside(client, self._provider) if self._provider else client
        self._busy = False

    def fail(self) -> bool:
        """Something failed beside it. Whether that was because the provider is dead: then it is worth another try."""
        provider, self._provider, self._failed = self._provider, None, True
        if provider is None:
            return False
        died = not provider.companion.alive
        self.kept.give_back(provider, self.directory, well=False)
        return died

    def give_back(self) -> None:
        provider, self._provider = self._provider, None
        if provider is not None:
            self.kept.give_back(provider, self.directory, well=not self._busy)


def _beside(client: Client, provider: _Provider) -> Client:
    """Within walls the socket is let in, and only the first process can be watched: pids there are others."""
    inside = client.sandbox and with_readable(client.sandbox, provider.directory)
    variable = provider.variable(1 if inside else provider.companion.pid)
    return replace(client, environment={**client.environment, VARIABLE: variable}, sandbox=inside)


def may_be_kept(root: Root, address: str, locked: set[str]) -> bool:
    """One that is known to work from anywhere, with at most one configuration, in code that is all in the tree."""
    name = address.rpartition("/")[2]
    if address.partition("/")[2] not in KEPT_PROVIDERS_KNOWN or any(
        not call.local for _, source in root.sources() for call in source.modules
    ):
        return False
    names = Counter(each.rpartition("/")[2] for each in locked)
    used = {each for _, source in root.sources() for each in source.providers}
    # A name that is not a locked provider's own may be a second name of this one.
    if names[name] != 1 or used - names.keys() - {"terraform"}:
        return False
    blocks = [text for _, source in root.sources() for local, text in source.configured if local == name]
    own = [text for source in root.own.sources.values() for local, text in source.configured if local == name]
    return blocks == own and len(blocks) <= 1 and not any(_SPECIAL.search(text) for text in blocks)


def _environment(of_terraform: Mapping[str, str]) -> dict[str, str]:
    """What Terraform would hand on, without what is Terraform's own. Homes are empty and differ from stack to stack:
    one in which somebody left settings belongs to its stack alone."""
    home = Path(of_terraform.get("HOME", "/nonexistent"))
    settled = home.is_dir() and any(each.name.startswith(".") for each in home.iterdir())
    dropped = {"TMPDIR", "CHECKPOINT_DISABLE", *(() if settled else ("HOME",))}
    return {
        name: value
        for name, value in of_terraform.items()
        if name not in dropped and (name in _KEPT_VARIABLES or not name.startswith(("TF_", "GIT_")))
    }


def _started(key: Digest, package: Package, environment: Mapping[str, str], sandbox: Sandbox | None) -> _Provider:
    """Raises Unavailable."""
    directory = Path(tempfile.mkdtemp(prefix="trueup-p-"))  # 0700, and short: a socket's path may have 107 bytes
    whole = {"HOME": str(directory), **environment, **_HANDSHAKE, "TMPDIR": str(directory)}
    inside = None
    if sandbox is not None:
        inside = with_readable(confined(whole, [directory], sandbox.hidden), package.program, package.program.resolve())
    try:
        command = Command((str(package.program),), directory, whole, sandbox=inside)
        companion = Companion(command, seconds=START_SECONDS)
    except Unavailable:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    provider = _Provider(key, package, companion, directory)
    try:
        provider.variable(companion.pid)
    except Unavailable:
        provider.end()
        raise
    return provider


def _end(providers: list[_Provider]) -> None:
    for provider in providers:
        with contextlib.suppress(OSError):
            provider.end()
