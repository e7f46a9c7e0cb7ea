"""What the cloud says that a break-glass' session did, held against the time in which it was open."""

from datetime import datetime, timedelta
from typing import Any

from tests.break_glass.glass import Glass, named
from trueup.engine.audit import audit
from trueup.model.break_glass import BreakGlass


def record(glass: BreakGlass, at: datetime, *, read: bool = False) -> dict[str, Any]:
    """As CloudTrail has it: whole seconds."""
    return {
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeVpcs" if read else "CreateVpc",
        "readOnly": read,
        "userIdentity": {"arn": f"arn:aws:sts::123456789012:assumed-role/emergency/trueup-{glass.id}-anna"},
    }


def test_writes_outside_of_a_break_glass_are_named(glass: Glass) -> None:
    """Inside its time nobody minds; after it was closed its keys may still work, and are seen to; reading is free."""
    glass.clock.advance(0.7)
    made = glass.open()
    opened = glass.clock.now()
    glass.later(minutes=5)
    glass.glasses.close(made.id, named("anna"))
    store, after = glass.bench.installation.store, glass.clock.now() + timedelta(minutes=10)
    fine = [record(made, opened), record(made, opened + timedelta(minutes=4)), record(made, after, read=True)]
    assert audit(fine, store).violations == []
    (told,) = audit([*fine, record(made, after)], store).violations
    assert "wrote outside of its break-glass: 3x ec2:CreateVpc" in told
    (unknown,) = audit([record(_other(made), opened)], store).violations
    assert "outside of its break-glass" in unknown


def _other(glass: BreakGlass) -> BreakGlass:
    """One that was never opened here."""
    return type(glass)(**{**vars(glass), "id": "bg-9999999999"})
