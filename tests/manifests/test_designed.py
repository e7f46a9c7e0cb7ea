"""The trueup.yaml of the design, word for word."""

from datetime import timedelta

from tests.manifests.samples import DESIGNED, FORMATS, tree
from trueup.manifests.expansion import expand
from trueup.manifests.manifest import Manifest
from trueup.manifests.native import load
from trueup.model.people import Identity
from trueup.model.stack import ApprovalPolicy, Mode, Respond


def manifest() -> Manifest:
    aws = tree(
        [
            "environments/dev/app/main.tf",
            "environments/prod/app/main.tf",
            "environments/prod/networking/main.tf",
            "environments/prod/README.md",
            "modules/vpc/main.tf",
            "legacy/billing/main.tf",
            "legacy/billing/prod.tfvars",
        ]
    )
    data = tree(["services/orders/db/V1__init.sql", "dns/production.yaml"])
    return expand(load(DESIGNED.encode(), "trueup.yaml", FORMATS), {"aws": aws, "data": data})


def test_every_stack_has_its_name() -> None:
    """A pattern becomes one stack for each directory, and one for each environment of a shared directory."""
    assert [each.name for each in manifest().declarations] == [
        "aws//environments/dev/app",
        "aws//environments/prod/app",
        "aws//environments/prod/networking",
        "aws//legacy/billing@prod",
        "aws//legacy/billing@staging",
    ]


def test_captures_fill_settings() -> None:
    """`{env}` in a format's own keys is the stack's environment."""
    stack = manifest().declaration("aws//legacy/billing@prod")
    assert stack is not None
    assert (stack.spec.workspace, stack.spec.var_files) == ("prod", ("prod.tfvars",))
    assert stack.attributes == {"env": "prod", "name": "billing"}


def test_environments_rule_their_stacks() -> None:
    """Mode, response, times and approvals come from the environment."""
    known = manifest()
    dev = known.declaration("aws//environments/dev/app")
    prod = known.declaration("aws//environments/prod/app")
    assert dev is not None and prod is not None
    assert (dev.mode, dev.respond, dev.environment.checks) == (Mode.DELIVER, Respond.REVERT, timedelta(hours=1))
    assert dev.environment.approve == ApprovalPolicy(count=0)
    assert (prod.mode, prod.respond, prod.environment.critical) == (Mode.OBSERVE, Respond.ALERT, True)
    assert prod.environment.approve == ApprovalPolicy(1, "owners", 2)


def test_an_undeclared_environment_is_critical_and_observed() -> None:
    """`staging` is in no `environments:`: its stacks are guarded like production, and a finding says so."""
    known = manifest()
    staging = known.declaration("aws//legacy/billing@staging")
    assert staging is not None
    assert (staging.mode, staging.environment.critical, staging.environment.approve.count) == (Mode.OBSERVE, True, 1)
    assert any("`staging` is not declared" in finding.message for finding in known.findings)


def test_formats_without_a_driver_are_listed() -> None:
    """Entries of a driver that is not installed are right, listed, and left alone."""
    known = manifest()
    assert [(each.name, each.format) for each in known.unavailable] == [
        ("data//dns/production.yaml", "octodns"),
        ("data//services/orders/db", "flyway"),
    ]
    told = [str(finding.place) for finding in known.findings if finding.code == "unavailable"]
    assert told == ["trueup.yaml:12:5", "trueup.yaml:15:5"]


def test_people_contexts_credentials_and_alerts_arrive() -> None:
    """The rest of the document becomes values of the model."""
    known = manifest()
    assert known.people.who(Identity("aws", "AROA1:anna@acme.com")) == "anna"
    assert known.contexts[0].variables == {"AWS_REGION": "eu-central-1"}
    assert known.contexts[0].secrets == {"TF_VAR_token": "file:/run/secrets/token"}
    prod, dev = known.credentials
    assert prod.plan and prod.apply and prod.apply.aws_role == "arn:aws:iam::111122223333:role/trueup-apply"
    assert dev.plan == dev.apply and dev.plan and dev.plan.pass_env == ("AWS_*",)
    assert known.alerts[0].channels == {"slack": ("#{owner}-infra",)}


def test_a_repository_that_was_not_read_is_named() -> None:
    """Stacks that are missing because their tree is missing must not look removed."""
    known = expand(load(DESIGNED.encode(), "trueup.yaml", FORMATS), {"aws": tree(["environments/dev/app/main.tf"])})
    assert known.unread == {"data"}
