"""Codify: the proof that an edit makes the code want what is real, and changes nothing else.

The engine edits with the driver, plans the edited trees with it too, and asks here, for every stack whose closure
holds an edited file. Where the baseline's revision is head itself, both proofs are about the same two plans.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift
from trueup.model.plan import OUTPUT, Action, Address, AttributedChange, AttributedPlan, Finding
from trueup.model.values import JSON, digest, is_masked, is_unknown
from trueup.stages.children import unseen
from trueup.stages.detect import is_as_recorded


def proves_at_baseline(plan: AttributedPlan, asked: Sequence[Drift], others: Sequence[Drift]) -> tuple[Finding, ...]:
    """The baseline's code with the edit must leave exactly the drifts that were not asked for. `plan` is of that
    tree, attributed against the baseline; `asked` are the drifts to codify (none, for another stack whose closure
    holds an edited file), `others` the stack's remaining unresolved ones. Empty: proven."""
    wanted = {drift.address for drift in asked}
    remaining = {drift.address: drift for drift in others if drift.address not in wanted}
    findings = unseen(plan.plan, wanted)
    for change in plan.changes:
        if change.kind == OUTPUT:
            findings += _output_moves(change, asked, remaining)
            continue
        left = tuple(each for each in change.differences if each.cause.is_drift)
        if left and change.address in wanted:
            findings.append(_at("codification-incomplete", change, left, "is still drift with the edit"))
        elif left and not _is_on_record(change, left, remaining):
            findings.append(_at("codification-moved", change, left, "is another drift than the one on record"))
        findings += _newly_wanted(change)
    drifting = {change.address for change in plan.drifted}
    findings += [
        _finding("codification-swallows", f"the edit also takes in the drift of {address}, which was not asked for")
        for address in remaining
        if address not in drifting
    ]
    return tuple(findings)


def proves_at_head(before: AttributedPlan, after: AttributedPlan, asked: Sequence[Drift] = ()) -> tuple[Finding, ...]:
    """Head with the edit must intend what head alone intends: the same paths, to the same values. Both plans are of
    one moment and attributed against one baseline: `before` of head, `after` of head with the edit. What head would
    have undone may be gone; no other drift and no other action may appear. Empty: proven."""
    findings = _new_actions(before, after)
    was, now = _by_path(before), _by_path(after)
    for (address, path), difference in now.items():
        earlier = was.get((address, path))
        said = difference.label or "the whole resource"
        if earlier is None:
            findings.append(_finding("codification-adds", f"{address}: {said} would change because of the edit"))
        elif digest(earlier.desired) != digest(difference.desired):
            findings.append(
                _finding("codification-alters", f"{address}: {said} would become {_said(difference.desired)} instead")
            )
    findings += [
        _finding("codification-drops", f"{address}: the intended change of {earlier.label or 'it'} is gone")
        for (address, path), earlier in was.items()
        if earlier.cause is Cause.INTENDED and (address, path) not in now
    ]
    earlier_outputs = {change.address: digest(change.planned.after) for change in before.changes if change.planned}
    for change in after.changes:
        planned = change.planned
        if (
            change.kind == OUTPUT
            and planned is not None
            and earlier_outputs.get(change.address) != digest(planned.after)
        ):
            findings += _output_moves(change, asked, {})
    if dict(before.plan.unseen) != dict(after.plan.unseen):
        findings.append(_finding("codification-alters", "files that act unseen (provisioners) are others"))
    return tuple(findings)


def _is_on_record(change: AttributedChange, left: Sequence[Difference], remaining: Mapping[Address, Drift]) -> bool:
    drift = remaining.get(change.address)
    return drift is not None and is_as_recorded(drift, left)


def _newly_wanted(change: AttributedChange) -> Iterator[Finding]:
    """At the baseline's own code nothing is pending: an intended change can only come from the edit."""
    intended = change.having(Cause.INTENDED)
    if intended:
        yield _at("codification-overreaches", change, intended, "would be changed by the edit")
    planned = change.planned
    if planned is not None and not change.differences and planned.action is not Action.NOTHING:
        yield _at("codification-overreaches", change, (), f"would see a {planned.action} because of the edit")


def _output_moves(
    change: AttributedChange, asked: Sequence[Drift], remaining: Mapping[Address, Drift]
) -> Iterator[Finding]:
    """Outputs follow: from a drift that remains, or to the values that the codified drifts have."""
    if change.planned is None or remaining:
        return
    seen = {digest(leaf) for drift in asked for each in drift.differences for leaf in _leaves(each.real)}
    already = {digest(leaf) for leaf in _leaves(change.planned.before)}
    if any(digest(leaf) not in seen | already for leaf in _leaves(change.planned.after)):
        yield _at("codification-overreaches", change, (), "would be changed by the edit")


def _new_actions(before: AttributedPlan, after: AttributedPlan) -> list[Finding]:
    earlier = {change.address: change.action for change in before.plan.changes}
    findings = []
    for change in after.plan.changes:
        was = earlier.get(change.address)
        smaller = was is Action.REPLACE and change.action is Action.UPDATE
        taken_in = was is None and change.action is Action.NOTHING and change.imported
        if change.kind != OUTPUT and was is not change.action and not smaller and not taken_in:
            said = f"{was} becomes {change.action}" if was else f"{change.action} appears with the edit"
            findings.append(_finding("codification-adds", f"{change.address}: {said}"))
    return findings


def _by_path(plan: AttributedPlan) -> dict[tuple[Address, tuple[str | int, ...]], Difference]:
    """What an apply would change, outputs left out."""
    return {
        (change.address, each.path): each
        for change in plan.changes
        if change.kind != OUTPUT and change.planned is not None
        for each in change.having(Cause.INTENDED, *(cause for cause in Cause if cause.is_guarded))
    }


def _leaves(value: JSON) -> Iterable[JSON]:
    if isinstance(value, dict) and not is_masked(value) and not is_unknown(value):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield value


def _at(code: str, change: AttributedChange, differences: Sequence[Difference], said: str) -> Finding:
    named = ", ".join(each.label for each in differences if each.path)
    return _finding(code, f"{change.address}{f' ({named})' if named else ''} {said}")


def _finding(code: str, message: str) -> Finding:
    return Finding(code, message, stops=True)


def _said(value: JSON) -> str:
    if is_masked(value):
        return "another secret"
    return "something known after apply" if is_unknown(value) else repr(value)[:80]
