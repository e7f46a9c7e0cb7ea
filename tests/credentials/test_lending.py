"""Credentials that a person takes away under break-glass, from a real STS (emulated)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.credentials.test_granting import EVERYTHING, OBSERVED, PROD, granting, whoami
from trueup.adapters.credentials.roles import session_name
from trueup.demo.cloud import Cloud
from trueup.manifests.manifest import Context, CredentialRule, CredentialSource
from trueup.model.break_glass import of_session
from trueup.model.errors import Refused, Rejected
from trueup.system.clock import FakeClock

SOURCE = CredentialSource(pass_env=("AWS_*",))
SESSION = "bg-0000000001-anna"


def lending(role: str | None, **changes: object) -> CredentialRule:
    source = replace(CredentialSource(aws_role=role), **changes) if role else None  # type: ignore[arg-type]
    return CredentialRule({}, SOURCE, SOURCE, break_glass=source)


def test_the_session_carries_the_break_glass_and_the_person(tmp_path: Path, cloud: Cloud) -> None:
    """Also in an environment that is only observed; nothing but the keys and where the cloud is leaves."""
    base = cloud.user("lending-base", EVERYTHING)
    role = cloud.role("lending-prod", EVERYTHING, base)
    contexts = (
        Context({}, {"AWS_REGION": "eu-central-1", "AWS_PROFILE": "nobody", "TF_VAR_stage": "x", **cloud.address}),
        Context({}, {}, {"AWS_SECRET_THING": "env:ALLOWED"}),
    )
    known = granting(
        tmp_path, lending(role.replace("prod", "{env}")), contexts=contexts, process=cloud.environment(base)
    )
    lent = known.lend(OBSERVED, SESSION, datetime.now(UTC) + timedelta(minutes=30))
    assert whoami(cloud, lent.environment) == lent.identity
    assert lent.identity.endswith(f"assumed-role/lending-prod/trueup-{SESSION}")
    assert of_session(lent.identity) == "bg-0000000001" and lent.role == role
    assert all(name.startswith("AWS_") for name in lent.environment)
    assert lent.environment["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert {"AWS_PROFILE", "AWS_SECRET_THING"}.isdisjoint(lent.environment)
    assert base.secret_key not in lent.environment.values()
    assert lent.environment["AWS_SECRET_ACCESS_KEY"] not in repr(lent)


def test_keys_are_new_each_time_and_end_with_the_break_glass(tmp_path: Path, fresh_cloud: Cloud) -> None:
    """STS knows no session under a quarter of an hour: a policy ends what its keys may do, to the second."""
    cloud = fresh_cloud
    base = cloud.user("lending-base", EVERYTHING)
    role = cloud.role("lending", EVERYTHING, base)
    clock = FakeClock(datetime.now(UTC))
    known = granting(tmp_path, lending(role, duration=timedelta(hours=1)), process=cloud.environment(base), clock=clock)
    ends = [clock.now() + timedelta(minutes=minutes) for minutes in (4, 4, 40, 300)]
    keys = {known.lend(PROD, SESSION, until).environment["AWS_ACCESS_KEY_ID"] for until in ends}
    assert len(keys) == 4
    asked = [
        record.event["requestParameters"] for record in cloud.records() if record.event["eventName"] == "AssumeRole"
    ]
    mine = [each for each in asked if each["roleSessionName"] == f"trueup-{SESSION}"]
    assert [int(each["durationSeconds"]) for each in mine] == [900, 900, 2400, 3600]
    for until, each in zip(ends, mine, strict=True):
        (statement,) = json.loads(each["policy"])["Statement"]
        assert statement["Condition"] == {"DateLessThan": {"aws:CurrentTime": f"{until:%Y-%m-%dT%H:%M:%SZ}"}}


def test_without_a_role_for_it_nothing_is_lent(tmp_path: Path, cloud: Cloud) -> None:
    """The apply role is not a way round; what STS says is told."""
    until = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(Refused, match="no break-glass role is configured") as caught:
        granting(tmp_path, lending(None)).lend(PROD, SESSION, until)
    assert "breakGlass" in caught.value.hint
    base = cloud.user("lending-denied", EVERYTHING)
    other = cloud.role("lending-other", EVERYTHING, cloud.user("lending-trusted", EVERYTHING))
    known = granting(tmp_path, lending(other), process=cloud.environment(base))
    with pytest.raises(Rejected, match="lending-other"):
        known.lend(PROD, SESSION, until)


@pytest.mark.parametrize("person", ["anna", "Zoë Ångström", "email:anna@acme.com", "x" * 200, "a b/c:d"])
def test_every_person_fits_into_a_sessions_name(person: str) -> None:
    """At most 64 of the characters that STS takes, and the id always whole."""
    name = session_name(f"bg-0000000001-{person}")
    assert len(name) <= 64 and of_session(name) == "bg-0000000001"
    assert all(each.isascii() and (each.isalnum() or each in "_+=,.@-") for each in name)
