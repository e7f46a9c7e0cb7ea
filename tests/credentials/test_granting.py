"""What a stack's subprocesses get, on a real STS (emulated) where roles are assumed."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trueup.adapters.credentials.granting import Granting, Surroundings
from trueup.adapters.credentials.roles import session_name
from trueup.adapters.secrets.references import References
from trueup.demo.cloud import Cloud, Identity
from trueup.manifests.manifest import Context, CredentialRule, CredentialSource
from trueup.model.errors import Invalid, Refused, Rejected, Unavailable
from trueup.model.stack import Declaration, Environment, Mode
from trueup.system.clock import FakeClock

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
PROD = Declaration(
    name="aws//environments/prod/app",
    repository="aws",
    path="environments/prod/app",
    format="terraform",
    driver="terraform",
    environment=Environment("prod"),
    spec=None,
    attributes={"env": "prod", "name": "app"},
    mode=Mode.DELIVER,
)
OBSERVED = replace(PROD, mode=Mode.OBSERVE)


def granting(
    tmp_path: Path,
    *rules: CredentialRule,
    contexts: tuple[Context, ...] = (),
    process: Mapping[str, str] | None = None,
    clock: FakeClock | None = None,
) -> Granting:
    """Rules in the surroundings of a process with these variables."""
    environment = {"PATH": "/usr/bin", **(process or {})}
    around = Surroundings(environment, tmp_path / "homes")
    secrets = References(environment, frozenset({"ALLOWED"}))
    return Granting(rules, contexts, secrets, around, clock or FakeClock(datetime.now(UTC)))


def rule(match: dict[str, tuple[str, ...]], plan: CredentialSource, apply: CredentialSource | None) -> CredentialRule:
    return CredentialRule(match, plan, apply)


def whoami(cloud: Cloud, environment: Mapping[str, str]) -> str:
    """The ARN that the cloud sees for keys in an environment."""
    keys = [environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    who = Identity("", "", *keys)
    return str(cloud.client("sts", who).get_caller_identity()["Arn"])


def test_nothing_of_ours_reaches_a_subprocess(tmp_path: Path) -> None:
    """Path, language, a private home and the network's proxies: the rest of the process stays behind."""
    process = {"TRUEUP_KEY": "k", "AWS_PROFILE": "x", "HOME": "/somebody", "HTTPS_PROXY": "http://p", "EDITOR": "vi"}
    granted = granting(tmp_path, process=process).grant(PROD, "plan", "run-1")
    assert granted.environment.keys() == {"PATH", "LANG", "HOME", "TMPDIR", "HTTPS_PROXY"}
    assert granted.secrets == frozenset() and granted.identity == ""
    home = Path(granted.environment["HOME"])
    assert home.is_dir() and home.stat().st_mode & 0o777 == 0o700


def test_a_plan_and_an_apply_have_homes_of_their_own(tmp_path: Path) -> None:
    """What the code of a plan leaves in its home must not be there when an apply runs."""
    both = granting(tmp_path, rule({}, CredentialSource(), CredentialSource()))
    homes = {
        both.grant(stack, right, "s").environment["HOME"]
        for stack in (PROD, replace(PROD, name="b"))
        for right in ("plan", "apply")
    }
    assert len(homes) == 4


def test_observe_and_propose_never_get_what_may_write(tmp_path: Path) -> None:
    """Whatever the rules say: apply credentials need mode deliver."""
    source = CredentialSource(pass_env=("AWS_*",))
    known = granting(tmp_path, rule({}, source, source), process={"AWS_SECRET_ACCESS_KEY": "s3cret"})
    for mode in (Mode.OBSERVE, Mode.PROPOSE):
        with pytest.raises(Refused, match=f"has mode {mode}"):
            known.grant(replace(PROD, mode=mode), "apply", "run-1")
    assert known.grant(OBSERVED, "plan", "run-1").environment["AWS_SECRET_ACCESS_KEY"] == "s3cret"


def test_an_apply_without_credentials_is_refused(tmp_path: Path) -> None:
    """No rule, or one that only plans: the message says what to add."""
    for rules in ([], [rule({"env": ("prod",)}, CredentialSource(), None)]):
        with pytest.raises(Refused) as caught:
            granting(tmp_path, *rules).grant(PROD, "apply", "run-1")
        assert "has `apply:`" in caught.value.hint


