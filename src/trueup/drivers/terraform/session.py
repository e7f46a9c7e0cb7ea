"""One plan, or one plan and its apply, against the live system."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from trueup.drivers.terraform import applying, client
from trueup.drivers.terraform.configuration import configuration_of, ignored_of, moments_in, sets_of, unseen_by
from trueup.drivers.terraform.convert import changes_of, kinds_in, secrets_of
from trueup.drivers.terraform.prepared import Prepared
from trueup.drivers.terraform.providers import pinned
from trueup.drivers.terraform.state import identity_in, identity_of
from trueup.model.errors import Broken, Unavailable
from trueup.model.plan import Applied, Basis, LiveIdentity, Plan, Step, StepId
from trueup.model.shape import Shape
from trueup.model.values import JSON, Digest
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

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared

    def plan(self) -> Plan:
        """Raises Unavailable when somebody wrote the state meanwhile."""
        prepared = self._prepared
        prepared.plan(self._lock_arguments)
        workdir = prepared.client.workdir
        live = identity_of(client.planned_state(workdir.plan_file))
        with ThreadPoolExecutor(1) as pool:
            now = pool.submit(self._identity_now)
            document = prepared.client.show_plan()
            moved = now.result() not in (None, live)
        if moved:
            raise Unavailable("the state moved while it was planned: somebody else applies", hint="plan again later")
        return self._converted(document, live)

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
                inputs=self._inputs(document),
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

    def _inputs(self, document: JSON) -> Digest:
        job = self._prepared.job
        given = [document.get("variables", {}), dict(job.spec.backend_config), job.spec.workspace, job.destroy]
        return Digest(f"keyed:{job.hash_secret(json.loads(json.dumps(given)))}")


class TerraformSession(TerraformObservation):
    """Plans under the state's lock, and applies what it planned."""

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
