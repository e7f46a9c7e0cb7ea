"""One plan, or one plan and its apply, against the name servers."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from trueup.drivers.dns import applying, safety
from trueup.drivers.dns.convert import address_in, changes_of, real_of, shapes_of, target_in, zone_address
from trueup.drivers.dns.prepared import Prepared
from trueup.drivers.dns.walked import Walked, WalkedZone
from trueup.model.errors import Broken
from trueup.model.plan import Address, Applied, Basis, Finding, LiveIdentity, Plan, Step, StepId
from trueup.model.values import Digest
from trueup.ports.driver import Journal


@dataclass(frozen=True, eq=False)
class Artifact:
    """What a session needs to apply its own plan."""

    session: "DnsObservation"
    walked: Walked
    only: frozenset[Address] | None = None
    """Of a narrowed plan: the changes at these addresses alone."""


class DnsObservation:
    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._unanswered: tuple[Finding, ...] = ()
        """What the authoritative servers did not say yet when the last apply of this session had ended."""

    def plan(self) -> Plan:
        """Raises Invalid, Rejected, Unavailable."""
        walked = self._prepared.client.plan()
        job, changes, real = self._prepared.job, changes_of(walked), real_of(walked)
        kinds = {resource.kind for resource in real.values()} | {change.kind for change in changes}
        said = safety.findings(walked, destroy=job.destroy)
        return Plan(
            purpose=job.purpose,
            basis=Basis(
                revision=job.tree.revision,
                closure=self._prepared.root.closure,
                inputs=self._inputs(),
                # Nothing tells somebody else's apply from a change by hand: what a commit explains has converged.
                live=LiveIdentity(),
                engine=f"octodns {walked.versions.get('octodns', '')}".strip(),
                providers={name: version for name, version in walked.versions.items() if name != "octodns"},
            ),
            changes=changes,
            real=real,
            shapes=shapes_of(kinds),
            sets={each: frozenset() for zone in walked.zones if zone.never for each in _addresses(zone)},
            steps=tuple(_steps(walked)),
            findings=(*said, *self._unanswered),
            artifact=Artifact(self, walked),
        )

    def narrowed(self, plan: Plan, addresses: Collection[Address]) -> Plan:
        """The changes at these addresses alone: octoDNS takes a plan with fewer changes."""
        artifact = self._own(plan)
        only = frozenset(addresses)
        changes = tuple(change for change in plan.changes if change.address in only)
        steps = tuple(
            replace(step, addresses=tuple(each for each in step.addresses if each in only))
            for step in plan.steps
            if only & {*step.addresses}
        )
        return replace(plan, changes=changes, steps=steps, artifact=replace(artifact, only=only))

    def _own(self, plan: Plan) -> Artifact:
        if not isinstance(plan.artifact, Artifact) or plan.artifact.session is not self:
            raise Broken("a plan is applied by the session that made it")
        return plan.artifact

    def _inputs(self) -> Digest:
        """Of every variable that the configuration takes, and of the spec."""
        job, config = self._prepared.job, self._prepared.config
        names = sorted({*config.variables, *config.secrets})
        given = {name: job.environment.get(name, "") for name in names} | dict(self._prepared.client.secrets)
        return Digest(f"keyed:{job.hash_secret([given, job.spec.model_dump(mode='json'), job.destroy])}")


class DnsSession(DnsObservation):
    def apply(self, plan: Plan, journal: Journal) -> Applied:
        """Raises Broken for a plan of another session, Unavailable when a zone moved before anything was begun, and
        LostLease when somebody else may own the stack."""
        artifact = self._own(plan)
        ended = applying.apply(self._prepared, applying.Wanted(plan, artifact.walked, artifact.only), journal)
        self._unanswered = ended.unanswered
        return ended.applied


def _steps(walked: Walked) -> list[Step]:
    """Children before their parents, so that what moves into a zone of its own is there before it goes."""
    zones = [zone for zone in walked.zones if (zone.changes or zone.meta is not None) and not zone.never]
    return [
        Step(step_of(zone), f"{len(zone.changes)} changes in {zone.zone} at {zone.target}", tuple(_changed(zone)))
        for zone in sorted(zones, key=lambda zone: (-len(zone.zone), zone.zone, zone.target))
    ]


def step_of(zone: WalkedZone) -> StepId:
    return StepId(f"{zone.zone}@{zone.target}")


def _changed(zone: WalkedZone) -> list[Address]:
    return [change.address for change in changes_of(Walked((zone,)))]


def _addresses(zone: WalkedZone) -> list[Address]:
    records = {*zone.records, *((change.name, change.type) for change in zone.changes)}
    return [zone_address(zone.zone, target_in(zone)), *(address_in(zone, name) for name in records)]
