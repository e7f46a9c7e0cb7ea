"""Small notices and notifications."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from trueup.model.notice import Notice, Notification, NotificationState

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def notice(seq: int = 1, **more: Any) -> Notice:
    made = Notice(
        event="drift",
        kind="drift.open",
        seq=seq,
        at=NOW,
        summary="drift open on infra//prod/app: aws_security_group.web ingress: 8443 was opened by hand",
        subject=f"dft-{seq:010d}",
        stack="stk-app",
        name="infra//prod/app",
        environment="prod",
        owner=("@acme/Platform",),
        actor="anna",
        address="aws_security_group.web",
        cause="ghost_revert",
        condition="stk-app:drift",
    )
    return replace(made, **more)


def over(seq: int = 2, **more: Any) -> Notice:
    """The same subject as notice(1), resolved."""
    told = {"kind": "drift.resolved.codified", "ends": True, "follows": True, "over": True, "subject": "dft-0000000001"}
    return notice(seq, **{**told, "summary": "drift codified on infra//prod/app", **more})


def notification(*told: Notice, service: str = "slack", target: str = "#platform-infra", **more: Any) -> Notification:
    notices = told or (notice(),)
    made = Notification(
        f"ntf-{notices[0].seq:024d}", service, target, notices, len(notices), NotificationState.PENDING, NOW, NOW
    )
    return replace(made, **more)
