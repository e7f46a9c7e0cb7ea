"""Installation: options in, a working site out, without anything started."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueup.adapters.credentials.granting import Granting, Surroundings
from trueup.adapters.secrets.references import References
from trueup.adapters.store.checkpoints import load_signer
from trueup.adapters.store.store import SqlStore, open_store
from trueup.engine.adoption import Adoption
from trueup.engine.asking import Asking
from trueup.engine.attribution import Attribution
from trueup.engine.backlog import Backlog
from trueup.engine.books import Books
from trueup.engine.break_glass import BreakGlasses
from trueup.engine.break_glass_credentials import BreakGlassCredentials
from trueup.engine.break_glass_follow_up import FollowUps
from trueup.engine.catalog import Catalog, Remotes
from trueup.engine.checks import Checks
from trueup.engine.codification import Codification
from trueup.engine.courier import Courier
from trueup.engine.coverage import Coverages
from trueup.engine.decisions import RunDecisions
from trueup.engine.drift_decisions import DriftDecisions
from trueup.engine.drift_records import DriftRecords
from trueup.engine.errands import Errands
from trueup.engine.foreign import Foreign
from trueup.engine.intake import Intake
from trueup.engine.jobs import Jobs
from trueup.engine.leases import Leases
from trueup.engine.listening import Listening
from trueup.engine.notices import Notices
from trueup.engine.probing import Prober
from trueup.engine.reconciler import Reconciler
from trueup.engine.recovery import Recovery
from trueup.engine.reports import Reports
from trueup.engine.responses import Responses
from trueup.engine.settling import Settling
from trueup.engine.signals import Signals
from trueup.engine.site import Site
from trueup.engine.stewardship import StackDecisions
from trueup.engine.subjects import Subjects
from trueup.engine.tools import Toolbox
from trueup.engine.undoing import Undoing
from trueup.engine.vouching import Vouching
from trueup.manifests.expansion import expand
from trueup.manifests.layouts import FILE
from trueup.manifests.manifest import Manifest, Repository
from trueup.manifests.native import Control, load
from trueup.model.errors import Invalid
from trueup.ports.credentials import Credentials, Secrets
from trueup.ports.forge import Forge
from trueup.ports.tree import Tree
from trueup.settings import CHECKPOINT_AFTER, KEY, POLL, env_secrets
from trueup.system.clock import Clock, SystemClock
from trueup.system.durable import write_durably
from trueup.system.remotes import Remote
from trueup.system.sealing import Seal, open_key
from trueup.wiring.notifying import Notifiers
from trueup.wiring.registry import drivers, formats
from trueup.wiring.repositories import Repositories


@dataclass(frozen=True)
class Options:
    """What a person decides about one installation."""

    data: Path
    """The data directory: keys, store, mirrors, work, evidence. Never inside a repository."""
    repository: str = ""
    """The control repository: a path or an address; empty: the one that the data directory remembers."""
    branch: str = "main"
    database: str = ""
    """`postgresql://...`; empty: SQLite in the data directory."""
    poll: timedelta = POLL
    env_secrets: frozenset[str] = field(default_factory=env_secrets)
    """Variables of our own process that `env:NAME` may read."""

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'trueup.db'}"


@dataclass(frozen=True)
class Installation:
    """Everything of one process: the site for the ways in, and what keeps it going."""

    options: Options
    site: Site
    store: SqlStore
    seal: Seal
    key: Ed25519PrivateKey
    """Signs checkpoints and the exported ledger's commits."""
    repositories: Repositories
    intake: Intake
    reports: Reports
    worker: str

    def sign_when_due(self) -> None:
        """A checkpoint of a ledger that grew, once an hour; the store signs one every hundred entries by itself."""
        with self.store.transaction() as tx:
            signed, size = tx.checkpoints(), tx.size()
        due = not signed or self.site.clock.now() - signed[-1].time >= CHECKPOINT_AFTER
        if due and size > (signed[-1].size if signed else 0):
            self.store.checkpoint()


