"""One plan, or one plan and its apply, against the name servers."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from trueup.drivers.dns import applying, blast, safety
from trueup.drivers.dns.convert import address_in, address_of, changes_of, real_of, shapes_of
from trueup.drivers.dns.prepared import Prepared, inputs_of, providers_of
from trueup.drivers.dns.servers import invisible
from trueup.drivers.dns.servers.dangling import Dangling
from trueup.drivers.dns.servers.invisible import enabled_by
from trueup.drivers.dns.servers.invisible_nouns import Target
from trueup.drivers.dns.signal import with_serials, worth_of
from trueup.drivers.dns.walked import Walked, WalkedZone
from trueup.drivers.dns.zonefiles import lint
from trueup.model.errors import Broken
from trueup.model.plan import Address, Applied, Basis, Finding, LiveIdentity, Plan, Step
from trueup.ports.driver import Journal


@dataclass(frozen=True, eq=False)
class Artifact:
    """What a session needs to apply its own plan."""

    session: "DnsObservation"
    walked: Walked
    only: frozenset[Address] | None = None
    """Of a narrowed plan: the changes at these addresses alone."""


class DnsObservation:
    def __init__(self, prepared: Prepared, dangling: Dangling) -> None:
        self._prepared, self._dangling = prepared, dangling
        self._unanswered: tuple[Finding, ...] = ()
        """What the authoritative servers did not say yet when the last apply of this session had ended."""
        self._worth = worth_of(prepared.job.settled())
        """What is known of the zones' serials: settled, or learned by the last apply of this session."""

    def plan(self) -> Plan:
        """Raises Invalid, Rejected, Unavailable."""
        prepared, job = self._prepared, self._prepared.job
        walked = prepared.client.plan()
        changes, real = changes_of(walked), with_serials(real_of(walked), self._worth)
        kinds = {resource.kind for resource in real.values()} | {change.kind for change in changes}
        live = [Target(zone.zone, zone.target, zone.plain) for zone in walked.zones if zone.exists]
        seen = invisible.look(live, providers_of(prepared.config), prepared.client.environment)
        return Plan(
            purpose=job.purpose,
            basis=Basis(
                revision=job.tree.revision,
                closure=self._prepared.root.closure,
                inputs=inputs_of(job, prepared.config, prepared.client.secrets),
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
            children=seen.children,
            watched=seen.watched,
            findings=(*self._findings(walked), *seen.findings, *enabled_by(changes, seen.children)),
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

    def _findings(self, walked: Walked) -> Iterator[Finding]:
        destroy = self._prepared.job.destroy
        if self._prepared.job.purpose == "proposal":
            yield from lint.findings(self._prepared.config, self._prepared.job.tree)
        yield from safety.findings(walked, destroy=destroy)
        yield from blast.findings(walked.zones)
        if not destroy:
            yield from self._dangling.findings(walked.zones)
        yield from self._unanswered


class DnsSession(DnsObservation):
    def apply(self, plan: Plan, journal: Journal) -> Applied:
        """Raises Broken for a plan of another session, Unavailable when a zone moved before anything was begun, and
        LostLease when somebody else may own the stack."""
        artifact = self._own(plan)
        ended = applying.apply(self._prepared, applying.Wanted(plan, artifact.walked, artifact.only), journal)
        self._unanswered, self._worth = ended.unanswered, worth_of(ended.applied.resources)
        return ended.applied


def _steps(walked: Walked) -> list[Step]:
    """Children before their parents, so that what moves into a zone of its own is there before it goes."""
    zones = [zone for zone in walked.zones if (zone.changes or zone.meta is not None) and not zone.never]
    return [
        Step(zone.step, f"{len(zone.changes)} changes in {zone.zone} at {zone.target}", tuple(_changed(zone)))
        for zone in sorted(zones, key=lambda zone: (-len(zone.zone), zone.zone, zone.target))
    ]


def _changed(zone: WalkedZone) -> list[Address]:
    return [change.address for change in changes_of(Walked((zone,)))]


def _addresses(zone: WalkedZone) -> list[Address]:
    records = {*zone.records, *((change.name, change.type) for change in zone.changes)}
    return [address_of(zone), *(address_in(zone, name) for name in records)]
