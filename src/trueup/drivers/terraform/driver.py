"""The Terraform driver: the one place that other parts of Trueup see."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from trueup.drivers.terraform import discover, reading, recovery, signal, signal_names
from trueup.drivers.terraform.codify import codify
from trueup.drivers.terraform.coverage import coverage
from trueup.drivers.terraform.imports import takes_in
from trueup.drivers.terraform.layout import Layout
from trueup.drivers.terraform.prepared import Prepared, described, prepare
from trueup.drivers.terraform.reattach import Kept
from trueup.drivers.terraform.session import TerraformObservation, TerraformSession
from trueup.drivers.terraform.spec import TerraformSpec, TofuSpec
from trueup.drivers.terraform.token import token_of
from trueup.model.child import Child
from trueup.model.drift import Drift
from trueup.model.errors import Refused
from trueup.model.plan import Address, LiveIdentity, Plan, Resource
from trueup.model.signal import LiveEvent, Subject
from trueup.model.stack import Respond
from trueup.ports.driver import Codification, Covered, Discovered, Evidence, Job, JournalEntry, Lock, Output, Reading
from trueup.ports.tree import Tree

TREES_READ = 8


class TerraformDriver:
    """Driver, Codifies, Covers, Discovers, HandsOver, Hears, Recovers, Unlocks, Probes: Terraform and OpenTofu."""

    name: ClassVar[str] = "terraform"
    specs: ClassVar[Mapping[str, type[TerraformSpec]]] = {"terraform": TerraformSpec, "tofu": TofuSpec}
    checks: ClassVar[timedelta] = timedelta(minutes=30)
    respond: ClassVar[Respond] = Respond.ALERT
    hears: ClassVar[str] = signal.SOURCE
    probes: ClassVar[timedelta | None] = None
    complete: ClassVar[bool] = False
    """The state's serial does not move when somebody works in the console."""
    files: ClassVar[tuple[str, ...]] = ("*.tf", "*.tf.json", "*.tofu", "*.tofu.json")
    """A directory that a pattern matches is a stack only when it directly holds one of these."""

    def __init__(self, directories: Sequence[Path] = (), kept: Kept | None = None) -> None:
        """`directories`: where engines lie besides PATH; each may hold several versions. `kept`: providers that stay
        between checks; its own unless they are given."""
        self._directories = tuple(directories)
        self._kept = kept or Kept()
        self._read: dict[int, _Read] = {}

    def read(self, tree: Tree, path: str, spec: TerraformSpec) -> Reading:
        root = self._root(tree, path, spec)
        return Reading(root.closure, reading.findings(root))

    def discover(self, tree: Tree) -> Iterable[Discovered]:
        return discover.discover(self._reading(tree).layout)

    @contextlib.contextmanager
    def observe(self, job: Job[Any]) -> Iterator[TerraformObservation]:
        prepared = self._prepare(job)
        prepared.loan = self._kept.loan(prepared.client.workdir.base) if job.routine else None
        try:
            yield TerraformObservation(prepared)
        finally:
            _tidy(prepared)

    @contextlib.contextmanager
    def open(self, job: Job[Any]) -> Iterator[TerraformSession]:
        prepared = self._prepare(job, applies=True)
        try:
            yield TerraformSession(prepared)
        finally:
            _tidy(prepared)

    def outputs(self, job: Job[Any]) -> Mapping[str, Output]:
        """Of the state as it is, without a refresh."""
        prepared = self._initialised(job)
        values = prepared.client.show_state().get("values") or {}
        return {
            name: Output(output.get("value"), bool(output.get("sensitive")))
            for name, output in values.get("outputs", {}).items()
        }

    def codify(self, job: Job[Any], drifts: Sequence[Drift], plan: Plan, *, inline: bool = False) -> Codification:
        return codify(job, drifts, plan, inline=inline)

    def coverage(self, plan: Plan) -> Sequence[Covered]:
        return coverage(plan)

    def takes_in(self, child: Child, plan: Plan) -> str:
        return takes_in(child, plan)

    def token(self, job: Job[Any]) -> LiveIdentity:
        root = self._root(job.tree, job.path, job.spec)
        return token_of(described(job, root, self._directories))

    def heard(self, document: Mapping[str, Any], received_at: datetime) -> LiveEvent:
        return signal.heard(document, received_at)

    def subjects(self, resources: Mapping[Address, Resource]) -> Iterable[Subject]:
        return signal_names.subjects_of(resources)

    def recover(self, job: Job[Any], journal: Sequence[JournalEntry]) -> Evidence:
        return recovery.recover(lambda: self._initialised(job, applies=True), job, journal)

    def locked_by(self, job: Job[Any]) -> Lock | None:
        return self._initialised(job).client.lock()

    def unlock(self, job: Job[Any], lock: Lock) -> None:
        """Raises Refused when another lock is there by now, or none."""
        client = self._initialised(job).client
        there = client.lock()
        if there is None or there.id != lock.id:
            found = f"it is now {there.id} by {there.holder}" if there else "the state is not locked any more"
            raise Refused(f"the lock {lock.id} is gone: {found}", hint="look at the lock again")
        client.unlock(lock)

    def _prepare(self, job: Job[Any], *, applies: bool = False) -> Prepared:
        return prepare(job, self._root(job.tree, job.path, job.spec), self._directories, applies=applies)

    def _root(self, tree: Tree, path: str, spec: TerraformSpec) -> reading.Root:
        """Read once for each tree that is at hand."""
        known, key = self._reading(tree), (path, spec.model_dump_json())
        if key not in known.roots:
            known.roots[key] = reading.read_root(known.layout, path, spec)
        return known.roots[key]

    def _initialised(self, job: Job[Any], *, applies: bool = False) -> Prepared:
        prepared = self._prepare(job, applies=applies)
        prepared.ensure_init()
        return prepared

    def _reading(self, tree: Tree) -> "_Read":
        """Of the trees that were asked for last: many stacks are read from one tree."""
        known = self._read.get(id(tree))
        if known is None:
            for old in list(self._read)[: -TREES_READ + 1]:
                self._read.pop(old, None)
            known = self._read[id(tree)] = _Read(Layout(tree))
        return known


@dataclass(frozen=True)
class _Read:
    layout: Layout
    """Holds the tree, so that no other one can get its id."""
    roots: dict[tuple[str, str], reading.Root] = field(default_factory=dict)


def _tidy(prepared: Prepared) -> None:
    """A plan file holds secrets in clear: it goes with its session. A kept provider is free for the next one."""
    prepared.client.workdir.plan_file.unlink(missing_ok=True)
    if prepared.loan is not None:
        prepared.loan.give_back()