@contextmanager
def installation(options: Options, clock: Clock | None = None) -> Iterator[Installation]:
    """Builds a site over a data directory. Raises Invalid, Refused (another key) and Unavailable."""
    clock = clock or SystemClock()
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = _remembered(options)
    seal = open_key(options.data / KEY)
    name = socket.gethostname()
    signer = load_signer(options.data / "signing-key", name)
    with ExitStack() as stack:
        store = open_store(options.database_url, seal, signer=signer, clock=clock)
        stack.callback(store.close)
        secrets = References(os.environ, options.env_secrets)
        repositories = Repositories(options.data, secrets, clock)
        stack.callback(repositories.close)
        worker = f"{name}-{os.getpid()}-{token_hex(3)}"
        yield _assembled(options, _Parts(clock, seal, store, secrets, repositories, signer.private, worker))


def _remembered(options: Options) -> Options:
    """The data directory knows its control repository from the first time on. Raises Invalid before that."""
    place = options.data / "installation.json"
    known = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    if not options.repository and not known:
        raise Invalid(
            f"{options.data} does not know a control repository yet",
            hint="name the one that holds trueup.yaml: --repo PATH-OR-ADDRESS; `trueup init` writes the file",
        )
    if not options.repository:
        return replace(options, repository=known["repository"], branch=known["branch"])
    local = Path(options.repository).expanduser()
    repository = str(local.resolve()) if local.exists() else options.repository
    fresh = {"repository": repository, "branch": options.branch}
    if fresh != known:
        write_durably(place, json.dumps(fresh).encode())
    return replace(options, repository=repository)


@dataclass(frozen=True)
class _Parts:
    clock: Clock
    seal: Seal
    store: SqlStore
    secrets: Secrets
    repositories: Repositories
    key: Ed25519PrivateKey
    worker: str


def _assembled(options: Options, parts: _Parts) -> Installation:
    clock, store, repositories = parts.clock, parts.store, parts.repositories
    catalog = _catalog(options, repositories, store)

    def forges(name: str) -> Forge | None:
        return repositories.forge(name, catalog.mirror(name).remote)

    granting = _Granting(catalog, parts.secrets, Surroundings(os.environ, options.data / "homes"), clock)
    hash_secret = parts.seal.keyed_hash().hash_secret
    jobs = Jobs(store, drivers(), granting.now, hash_secret, options.data, parts.secrets.resolve)
    errands = Errands(store, catalog, jobs)
    books = Books(store, catalog, forges, clock)
    attribution = Attribution(catalog)
    records = DriftRecords(catalog, clock, attribution, Subjects(drivers()))
    settling = Settling(books, errands, records, clock)
    leases = Leases(store, parts.worker)
    intake = Intake(store, catalog, errands, forges, clock)
    stacks = StackDecisions(books, errands, intake)
    foreign = Foreign(errands, books, settling, clock)
    vouching = Vouching(errands, Listening(drivers(), clock), clock)
    checks = Checks(store, errands, books, foreign, records, Undoing(catalog), vouching, Asking(errands, clock), clock)
    codification = Codification(books, errands, catalog, forges)
    glasses = BreakGlasses(books)
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
        adoption=Adoption(books, errands, settling, foreign),
        codification=codification,
        coverages=Coverages(books, errands),
        tools=Toolbox(errands, books, leases),
        responses=Responses(books, stacks, codification),
        backlog=Backlog(store, codification),
        checks=checks,
        signals=Signals(store, catalog, drivers(), attribution, clock),
        reconciler=Reconciler(errands, books, settling, leases, clock),
        recovery=Recovery(books, errands, settling, leases),
        break_glasses=glasses,
        break_glass_credentials=BreakGlassCredentials(glasses, granting.now),
        follow_ups=FollowUps(books, codification),
        notices=Notices(store, catalog, clock),
        courier=Courier(store, Notifiers(catalog, parts.secrets, clock), clock, parts.worker),
        prober=Prober(store, vouching, clock, parts.worker),
    )
    reports = Reports(store, errands, forges)
    return Installation(options, site, store, parts.seal, parts.key, repositories, intake, reports, parts.worker)


def _catalog(options: Options, repositories: Repositories, store: SqlStore) -> Catalog:
    control = Repository("control", options.repository, options.branch)
    remotes = Remotes(repositories.mirror(control), options.branch, repositories.mirror, _parse, expand)
    return Catalog(remotes, store)


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
            self._granting = Granting(rules, contexts, self._secrets, self._surroundings, self._clock, self._remote_of)
            self._for = manifest
        return self._granting

    def _remote_of(self, repository: str) -> Remote:
        return self._catalog.mirror(repository).remote
