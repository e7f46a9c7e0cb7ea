"""Nouns as the API shows them: real ones, through the real encoding."""

from datetime import datetime, timedelta, timezone

from trueup.cli.when import When
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Check, CheckState, Drift, DriftId, DriftState, Origin
from trueup.model.ledger import Draft, Entry
from trueup.model.people import Identity
from trueup.model.plan import Address, Finding, Loss
from trueup.model.request import ChangeRequest, Comment, RequestApproval, RequestState, Status
from trueup.model.run import ChangeSummary, DifferenceSummary, Run, RunId, RunKind, RunState
from trueup.model.stack import Stack, StackId, Standing
from trueup.model.values import JSON, Digest
from trueup.render.encoding import to_json
from trueup.render.incident import shown_entry
from trueup.render.losses import lost_by, ways_on

CET = timezone(timedelta(hours=1), "CET")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=CET)
WHEN = When(NOW)
STACK = StackId("stk-0000000001")
NAME = "aws//environments/prod/app"
GROUP = Address("module.service.aws_security_group.web")
DRIFT = DriftId("dft-3f9a1c22d0")
RUN = RunId("run-7kq2m4x8ab")
PORT = {"from_port": 8443, "to_port": 8443, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "description": ""}
EFFECT = Digest("sha256:" + "ab" * 32)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def difference(cause: Cause = Cause.GHOST_REVERT) -> Difference:
    return Difference(("ingress", "0a1b2c3d4e5f"), cause, None, PORT, None)


def stack(name: str = NAME, standing: Standing = Standing.SETTLED, **more: JSON) -> JSON:
    check = Check(STACK, CheckState.DRIFTED, NOW + timedelta(minutes=28), ago(3), ago(2), ago(300), drifted=1)
    noun = Stack(STACK, name, "aws", "environments/prod/app", "terraform", "prod", standing, settled="4f2d8c" * 6)
    about = {"mode": "deliver", "owner": ["platform"], "check": to_json(check), "open_drifts": 1, "active_run": None}
    return {**to_json(noun), **about, **more}


def _drift() -> Drift:
    return Drift(
        DRIFT,
        STACK,
        GROUP,
        "aws_security_group",
        (difference(Cause.GHOST_REVERT),),
        "f" * 12,
        DriftState.OPEN,
        first_seen=ago(386),
        last_seen=ago(2),
        not_before=ago(390),
        identity="sg-0a1b2c3d",
        origin=Origin("anna", ago(388), "event-1"),
    )


def drift(**more: JSON) -> JSON:
    noun = _drift()
    return {**to_json(noun), "actor": noun.actor, "name": NAME, **more}


def run(state: RunState = RunState.BLOCKED, address: str = GROUP, **more: JSON) -> JSON:
    tag = DifferenceSummary("tags.Owner", "intended", "web", "web", "platform")
    port = DifferenceSummary("ingress.0a1b2c3d4e5f", "ghost_revert", None, PORT, None)
    noun = Run(
        RUN,
        STACK,
        RunKind.DELIVERY,
        state,
        "9c31f0a2" * 5,
        ago(5),
        ago(4),
        "carla",
        reason="Tag the web group",
        ticket="OPS-411",
        request=12,
        authors=("carla",),
        effect=EFFECT,
        changes=(ChangeSummary(GROUP, "aws_security_group", "update", (tag, port)),),
        losses=(Loss(Address(address), difference(), DRIFT),) if state is RunState.BLOCKED else (),
        approvals_needed=1,
    )
    lost = lost_by(noun, [_drift()])
    about = {"lost": to_json(lost), "ways_on": to_json(ways_on(noun, NAME, lost))} if lost else {}
    return {**to_json(noun), "name": NAME, **about, **more}


def request(**more: JSON) -> JSON:
    noun = ChangeRequest(
        "aws",
        12,
        "Tag the web group",
        "The group had no owner.",
        Identity("name", "carla"),
        "tag-web",
        "main",
        "9c31f0a2" * 5,
        "4f2d8c11" * 5,
        RequestState.OPEN,
        ago(60),
        approvals=(RequestApproval(Identity("email", "ben@acme.com"), "9c31f0a2" * 5, ago(30)),),
        comments=(Comment("ben", ago(31), "Which ticket is this for?"),),
        statuses={"trueup/aws//environments/prod/app": Status("success", "1 to update")},
    )
    return {**to_json(noun), **more}


def entry(seq: int, kind: str, actor: str, summary: str, reason: str = "") -> JSON:
    draft = Draft(kind, actor, summary, STACK, NAME, "prod", RUN, reason=reason)
    made = Entry(seq, ago(60 - seq), draft, "ab" * 32, "cd" * 32)
    return shown_entry(made)


def plan(**more: JSON) -> JSON:
    change = {
        "address": GROUP,
        "kind": "aws_security_group",
        "identity": "sg-0a1b2c3d",
        "action": "update",
        "reason": "",
        "differences": [
            {**to_json(difference()), "label": "ingress.0a1b2c3d4e5f"},
            {
                **to_json(Difference(("tags", "Owner"), Cause.INTENDED, "web", "web", "platform")),
                "label": "tags.Owner",
            },
        ],
    }
    finding = Finding("wildcard", "the role may do everything", None, "name the actions")
    about = {"stack": STACK, "name": NAME, "revision": "9c31f0a2" * 5, "effect": EFFECT, "seen": "sha256:" + "1" * 64}
    return {**about, "changes": [change], "findings": [to_json(finding)], "empty": False, **more}
