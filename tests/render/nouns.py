"""A plan, a run and a drift of the story: a tag is merged while port 8443 was opened by hand."""

from dataclasses import replace
from datetime import UTC, datetime

from trueup.model.causes import Cause, Difference
from trueup.model.closure import Closure
from trueup.model.drift import Drift, DriftId, DriftState, Origin
from trueup.model.plan import (
    Action,
    Address,
    AttributedChange,
    AttributedPlan,
    Basis,
    LiveIdentity,
    Plan,
    PlannedChange,
)
from trueup.model.run import ChangeSummary, DifferenceSummary, Run, RunId, RunKind, RunState
from trueup.model.stack import StackId
from trueup.model.values import Digest

RULE = {"from_port": 8443, "to_port": 8443, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "description": ""}
GROUP = Address("aws_security_group.app")
GHOST = Difference(("ingress", "0123456789ab"), Cause.GHOST_REVERT, None, RULE, None)
TAG = Difference(("tags", "Team"), Cause.INTENDED, None, None, "payments")
SEEN = datetime(2026, 11, 1, 3, 5, tzinfo=UTC)
ORIGIN = Origin("mira", SEEN, "event-1")
DRIFT = Drift(
    id=DriftId("dft-0000000001"),
    stack=StackId("stk-1"),
    address=GROUP,
    kind="aws_security_group",
    differences=(GHOST,),
    fingerprint="sha256:1",
    state=DriftState.OPEN,
    first_seen=SEEN,
    last_seen=SEEN,
    not_before=SEEN.replace(hour=2, minute=55),
)


def attributed(*differences: Difference, action: Action = Action.UPDATE, reason: str = "") -> AttributedPlan:
    """One planned change at the group."""
    planned = PlannedChange(GROUP, "aws_security_group", action, {}, {}, reason)
    basis = Basis("c0ffee", Closure({}), Digest("sha256:2"), LiveIdentity(), "terraform 1.11.4")
    change = AttributedChange(GROUP, "aws_security_group", planned, differences)
    return AttributedPlan(Plan("delivery", basis, (planned,), {}, artifact=object()), (change,), provisional=False)


def run(*differences: Difference, address: str = GROUP) -> Run:
    """A proposal with one change."""
    summaries = tuple(
        DifferenceSummary(each.label, each.cause, each.settled, each.real, each.desired) for each in differences
    )
    return Run(
        id=RunId("run-0000000001"),
        stack=StackId("stk-1"),
        kind=RunKind.PROPOSAL,
        state=RunState.FINISHED,
        revision="c0ffee",
        created_at=SEEN,
        updated_at=SEEN,
        requested_by="anna",
        changes=(ChangeSummary(address, "aws_security_group", "update", summaries),) if summaries else (),
    )


def larger(count: int) -> Run:
    """Many changes of one kind."""
    single = run(TAG)
    changes = tuple(replace(single.changes[0], address=f"aws_security_group.app[{i}]") for i in range(count))
    return replace(single, changes=changes)
