"""What must be said of a plan before anything of it is applied: octoDNS's own thresholds, root NS, and what it leaves
out. Pure."""

from collections.abc import Iterator, Sequence

from trueup.drivers.dns.walked import Walked, WalkedZone
from trueup.model.plan import Finding

LEAST = 10
"""Existing records below which octoDNS's thresholds say nothing (`Plan.MIN_EXISTING_RECORDS`)."""


def findings(walked: Walked, *, destroy: bool) -> tuple[Finding, ...]:
    return tuple(finding for zone in walked.zones for finding in _of_zone(zone, destroy=destroy))


def _of_zone(zone: WalkedZone, *, destroy: bool) -> Iterator[Finding]:
    where = f"{zone.zone} at {zone.target}"
    for warning in dict.fromkeys(zone.warnings):
        yield Finding("octodns-warning", f"{where}: {warning}", zone.place)
    for (name, type), who in zone.contested.items():
        message = f"{name or '@'} {type} of {where} is in the code and belongs to {who}: two writers"
        yield Finding("two-writers", message, zone.place, "take it out of one of them")
    if zone.never:
        message = f"{where}: {len(zone.changes)} changes are left alone: {zone.never}"
        yield Finding("never-applied", message, zone.place)
        return
    if zone.exists:
        yield from _root_ns(zone, where)
    if not destroy:
        yield from _thresholds(zone, where)


def _root_ns(zone: WalkedZone, where: str) -> Iterator[Finding]:
    """A zone that has none (made by hand, without them) may get them: nothing depends on it yet."""
    for change in zone.changes:
        if (change.name, change.type) == ("", "NS") and change.verb != "create":
            yield Finding(
                "root-ns",
                f"the NS records of the apex of {where} would change: the whole zone depends on them",
                change.place or zone.place,
                "change them at the provider and at the parent zone by hand, then in the code; or leave them out of "
                "the code, and what is live stays",
                stops=True,
            )


def _thresholds(zone: WalkedZone, where: str) -> Iterator[Finding]:
    """octoDNS refuses by proportion, strictly more than the threshold. A zone's own one has no effect there."""
    guard = zone.guard
    if guard.existing < LEAST:
        return
    counts: Sequence[tuple[str, str, float]] = (
        ("update", "update_pcent_threshold", guard.update_share),
        ("delete", "delete_pcent_threshold", guard.delete_share),
    )
    for verb, setting, share in counts:
        count = sum(change.verb == verb for change in zone.changes)
        if (part := count / guard.existing) > share:
            yield Finding(
                "too-much-change",
                f"{count} of {guard.existing} records of {where} would be {verb}d, {part:.0%}: more "
                f"than the {share:.0%} that octoDNS's own threshold allows",
                zone.place,
                f"if that is meant: `{setting}: {min(1.0, round(part + 0.01, 2))}` at the zone, which counts "
                "here, or do it in parts",
                stops=True,
            )
