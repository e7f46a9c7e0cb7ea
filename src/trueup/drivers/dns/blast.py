"""Blast radius: what of a zone a plan puts at risk, said first, with the numbers and the way out."""

from collections.abc import Iterable, Iterator, Sequence

from trueup.drivers.dns.walked import WalkedZone, ZoneChange
from trueup.model.plan import Finding

SENSITIVE = {
    "NS": "who answers for it",
    "DS": "whether its signatures are trusted",
    "MX": "where its mail goes",
}
"""Types of which one wrong record takes a whole zone, or all its mail, away."""
REACH = {"A", "AAAA", "ALIAS", "CNAME", "DNAME"}
"""At the apex: where the zone's own name leads."""
SHARE = 0.3
"""More of a zone's records than this removed or changed at once asks for another person; octoDNS's default too."""
FEW = 2
"""So many records may always go: in a zone of three each of them is a third."""
CHANGING = ("delete", "update")


def findings(zones: Iterable[WalkedZone]) -> tuple[Finding, ...]:
    """Each asks for one more person; octoDNS's own thresholds, which stop, are in safety.py."""
    return tuple(finding for zone in zones if not zone.never for look in (_sensitive, _share) for finding in look(zone))


def _sensitive(zone: WalkedZone) -> Iterator[Finding]:
    touched = [change for change in zone.changes if zone.exists and _why(change)]
    if touched:
        said = "; ".join(f"{_shown(change, zone)} ({_why(change)})" for change in touched[:5])
        rest = f"; and {len(touched) - 5} more" if len(touched) > 5 else ""
        yield Finding("dns-sensitive", f"{zone.zone} would change {said}{rest}", touched[0].place, more=1)


def _why(change: ZoneChange) -> str:
    """What is at stake; empty for a record that is like others. A first MX or DS takes nothing away."""
    if change.type in SENSITIVE and (change.verb != "create" or change.type == "NS"):
        return SENSITIVE[change.type]
    return "the zone's own name" if not change.name and change.type in REACH and change.verb != "create" else ""


def _share(zone: WalkedZone) -> Iterator[Finding]:
    existing = len(zone.records)
    gone = [change for change in zone.changes if change.verb == "delete"]
    for verb, changes in (("remove", gone), ("change or remove", _changing(zone))):
        if len(changes) > FEW and existing and len(changes) / existing > SHARE:
            share = f"{len(changes)} of {existing} records of {zone.zone} ({len(changes) / existing:.0%})"
            hint = f"up to {SHARE:.0%} need nobody more: split the change, or have one more person look at it"
            yield Finding("dns-share", f"it would {verb} {share}", zone.place, hint=hint, more=1)
            return


def _changing(zone: WalkedZone) -> Sequence[ZoneChange]:
    return [change for change in zone.changes if change.verb in CHANGING]


def _shown(change: ZoneChange, zone: WalkedZone) -> str:
    return f"{change.type} of {f'{change.name}.{zone.zone}' if change.name else zone.zone}"
