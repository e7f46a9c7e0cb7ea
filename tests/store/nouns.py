"""Small nouns to store."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trueup.model.baseline import Baseline
from trueup.model.break_glass import Because, BreakGlass, BreakGlassId, BreakGlassState
from trueup.model.causes import Cause, Difference
from trueup.model.closure import Closure
from trueup.model.drift import Check, CheckState, Drift, DriftId, DriftState
from trueup.model.ledger import Draft
from trueup.model.notice import Notice, Notification, NotificationState
from trueup.model.people import Identity
from trueup.model.plan import Address, Basis, LiveIdentity, Resource
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.signal import LiveEvent
from trueup.model.stack import Stack, StackId
from trueup.model.values import Digest
from trueup.system.sealing import KEY_BYTES, Seal

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
APP = StackId("stk-app")


def a_key() -> Seal:
    return Seal(secrets.token_bytes(KEY_BYTES))


def a_stack(id: str = APP, name: str = "aws//prod/app") -> Stack:
    return Stack(StackId(id), name, "aws", name.removeprefix("aws//"), "terraform", "prod")


def a_run(id: str = "run-1", minutes: int = 0, stack: str = APP, kind: RunKind = RunKind.DELIVERY) -> Run:
    at = NOW + timedelta(minutes=minutes)
    return Run(RunId(id), StackId(stack), kind, RunState.QUEUED, "c0ffee", at, at, "anna")


def moved(run: Run, state: RunState) -> Run:
    return replace(run, state=state)


def a_baseline(generation: int = 1, value: str = "plain-value") -> Baseline:
    basis = Basis("c0ffee", Closure({"main.tf": "sha256:1"}), Digest("sha256:2"), LiveIdentity({"serial": "4"}), "tf 1")
    resources = {Address("aws_vpc.main"): Resource("aws_vpc", {"cidr": value, "tags": {"a": None}}, "vpc-1")}
    return Baseline(APP, generation, basis, resources, NOW, "run:run-1")


def a_drift(id: str = "dft-1") -> Drift:
    difference = Difference(("ingress", 0, "0"), Cause.GHOST_REVERT, 1, {"port": 8443}, 1)
    return Drift(DriftId(id), APP, Address("aws_sg.web"), "aws_sg", (difference,), "print", DriftState.OPEN, NOW, NOW)


def a_break_glass(id: str = "bg-0000000001", minutes: int = 0) -> BreakGlass:
    at, hour = NOW + timedelta(minutes=minutes), timedelta(hours=1)
    open_, because = BreakGlassState.OPEN, Because.OUTAGE
    return BreakGlass(
        BreakGlassId(id), open_, because, "it is down", "anna", at, hour, "prod", (APP,), opened_at=at, until=at + hour
    )


def a_check(state: CheckState = CheckState.DUE) -> Check:
    return Check(APP, state, NOW)


def a_draft(kind: str = "run.finished", stack: str = APP, **fields: object) -> Draft:
    return replace(Draft(kind, "anna", f"{kind} happened", stack=stack), **fields)  # type: ignore[arg-type]


def a_notification(
    id: str = "ntf-1", target: str = "#net", position: int = 0, state: NotificationState = NotificationState.PENDING
) -> Notification:
    notice = Notice(
        "drift", "drift.open", position, NOW, "drift open", "dft-1", stack=APP, owner=("net",), deadline=NOW
    )
    return Notification(id, "slack", target, (notice,), 1, state, NOW, NOW, position)


def an_event(id: str = "evt-1", minutes: int = 0, *subjects: str) -> LiveEvent:
    at = NOW + timedelta(minutes=minutes)
    return LiveEvent(id, "aws", at, at, "CreateTags", Identity("aws", "user:anna"), frozenset(subjects or {"sg-1"}))