def test_the_last_matching_rule_counts_as_a_whole(tmp_path: Path) -> None:
    """General first, special later; nothing of the general one is mixed in."""
    process = {"A_KEY": "1", "B_KEY": "2", "TRUEUP_TOKEN": "t"}
    everywhere, prod = CredentialSource(pass_env=("*",)), CredentialSource(pass_env=("B_*",))
    known = granting(
        tmp_path,
        rule({}, everywhere, everywhere),
        rule({"env": ("prod", "live"), "name": ("a*",)}, prod, prod),
        process=process,
    )
    special = known.grant(PROD, "plan", "s").environment
    assert special["B_KEY"] == "2" and "A_KEY" not in special
    general = known.grant(replace(PROD, attributes={"env": "dev", "name": "app"}), "plan", "s").environment
    assert general["A_KEY"] == "1" and "TRUEUP_TOKEN" not in general


def test_contexts_are_merged_and_filled(tmp_path: Path) -> None:
    """Later ones win, captures are filled in variables and references, and secrets are told to the redactor."""
    (tmp_path / "prod-token").write_text("hunter2\n")
    contexts = (
        Context({}, {"AWS_REGION": "us-east-1", "TF_VAR_stage": "{env}"}),
        Context({"env": ("prod",)}, {"AWS_REGION": "eu-central-1"}, {"TF_VAR_token": f"file:{tmp_path}/{{env}}-token"}),
        Context({"repository": ("other",)}, {"NOT": "here"}),
    )
    granted = granting(tmp_path, contexts=contexts).grant(OBSERVED, "plan", "s")
    wanted = {"AWS_REGION": "eu-central-1", "TF_VAR_stage": "prod", "TF_VAR_token": "hunter2"}
    assert wanted.items() <= granted.environment.items() and "NOT" not in granted.environment
    assert granted.secrets == {"hunter2"}


def test_passed_secrets_are_told_to_the_redactor(tmp_path: Path) -> None:
    """By their names: a region would shred every text."""
    process = {
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_SESSION_TOKEN": "t0ken",
        "AWS_REGION": "eu-central-1",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "DB_PASSWORD": "p4ss",
    }
    source = CredentialSource(pass_env=("AWS_*", "DB_*"))
    granted = granting(tmp_path, rule({}, source, source), process=process).grant(PROD, "apply", "s")
    assert granted.secrets == {"s3cret", "t0ken", "p4ss"}


def test_a_profile_is_found_although_home_is_another(tmp_path: Path) -> None:
    """The configuration files are those of the process' own home."""
    source = CredentialSource(profile="prod")
    granted = granting(tmp_path, rule({}, source, source), process={"HOME": "/home/ci"}).grant(PROD, "plan", "s")
    assert granted.environment["AWS_PROFILE"] == "prod"
    assert granted.environment["AWS_CONFIG_FILE"] == "/home/ci/.aws/config"
    assert granted.identity == "profile prod"


def test_roles_for_plan_and_apply(tmp_path: Path, cloud: Cloud) -> None:
    """Each right assumes its own role; the cloud's log names the run."""
    base = cloud.user("granting-base", EVERYTHING)
    reader, writer = (cloud.role(f"granting-{name}-prod", EVERYTHING, base) for name in ("plan", "apply"))
    known = granting(
        tmp_path,
        rule(
            {"env": ("prod",)},
            CredentialSource(aws_role=reader.replace("prod", "{env}")),
            CredentialSource(aws_role=writer),
        ),
        process=cloud.environment(base),
        contexts=(Context({}, {"AWS_REGION": "eu-central-1", "AWS_PROFILE": "nobody"}),),
    )
    plan, apply = known.grant(PROD, "plan", "check-1"), known.grant(PROD, "apply", "run-abc:apply:1")
    assert whoami(cloud, plan.environment).endswith("assumed-role/granting-plan-prod/trueup-check-1")
    assert whoami(cloud, apply.environment).endswith("assumed-role/granting-apply-prod/trueup-run-abc-apply-1")
    assert apply.identity == whoami(cloud, apply.environment)
    assert base.secret_key not in {*plan.environment.values(), *apply.environment.values()}
    assert {plan.environment["AWS_SECRET_ACCESS_KEY"], plan.environment["AWS_SESSION_TOKEN"]} == plan.secrets
    assert "AWS_PROFILE" not in plan.environment and plan.environment["AWS_REGION"] == "eu-central-1"


