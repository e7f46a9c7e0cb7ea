"""The DNS driver: the one place that other parts of Trueup see."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from trueup.drivers.dns import codify, discover, recovery, signal, tools
from trueup.drivers.dns.prepared import Prepared, Root, prepare, read_root, token
from trueup.drivers.dns.servers.dangling import Dangling
from trueup.drivers.dns.session import DnsObservation, DnsSession
from trueup.drivers.dns.spec import DnsSpec, OctodnsSpec, ZonesSpec
from trueup.drivers.dns.zonefiles import lint
from trueup.model.drift import Drift
from trueup.model.plan import Address, LiveIdentity, Plan, Resource
from trueup.model.signal import Subject
from trueup.model.stack import Respond
from trueup.ports.driver import Codification, Discovered, Evidence, Job, JournalEntry, Reading, Told, Tool
from trueup.ports.tree import Tree

ROOTS_READ = 16


class DnsDriver:
    """Driver, Codifies, Discovers, Probes, Recovers, Speaks, Tools: zones as code through octoDNS."""

    name: ClassVar[str] = "dns"
    specs: ClassVar[Mapping[str, type[DnsSpec]]] = {"octodns": OctodnsSpec, "zones": ZonesSpec}
    checks: ClassVar[timedelta] = timedelta(minutes=10)
    respond: ClassVar[Respond] = Respond.ALERT
    files: ClassVar[tuple[str, ...]] = ()
    """A stack is one configuration file, or a directory of zone files."""
    probes: ClassVar[timedelta | None] = timedelta(seconds=30)
    complete: ClassVar[bool] = True
    """Where its token proves anything (LiveIdentity.proves), that needs no log: every zone's serial moves."""

    tools: ClassVar[Mapping[str, Tool]] = tools.TOOLS

    def __init__(self) -> None:
        self._dangling = Dangling()
        self._read: dict[tuple[int, str, str], tuple[Tree, Root]] = {}

    def read(self, tree: Tree, path: str, spec: DnsSpec) -> Reading:
        root = self.root(tree, path, spec)
        return Reading(root.closure, tuple(lint.findings(root.config, tree, biggest=lint.BIGGEST)))

    def discover(self, tree: Tree) -> Iterable[Discovered]:
        return discover.discover(tree)

    def token(self, job: Job[Any]) -> LiveIdentity:
        return token(job, self.root(job.tree, job.path, job.spec))

    @contextlib.contextmanager
    def observe(self, job: Job[Any]) -> Iterator[DnsObservation]:
        yield DnsObservation(self.prepared(job), self._dangling)

    @contextlib.contextmanager
    def open(self, job: Job[Any]) -> Iterator[DnsSession]:
        yield DnsSession(self.prepared(job), self._dangling)

    def codify(self, job: Job[Any], drifts: Sequence[Drift], plan: Plan, *, inline: bool = False) -> Codification:
        """There is nothing to write narrower: `inline` is the same."""
        return codify.codify(job, self.root(job.tree, job.path, job.spec).config, drifts, plan)

    def subjects(self, resources: Mapping[Address, Resource]) -> Iterable[Subject]:
        return signal.subjects(resources)

    def use(self, job: Job[Any], tool: str, arguments: Mapping[str, str]) -> Told:
        return tools.use(self.prepared(job), tool, arguments, self._dangling)

    def recover(self, job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
        return recovery.recover(lambda: self.prepared(job), job, journal)

    def prepared(self, job: Job[Any]) -> Prepared:
        return prepare(job, self.root(job.tree, job.path, job.spec))

    def root(self, tree: Tree, path: str, spec: DnsSpec) -> Root:
        """Read once for each of the trees that were asked for last."""
        key = (id(tree), path, spec.model_dump_json())
        if key not in self._read:
            for old in list(self._read)[: -ROOTS_READ + 1]:
                self._read.pop(old, None)
            self._read[key] = (tree, read_root(tree, path, spec))
        return self._read[key][1]
