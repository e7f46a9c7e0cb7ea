"""Errands: finds what a run starts from, and opens its live system with the right credentials."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.engine.catalog import Catalog
from trueup.engine.jobs import CHECKS, Errand, Jobs
from trueup.engine.source import Source
from trueup.engine.vault import stored_closure
from trueup.model.errors import Invalid, Refused
from trueup.model.plan import LiveIdentity
from trueup.model.run import Run, RunKind, RunState
from trueup.model.signal import LiveEvent
from trueup.model.stack import Declaration, Purpose, Stack, StackId
from trueup.ports.driver import Fence, Logs, Observation, Probes, Reading
from trueup.ports.store import RunFilter, Store
from trueup.ports.tree import Tree

PURPOSES: Mapping[RunKind, Purpose] = {
    RunKind.PROPOSAL: "proposal",
    RunKind.DELIVERY: "delivery",
    RunKind.REVERT: "revert",
    RunKind.DESTROY: "destroy",
}

HALF_WAY = frozenset({RunState.FAILED, RunState.REFUSED})
"""How an upstream's delivery may have ended so that nothing should be built on it before it is tried again."""


@dataclass(frozen=True)
class Errands:
    store: Store
    catalog: Catalog
    jobs: Jobs

    def source(self, run: Run) -> Source:
        """A revert or destroy starts from the files that were settled last; every other run from its commit."""
        stack = self.stack(run.stack)
        if run.kind in (RunKind.REVERT, RunKind.DESTROY):
            return self.settled_source(stack)
        return self.source_at(stack, run.revision)

    def source_at(self, stack: Stack, revision: str, tree: Tree | None = None) -> Source:
        declaration = self.declaration(stack)
        return Source(stack, declaration, tree or self.catalog.tree(stack.repository, revision), revision)

    def settled_source(self, stack: Stack) -> Source:
        """The baseline's closure out of the vault, where it was then: mirrors and force-pushes lose commits."""
        with self.store.transaction() as tx:
            baseline = tx.baseline(stack.id)
            if baseline is None:
                raise Refused(f"{stack.name} was never adopted", hint=f"`trueup adopt {stack.name}` settles it")
            tree = stored_closure(tx, baseline)
        source = self.source_at(stack, baseline.basis.revision, tree)
        return replace(source, declaration=replace(source.declaration, path=baseline.path or source.path))

    def stack(self, id: StackId) -> Stack:
        with self.store.transaction() as tx:
            stack = tx.stack(id)
        if stack is None:
            raise Invalid(f"there is no stack {id}", hint="`trueup stack list` shows the stacks")
        return stack

    def declaration(self, stack: Stack) -> Declaration:
        """As the control repository's default branch declares it now, or did before it was removed."""
        declared = self.catalog.manifest.declaration(stack.name) or self.catalog.last_declaration(stack)
        if declared is None:
            raise Invalid(f"{stack.name} is not declared any more, and no commit that declared it is at hand")
        return declared

    def read(self, source: Source) -> Reading:
        return self.jobs.driver(source.declaration).read(source.tree, source.path, source.spec)

    @contextmanager
    def live(self, source: Source, run: Run, lease: Fence | None) -> Iterator[Observation]:
        """A session that can apply where there is a lease, else an observation that cannot."""
        errand = Errand(
            purpose=PURPOSES[run.kind],
            session=run.id,
            log=run.id,
            right="apply" if lease else "plan",
            fence=lease,
        )
        job = self.jobs.job(source, errand, self.upstream(source.declaration))
        job = replace(job, agreed=lambda: self._default_branch(source.stack.repository))
        driver = self.jobs.driver(source.declaration)
        with self.jobs.alone(job), driver.open(job) if lease else driver.observe(job) as live:
            yield live

    def _default_branch(self, repository: str) -> Tree:
        return self.catalog.tree(repository, self.catalog.head(repository))

    @contextmanager
    def observed(self, source: Source, errand: Errand) -> Iterator[Observation]:
        """For checks and proofs."""
        job = self.jobs.job(source, errand, self.upstream(source.declaration))
        with self.jobs.alone(job), self.jobs.driver(source.declaration).observe(job) as live:
            yield live

    def token(self, source: Source) -> LiveIdentity:
        """The driver's token (ports.driver.Probes); empty where it has none."""
        driver = self.jobs.driver(source.declaration)
        if not isinstance(driver, Probes):
            return LiveIdentity()
        errand = Errand("check", CHECKS, f"check:{source.stack.id}")
        job = self.jobs.job(source, errand, self.upstream(source.declaration))
        with self.jobs.alone(job):
            return driver.token(job)

    def logged(self, source: Source, since: datetime) -> Sequence[LiveEvent]:
        """What the live system's own log says (ports.driver.Logs); nothing where it has none to ask for."""
        driver = self.jobs.driver(source.declaration)
        if not isinstance(driver, Logs):
            return ()
        errand = Errand("check", CHECKS, f"check:{source.stack.id}")
        job = self.jobs.job(source, errand, self.upstream(source.declaration))
        with self.jobs.alone(job):
            return tuple(driver.logged(job, since))

    def upstream(self, declaration: Declaration) -> Mapping[str, Source]:
        """Sources of the stacks whose outputs this one takes."""
        sources: dict[str, Source] = {}
        for reference in declaration.inputs.values():
            if reference.stack not in sources:
                with self.store.transaction() as tx:
                    stack = tx.stack_named(reference.stack)
                if stack is None:
                    raise Invalid(f"{declaration.name} takes inputs from {reference.stack}, which is not known yet")
                sources[reference.stack] = self.source_at(stack, self.catalog.head(stack.repository))
        return sources

    def waiting_for(self, run: Run) -> tuple[str, ...]:
        """Names of the stacks that go first: those whose delivery is under way, or failed and left them half-way.
        The run's own stack, while an earlier apply to it has no known end."""
        if run.kind is RunKind.PROPOSAL:
            return ()
        stack = self.stack(run.stack)
        begun = RunFilter(stack=run.stack, states=frozenset(state for state in RunState if state.begun))
        with self.store.transaction() as tx:
            if any(other.id != run.id for other in tx.runs(begun)):
                return (stack.name,)
        declared = self.catalog.manifest.declaration(stack.name) if run.kind is not RunKind.REVERT else None
        first = (self._newest_delivery(name) for name in (declared.depends_on if declared else ()))
        return tuple(name for name, state in first if state in HALF_WAY or (state and not state.ended))

    def _newest_delivery(self, name: str) -> tuple[str, RunState | None]:
        with self.store.transaction() as tx:
            stack = tx.stack_named(name)
            wanted = RunFilter(stack=stack.id, kinds=frozenset({RunKind.DELIVERY}), limit=1) if stack else None
            runs = tx.runs(wanted) if wanted else ()
        return name, runs[0].state if runs else None