def test_a_role_is_kept_until_half_of_its_time(tmp_path: Path, cloud: Cloud) -> None:
    """One session asks STS once; what is handed out still lasts."""
    base = cloud.user("keeping-base", EVERYTHING)
    source = CredentialSource(aws_role=cloud.role("keeping", EVERYTHING, base), duration=timedelta(hours=1))
    clock = FakeClock(datetime.now(UTC))
    known = granting(tmp_path, rule({}, source, None), process=cloud.environment(base), clock=clock)

    def key(session: str) -> str:
        return known.grant(PROD, "plan", session).environment["AWS_ACCESS_KEY_ID"]

    first = key("run-1")
    assert key("run-1") == first and key("run-2") != first
    clock.advance(31 * 60)
    assert key("run-1") != first


def test_a_role_outlives_the_manifest(tmp_path: Path, cloud: Cloud) -> None:
    """Every refresh of Git brings new rules: STS is not asked again for the same session."""
    base = cloud.user("outliving-base", EVERYTHING)
    source = CredentialSource(aws_role=cloud.role("outliving", EVERYTHING, base))
    around, clock = Surroundings(cloud.environment(base), tmp_path / "homes"), FakeClock(datetime.now(UTC))
    grants = [
        Granting([rule({}, source, None)], (), References({}), around, clock).grant(PROD, "plan", "run-1")
        for _ in range(2)
    ]
    assert grants[0].environment["AWS_ACCESS_KEY_ID"] == grants[1].environment["AWS_ACCESS_KEY_ID"]


def test_a_role_by_a_web_identity_token(tmp_path: Path, cloud: Cloud) -> None:
    """No credentials of the process are used, the token's file is read each time anew."""
    iam = cloud.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/issuer.example"},
            }
        ],
    }
    role = iam.create_role(RoleName="federated", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    token = tmp_path / "token"
    source = CredentialSource(aws_role=role, web_identity_token_file=str(token))
    known = granting(tmp_path, rule({}, source, None), process=cloud.address)
    with pytest.raises(Invalid, match="web identity token"):
        known.grant(PROD, "plan", "run-1")
    token.write_text("header.payload.signature\n")
    granted = known.grant(PROD, "plan", "run-1")
    assert granted.identity.endswith("assumed-role/federated/trueup-run-1")
    assert granted.environment["AWS_SESSION_TOKEN"] in granted.secrets


def test_what_sts_refuses_is_told(tmp_path: Path, cloud: Cloud) -> None:
    """Its own words and where to look; an STS that is not there is another kind of error."""
    nobody = cloud.user("granting-nobody", NOTHING)
    source = CredentialSource(aws_role="arn:aws:iam::123456789012:role/missing")
    known = granting(tmp_path, rule({}, source, None), process=cloud.environment(nobody))
    with pytest.raises(Rejected, match="role/missing") as caught:
        known.grant(PROD, "plan", "run-1")
    assert "trust policy" in caught.value.hint
    away = {**cloud.environment(nobody), "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
    with pytest.raises(Unavailable, match="does not answer"):
        granting(tmp_path, rule({}, source, None), process=away).grant(PROD, "plan", "run-1")


def test_session_names_are_what_aws_accepts() -> None:
    """At most 64 characters of its alphabet."""
    assert session_name("check stk-1/ü") == "trueup-check-stk-1"
    assert len(session_name("x" * 200)) == 64


def test_without_boto3_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is optional."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "trueup.adapters.credentials.roles", raising=False)
    source = CredentialSource(aws_role="arn:aws:iam::123456789012:role/any")
    with pytest.raises(Invalid) as caught:
        granting(tmp_path, rule({}, source, None)).grant(PROD, "plan", "run-1")
    assert "trueup[aws]" in caught.value.hint
