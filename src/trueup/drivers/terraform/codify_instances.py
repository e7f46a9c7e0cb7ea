"""Instances: what is written once for several instances of count or for_each may be edited only when each of them
drifted alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trueup.drivers.terraform.codify_scope import ParsedAddress, Scope, parse_address
from trueup.drivers.terraform.hcl import Block
from trueup.drivers.terraform.splices import Splice
from trueup.model.drift import Drift
from trueup.model.errors import Refused
from trueup.model.normal import key
from trueup.model.plan import OUTPUT, Plan


@dataclass(frozen=True)
class Written:
    """Where one address is written: its block, the module that has it, and which instance is meant."""

    block: Block
    scope: Scope
    address: ParsedAddress


def refuse_part(written: Written, new: frozenset[Splice], drift: Drift, among: tuple[Sequence[Drift], Plan]) -> None:
    """Raises Refused when edits for one instance would change others that did not drift alike. `among`: every drift
    that is asked for, and the plan that they were seen in."""
    drifts, plan = among
    shared = frozenset(_shared(written, new))
    if not shared:
        return
    alike = {other.address for other in drifts if _deviation(other) == _deviation(drift)}
    live = {*plan.real, *(change.address for change in plan.changes if change.kind != OUTPUT)}
    live |= {other.address for other in drifts}
    instances = {
        address
        for address in live
        if not address.startswith("output.") and written.address.beside(parse_address(address), shared)
    }
    if not instances <= alike:
        names = ", ".join(sorted({str(each.path[0]) for each in drift.differences if each.path})) or "the resource"
        raise Refused(
            f"{written.block.place}: {names} is written once for {len(instances)} instances, and not all of them "
            "drifted alike (or were named together)"
        )


def _shared(written: Written, new: frozenset[Splice]) -> Iterator[int]:
    """Places in the address's keys that the edits do not tell apart."""
    keys = written.address.keys
    if keys[-1] is not None and any(_shares(written.block, splice) for splice in new):
        yield len(keys) - 1
    scope, place = written.scope, len(keys) - 2
    inside: set[str] = set()
    while scope.call is not None and scope.caller is not None:
        inside.add(scope.module.directory)
        if keys[place] is not None and any(
            splice.file.rpartition("/")[0] in inside or _shares(scope.call.block, splice) for splice in new
        ):
            yield place
        scope, place = scope.caller, place - 1


def _shares(block: Block, splice: Splice) -> bool:
    """Whether an edit is of the block itself, not of what its for_each says for each instance."""
    for_each = block.body.attribute("for_each")
    apart = for_each is not None and for_each.start <= splice.start <= for_each.end
    return splice.file == block.source.path and block.start <= splice.start <= block.end and not apart


def _deviation(drift: Drift) -> frozenset[tuple[str, bytes]]:
    return frozenset((each.label, key(each.real)) for each in drift.differences)
