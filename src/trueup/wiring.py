"""The only module that builds drivers and adapters: options in, a working site out."""

import hashlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from secrets import token_hex
from typing import Any

from trueup.adapters.credentials.granting import Granting, Surroundings
from trueup.adapters.forge.local import LocalForge
from trueup.adapters.secrets.references import References
from trueup.adapters.store.checkpoints import load_signer
from trueup.adapters.store.store import SqlStore, open_store
from trueup.engine.adoption import Adoption
from trueup.engine.books import Books
from trueup.engine.catalog import Catalog, Remotes
from trueup.engine.checks import Checks
from trueup.engine.codification import Codification
from trueup.engine.decisions import RunDecisions
from trueup.engine.drift_decisions import DriftDecisions
from trueup.engine.errands import Errands
from trueup.engine.foreign import Foreign
from trueup.engine.history import History
from trueup.engine.intake import Intake
from trueup.engine.jobs import Jobs
from trueup.engine.leases import Leases
from trueup.engine.reconciler import Reconciler
from trueup.engine.recovery import Recovery
from trueup.engine.reports import Reports
from trueup.engine.settling import Settling
from trueup.engine.site import Site
from trueup.engine.stewardship import StackDecisions
from trueup.manifests.expansion import expand
from trueup.manifests.formats import FormatEntry, Formats
from trueup.manifests.layouts import FILE
from trueup.manifests.manifest import Manifest, Repository
from trueup.manifests.native import Control, load
from trueup.ports.credentials import Credentials, Secrets
from trueup.ports.driver import Driver
from trueup.ports.forge import Forge
from trueup.ports.tree import Tree
from trueup.system.clock import Clock, SystemClock
from trueup.system.git import Git
from trueup.system.mirror import Mirror
from trueup.system.remotes import Credential, Remote, SshKey, Token, remote
from trueup.system.sealing import Seal, open_key

DRIVERS = "trueup.drivers"
"""The entry-point group; a third party's driver is registered the same way as ours."""


@dataclass(frozen=True)
class Options:
    """What a person decides about one installation."""

    data: Path
    """The data directory: keys, store, mirrors, work, evidence. Never inside a repository."""
    repository: str
    """The control repository: a path or an address."""
    branch: str = "main"
    database: str = ""
    """`postgresql://...`; empty: SQLite in the data directory."""
    poll: timedelta = timedelta(seconds=60)
    env_secrets: frozenset[str] = frozenset()
    """Variables of our own process that `env:NAME` may read."""

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'trueup.db'}"


@cache
def drivers() -> Mapping[str, Driver[Any]]:
    """Every installed driver, by its name."""
    built = (point.load()() for point in entry_points(group=DRIVERS))
    return {driver.name: driver for driver in built}


def formats() -> Formats:
    """Every key of trueup.yaml that an installed driver answers for."""
    return {
        key: FormatEntry(driver.name, spec, files=tuple(getattr(driver, "files", ())))
        for driver in drivers().values()
        for key, spec in driver.specs.items()
    }


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

    def forge(self, place: Remote) -> Forge | None:
        """The built-in one, for bare repositories on this machine; None where change requests are out of reach."""
        if place.protocol != "file" or not (Path(place.url) / "HEAD").is_file():
            return None
        if place.url not in self._forges:
            forge = LocalForge(self._git, Path(place.url), clock=self._clock)
            self._forges[place.url] = self._stack.enter_context(forge)
        return self._forges[place.url]

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


@dataclass(frozen=True)
class Installation:
    """Everything of one process: the site for the ways in, and what keeps it going."""

    options: Options
    site: Site
    store: SqlStore
    seal: Seal
    history: History
    intake: Intake
    reports: Reports
    worker: str


@contextmanager
def installation(options: Options, clock: Clock | None = None) -> Iterator[Installation]:
    """Builds a site over a data directory. Raises Invalid, Refused (another key) and Unavailable."""
    clock = clock or SystemClock()
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    seal = open_key(options.data / "key")
    name = socket.gethostname()
    signer = load_signer(options.data / "signing-key", name)
    with ExitStack() as stack:
        store = open_store(options.database_url, seal, signer=signer, clock=clock)
        stack.callback(store.close)
        secrets = References(os.environ, options.env_secrets)
        repositories = Repositories(options.data, secrets, clock)
        stack.callback(repositories.close)
        worker = f"{name}-{os.getpid()}-{token_hex(3)}"
        yield _assembled(options, _Parts(clock, seal, store, secrets, repositories, worker))


@dataclass(frozen=True)
class _Parts:
    clock: Clock
    seal: Seal
    store: SqlStore
    secrets: Secrets
    repositories: Repositories
    worker: str


def _assembled(options: Options, parts: _Parts) -> Installation:
    clock, store, repositories = parts.clock, parts.store, parts.repositories
    control = Repository("control", options.repository, options.branch)
    remotes = Remotes(repositories.mirror(control), options.branch, repositories.mirror, _parse, expand)
    catalog = Catalog(remotes, store)

    def forges(name: str) -> Forge | None:
        return repositories.forge(catalog.mirror(name).remote)

    granting = _Granting(catalog, parts.secrets, Surroundings(os.environ, options.data / "homes"), clock)
    jobs = Jobs(store, drivers(), granting.now, parts.seal.keyed_hash().hash_secret, options.data)
    errands = Errands(store, catalog, jobs)
    books = Books(store, catalog, forges, clock)
    settling = Settling(books, errands, clock)
    leases = Leases(store, parts.worker)
    intake = Intake(store, catalog, errands, forges, clock)
    stacks = StackDecisions(books, errands, intake)
    checks = Checks(store, errands, books, Foreign(errands, books, settling, clock), clock)
    site = Site(
        name=socket.gethostname(),
        clock=clock,
        store=store,
        catalog=catalog,
        forges=forges,
        books=books,
        errands=errands,
        runs=RunDecisions(books),
        stacks=stacks,
        drifts=DriftDecisions(books, stacks),
        adoption=Adoption(books, errands, settling),
        codification=Codification(books, errands, catalog, forges),
        checks=checks,
        reconciler=Reconciler(errands, books, settling, leases, clock),
        recovery=Recovery(books, errands, settling, leases),
    )
    history = History(store, catalog, errands)
    reports = Reports(store, errands, forges)
    return Installation(options, site, store, parts.seal, history, intake, reports, parts.worker)


def _parse(tree: Tree) -> Control:
    return load(tree.read(FILE), FILE, formats())


class _Granting:
    """Credentials as the manifest of this moment rules them; roles that were assumed are kept while it stays."""

    def __init__(self, catalog: Catalog, secrets: Secrets, surroundings: Surroundings, clock: Clock) -> None:
        self._catalog, self._secrets, self._surroundings, self._clock = catalog, secrets, surroundings, clock
        self._for: Manifest | None = None
        self._granting: Granting | None = None

    def now(self) -> Credentials:
        manifest = self._catalog.manifest
        if self._granting is None or self._for is not manifest:
            rules, contexts = manifest.credentials, manifest.contexts
            self._granting = Granting(rules, contexts, self._secrets, self._surroundings, self._clock)
            self._for = manifest
        return self._granting
