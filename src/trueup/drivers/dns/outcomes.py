"""What became of each change of an apply, S after it, and the one file that tells recovery what was to be done."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trueup.drivers.dns.convert import ZONE, address_of, planned, real_of
from trueup.drivers.dns.walked import Guard, Pair, Walked, WalkedZone, ZoneChange
from trueup.model.plan import Action, Address, Outcome, PlannedChange, Resource

EXPECTED = "expected.json"


@dataclass(frozen=True)
class ZoneStep:
    """One zone of an apply, with the addresses that it is to change: all of the zone's, or some of a narrowed plan."""

    zone: WalkedZone
    addresses: frozenset[Address]

    @property
    def changes(self) -> Sequence[ZoneChange]:
        return [change for change in self.zone.changes if planned(self.zone, change).address in self.addresses]

    @property
    def planned(self) -> Sequence[PlannedChange]:
        return [planned(self.zone, change) for change in self.changes]


def outcomes_of(
    step: ZoneStep, after: WalkedZone | None, *, ended: bool, late: bool = False
) -> Mapping[Address, Outcome]:
    """`after` is the zone as it was read again; None where that failed. `ended`: the provider said that it is done.
    `late`: the server did not answer in time and may still be at work, so what is not there yet may come."""
    if ended:
        return dict.fromkeys(sorted(step.addresses), Outcome.DONE)
    if after is None:
        return dict.fromkeys(sorted(step.addresses), Outcome.UNCERTAIN)
    left = {planned(after, change).address: planned(after, change).action for change in after.changes}
    missing = Outcome.UNCERTAIN if late else Outcome.FAILED
    found = {each.address: missing if left.get(each.address) is each.action else Outcome.DONE for each in step.planned}
    if address_of(step.zone) in step.addresses:
        found[address_of(step.zone)] = Outcome.DONE if after.exists and after.meta is None else missing
    return found


def resources_after(
    before: Mapping[Address, Resource],
    steps: Iterable[ZoneStep],
    outcomes: Mapping[Address, Outcome],
    after: Mapping[Pair, WalkedZone],
) -> Mapping[Address, Resource]:
    """`before` is R of the plan: addresses that nobody wrote keep it."""
    result = dict(before)
    for step in steps:
        again = after.get(step.zone.pair)
        real = real_of(Walked((again,))) if again is not None else {}
        left = {planned(again, change).address for change in again.changes} if again is not None else set()
        for change in step.planned:
            if outcomes.get(change.address) is not Outcome.DONE:
                continue
            if change.action is Action.DELETE:
                result.pop(change.address, None)
            elif change.address in real and change.address not in left:
                result[change.address] = real[change.address]
            else:
                result[change.address] = Resource(change.kind, change.after)
        if outcomes.get(address_of(step.zone)) is Outcome.DONE:
            result[address_of(step.zone)] = Resource(ZONE, {"name": step.zone.zone, "target": step.zone.target})
    return result


def write_expected(directory: Path, steps: Sequence[ZoneStep]) -> None:
    """What an apply is about to do, for a recovery by another process: no secrets, records alone."""
    document = [
        {
            "zone": step.zone.zone,
            "target": step.zone.target,
            "plain": step.zone.plain,
            "exists": step.zone.exists,
            "changes": [asdict(change) | {"place": None} for change in step.zone.changes],
            "addresses": sorted(step.addresses),
        }
        for step in steps
    ]
    (directory / EXPECTED).write_text(json.dumps(document), encoding="utf-8")


def expected_in(directory: Path) -> Sequence[ZoneStep]:
    """Empty where nothing was written down."""
    file = directory / EXPECTED
    if not file.exists():
        return ()
    return [
        ZoneStep(
            WalkedZone(
                zone=each["zone"],
                target=each["target"],
                plain=each["plain"],
                provider="",
                exists=each["exists"],
                records={},
                changes=tuple(ZoneChange(**change) for change in each["changes"]),
                guard=Guard(0, 1, 1),
            ),
            frozenset(map(Address, each["addresses"])),
        )
        for each in json.loads(file.read_text(encoding="utf-8"))
    ]
