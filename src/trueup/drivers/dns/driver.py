"""The DNS driver: the one place that other parts of Trueup see."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from trueup.drivers.dns import codify, recovery
from trueup.drivers.dns.prepared import Prepared, prepare, read_root
from trueup.drivers.dns.session import DnsObservation, DnsSession
from trueup.drivers.dns.spec import DnsSpec, OctodnsSpec, ZonesSpec
from trueup.model.drift import Drift
from trueup.model.plan import Plan
from trueup.model.stack import Respond
from trueup.ports.driver import Codification, Evidence, Job, JournalEntry, Reading
from trueup.ports.tree import Tree


class DnsDriver:
    """Driver, Codifies, Recovers: zones as code through octoDNS."""

    name: ClassVar[str] = "dns"
    specs: ClassVar[Mapping[str, type[DnsSpec]]] = {"octodns": OctodnsSpec, "zones": ZonesSpec}
    checks: ClassVar[timedelta] = timedelta(minutes=10)
    respond: ClassVar[Respond] = Respond.ALERT
    files: ClassVar[tuple[str, ...]] = ()
    """A stack is one configuration file, or a directory of zone files."""

    def read(self, tree: Tree, path: str, spec: DnsSpec) -> Reading:
        root = read_root(tree, path, spec)
        return Reading(root.closure)

    @contextlib.contextmanager
    def observe(self, job: Job[Any]) -> Iterator[DnsObservation]:
        yield DnsObservation(self.prepared(job))

    @contextlib.contextmanager
    def open(self, job: Job[Any]) -> Iterator[DnsSession]:
        yield DnsSession(self.prepared(job))

    def codify(self, job: Job[Any], drifts: Sequence[Drift], plan: Plan, *, inline: bool = False) -> Codification:
        """There is nothing to write narrower: `inline` is the same."""
        return codify.codify(job, read_root(job.tree, job.path, job.spec).config, drifts, plan)

    def recover(self, job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
        return recovery.recover(lambda: self.prepared(job), job, journal)

    def prepared(self, job: Job[Any]) -> Prepared:
        return prepare(job, read_root(job.tree, job.path, job.spec))
