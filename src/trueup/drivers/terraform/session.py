"""One plan, or one plan and its apply, against the live system."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from trueup.drivers.terraform import applying, client
from trueup.drivers.terraform.children import Found
from trueup.drivers.terraform.children_inventory import Inventory, has_parents
from trueup.drivers.terraform.children_providers import kept_reaches
from trueup.drivers.terraform.client import Client
from trueup.drivers.terraform.configuration import configuration_of, ignored_of, moments_in, sets_of, unseen_by
from trueup.drivers.terraform.convert import changes_of, kinds_in, secrets_of
from trueup.drivers.terraform.prepared import Prepared
from trueup.drivers.terraform.providers import pinned
from trueup.drivers.terraform.state import identity_in, identity_of
from trueup.drivers.terraform.unchanged import NotPlain, Shortcut, document_of, has_secret_variables
from trueup.model.errors import Broken, Unavailable
from trueup.model.plan import Address, Applied, Basis, LiveIdentity, Plan, Step, StepId
from trueup.model.shape import Shape
from trueup.model.values import JSON, Digest, digest, digest_bytes
from trueup.ports.driver import Journal

STEP = StepId("apply")


@dataclass(frozen=True, eq=False)
class Artifact:
    """What a session needs to apply its own plan."""

    session: "TerraformObservation"
    document: JSON
    shapes: Mapping[str, Shape]


class TerraformObservation:
    """Plans without taking the lock: a reader may not be able to, and checks would collide with people."""

    _lock_arguments: tuple[str, ...] = ("-lock=false",)
    _may_write = False

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._inventory = Inventory(prepared.job)

    def plan(self) -> Plan:
        """Raises Unavailable when somebody wrote the state meanwhile."""
        prepared = self._prepared
        if not self._may_write:
            prepared.require_workspace()
        changes = prepared.plan(self._lock_arguments)
        state, previous = client.planned_states(prepared.client.workdir.plan_file)
        live = identity_of(state)
        with ThreadPoolExecutor(2) as pool:
            now = pool.submit(self._identity_now)
            plan = self._changed(live) if changes else self._unchanged(live, state, previous)
            looked = pool.submit(self._children, plan)
            moved = now.result() not in (None, live)
        if moved:
            raise Unavailable("the state moved while it was planned: somebody else applies", hint="plan again later")
        return self._inventory.added(plan, looked.result(), lambda values: prepared.hider.value(values, False))

    def _children(self, plan: Plan) -> Found:
        """What no plan sees, looked for while the state is asked for once more."""
        document, prepared = plan.artifact.document, self._prepared
        if not has_parents(document):
            return Found()
        reaches = kept_reaches(
            prepared.client.workdir.base / "providers.json",
            digest([plan.basis.closure.digest, plan.basis.engine, plan.basis.inputs]),
            document,
            lambda: prepared.beside(Client.show_plan),
        )
        return self._inventory.look(document, configuration_of(document, prepared.root), reaches, plan.sets)

    def narrowed(self, plan: Plan, addresses: Collection[Address]) -> Plan:
        """`-target` hides drift, so it is only ever used behind a whole plan of the same state, whose R is kept."""
        changes = self._prepared.plan(self._lock_arguments, targets=sorted(addresses))
        state, _ = client.planned_states(self._prepared.client.workdir.plan_file)
        if identity_of(state) != plan.basis.live:
            raise Unavailable("the state moved while it was planned: somebody else applies", hint="plan again later")
        part = self._changed(plan.basis.live)
        return replace(
            plan,
            changes=part.changes if changes else (),
            unseen=part.unseen,
            steps=part.steps,
            artifact=part.artifact,
        )

    def _changed(self, live: LiveIdentity) -> Plan:
        return self._converted(self._prepared.beside(Client.show_plan), live)

    def _unchanged(self, live: LiveIdentity, state: JSON, previous: JSON) -> Plan:
        """From the plan's file alone, once `show` was seen to give the same for this code."""
        shortcut = self._shortcut()
        configuration = shortcut.configuration()
        try:
            if configuration is not None:
                return self._converted(document_of(state, previous, configuration), live)
            document = self._prepared.beside(Client.show_plan)
            plan = self._converted(document, live)
            short = document_of(state, previous, document["configuration"])
        except NotPlain:
            return plan if configuration is None else self._changed(live)
        if not has_secret_variables(document) and _says_the_same(plan, self._converted(short, live)):
            shortcut.keep(document["configuration"])
        return plan

    def _shortcut(self) -> Shortcut:
        prepared = self._prepared
        basis = [prepared.root.closure.digest, prepared.client.engine.label]
        basis += [digest_bytes(prepared.client.workdir.lock_file())]
        return Shortcut(prepared.client.workdir.base / "unchanged.json", digest(basis))

    def _identity_now(self) -> LiveIdentity | None:
        """What the backend has after the plan; None where a lock made that unnecessary."""
        return identity_in(self._prepared.client.pull())

    def _converted(self, document: JSON, live: LiveIdentity) -> Plan:
        prepared, job, root = self._prepared, self._prepared.job, self._prepared.root
        prepared.hider = prepared.hider.learning(secrets_of(document))
        shapes = prepared.shapes(kinds_in(document))
        changes = changes_of(document, shapes, prepared.hider)
        addresses = {*changes.real, *(change.address for change in changes.planned)}
        return Plan(
            purpose=job.purpose,
            basis=Basis(
                revision=job.tree.revision,
                closure=root.closure,
                inputs=self._inputs(),
                live=live,
                engine=prepared.client.engine.label,
                providers=pinned(prepared.client.workdir.lock_file()),
            ),
            changes=changes.planned,
            real=changes.real,
            shapes=shapes,
            sets=sets_of(configuration_of(document, root), addresses),
            ignored=ignored_of(configuration_of(document, root), addresses),
            stored=changes.stored if live.exists else None,
            unseen=unseen_by(changes.planned, document, root, job.hash_secret),
            steps=(Step(STEP, "apply", tuple(change.address for change in changes.planned)),),
            findings=(*changes.findings, *moments_in(root)),
            artifact=Artifact(self, document, shapes),
        )

    def _inputs(self) -> Digest:
        """Of every value that comes from outside the closure."""
        job = self._prepared.job
        variables = {name: value for name, value in job.environment.items() if name.startswith("TF_VAR_")}
        given = [variables, dict(job.inputs), dict(job.spec.vars), dict(job.spec.backend_config)]
        return Digest(f"keyed:{job.hash_secret([*given, job.spec.workspace, job.destroy])}")


def _says_the_same(one: Plan, other: Plan) -> bool:
    return replace(one, artifact=None) == replace(other, artifact=None)


class TerraformSession(TerraformObservation):
    """Plans under the state's lock, and applies what it planned."""

    _may_write = True

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        self._lock_arguments = (f"-lock-timeout={int(prepared.job.spec.lock_timeout.total_seconds())}s",)

    def _identity_now(self) -> LiveIdentity | None:
        return None

    def apply(self, plan: Plan, journal: Journal) -> Applied:
        """Raises Broken for a plan of another session, LostLease when somebody else may own the stack."""
        if not isinstance(plan.artifact, Artifact) or plan.artifact.session is not self:
            raise Broken("a plan is applied by the session that made it")
        return applying.apply(self._prepared, plan, plan.artifact.shapes, journal)
