"""CloudTrail records to who did what to which, and Terraform's resources to the names that CloudTrail uses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.signals.records import ACCOUNT, ANNA, CHANGES, Record, authorize, envelope, record, session
from trueup.drivers.terraform.signal import heard
from trueup.drivers.terraform.signal_names import MOST_SUBJECTS, subjects_of
from trueup.model.errors import Invalid
from trueup.model.people import Identity
from trueup.model.plan import Address, Resource
from trueup.model.words import MOST_WORDS

NOW = datetime(2026, 11, 22, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize("name", CHANGES)
def test_a_record_says_who_did_what_to_which(name: str) -> None:
    """Identity, time, place, call and every subject, from the envelope and from the bare record alike."""
    detail, subjects = CHANGES[name]
    event = heard(envelope(detail), NOW)
    assert event == heard(detail, NOW)
    assert (event.id, event.name, event.source) == (detail["eventID"], name, "aws")
    assert event.identity == Identity("aws", "engineer:anna@acme.com")
    assert event.session == ANNA["arn"]
    assert event.at == datetime(2026, 11, 22, 3, 2, 14, tzinfo=UTC)
    assert (event.address, event.user_agent) == ("198.51.100.7", "AWS Internal")
    assert event.subjects == subjects
    assert event.changes
    assert not event.run and not event.break_glass


IDENTITIES: list[tuple[Record, str]] = [
    (ANNA, "engineer:anna@acme.com"),
    (
        {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/team/anna", "userName": "anna", "accountId": ACCOUNT},
        "user:anna",
    ),
    ({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}, f"root:{ACCOUNT}"),
    (
        {"type": "FederatedUser", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/anna", "accountId": ACCOUNT},
        "federated-user:anna",
    ),
    ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "service:autoscaling.amazonaws.com"),
    ({"type": "AWSAccount", "accountId": "444455556666", "principalId": "AIDAEXAMPLE"}, "account:444455556666"),
    (
        {
            "type": "IdentityCenterUser",
            "accountId": ACCOUNT,
            "onBehalfOf": {"userId": "544894e8-80c1-707f", "identityStoreArn": "arn:aws:identitystore::1:x"},
        },
        "identity-center:544894e8-80c1-707f",
    ),
    ({"type": "SAMLUser", "userName": "anna@acme.com", "principalId": "x:anna"}, "federated-user:anna@acme.com"),
    (session("AWSReservedSSO_Admin_0123456789abcdef", "anna@acme.com"), None),  # type: ignore[list-item]
    ({"type": "Unknown", "accountId": ACCOUNT}, "Unknown"),
    ({}, "unknown"),
]


@pytest.mark.parametrize(("who", "name"), IDENTITIES)
def test_every_type_of_identity_has_a_name(who: Record, name: str | None) -> None:
    """What `people:` matches; the directory's sessions carry the person's e-mail address besides."""
    event = heard(record("CreateTags", userIdentity=who), NOW)
    assert event.identity.name == (name or "AWSReservedSSO_Admin_0123456789abcdef:anna@acme.com")
    assert event.email == ("" if name else "anna@acme.com")


def test_our_sessions_are_told_apart_from_people_under_break_glass() -> None:
    """A run's id, a check's id, or the id of a break-glass; a user who is called so is neither."""
    assert heard(authorize(userIdentity=session("trueup-apply", "trueup-run-0abc123def")), NOW).run == "run-0abc123def"
    human = heard(authorize(userIdentity=session("engineer", "trueup-bg-0123456789-anna")), NOW)
    assert (human.run, human.break_glass) == ("", "bg-0123456789")
    user = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/trueup-run-1", "userName": "trueup-run-1"}
    assert not heard(authorize(userIdentity=user), NOW).run


@pytest.mark.parametrize(
    "detail",
    [
        record("DescribeInstances", readOnly=True),
        record("ConsoleLogin", "signin", eventType="AwsConsoleSignIn", responseElements={"ConsoleLogin": "Success"}),
        record("AssumeRole", "sts", {"roleArn": "arn:aws:iam::1:role/x"}, readOnly=True),
        record("AssumeRoleWithWebIdentity", "sts", {"roleArn": "arn:aws:iam::1:role/x"}),
        record("PutObject", "s3", {"bucketName": "states", "key": "x"}, eventCategory="Data", managementEvent=False),
        authorize(errorCode="Client.UnauthorizedOperation", errorMessage="You are not authorized"),
        authorize(errorCode="Client.DryRunOperation"),
    ],
)
def test_what_changes_nothing_is_no_change(detail: Record) -> None:
    """Reads, sign-ins, sessions, objects, and calls that were refused."""
    assert not heard(detail, NOW).changes


def test_an_event_from_the_future_happened_when_it_came() -> None:
    """Somebody's clock is wrong: it cannot have happened after it was received."""
    assert heard(authorize(eventTime="2036-01-01T00:00:00Z"), NOW).at == NOW
    assert heard(authorize(eventTime="2026-11-22T03:02:14Z"), NOW).at == NOW - timedelta(minutes=2, seconds=46)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"detail": "text"}, "not a CloudTrail record"),
        ({"detail": {"eventName": "X"}}, "eventID, eventTime, userIdentity"),
        ({"eventID": 1, "eventName": "X", "eventTime": "t", "userIdentity": {}}, "eventID"),
        (authorize(eventTime="yesterday"), "no time"),
    ],
)
def test_what_is_no_record_says_what_is_missing(document: Record, said: str) -> None:
    """Named, with the way out."""
    with pytest.raises(Invalid, match=said) as caught:
        heard(document, NOW)
    assert "EventBridge" in caught.value.hint


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)


@given(parameters=JSON_VALUES, answer=JSON_VALUES, who=st.dictionaries(st.text(max_size=12), JSON_VALUES, max_size=4))
def test_whatever_stands_in_a_record_is_taken_or_refused(parameters: Any, answer: Any, who: dict[str, Any]) -> None:
    """Never another error, whatever the shape of what AWS leaves open."""
    document = record("CreateTags", parameters=parameters, responseElements=answer, userIdentity=who, resources=answer)
    event = heard(document, NOW)
    assert event.identity.name
    assert len(event.subjects) <= MOST_SUBJECTS and len(event.mentions) <= MOST_WORDS


def test_a_huge_record_is_bounded() -> None:
    """Ten thousand ids, deep nesting and a long name keep their limits."""
    deep: Any = "sg-0a1b2c3d"
    for _ in range(500):
        deep = {"x": deep}
    many = [{"resourceId": f"i-{number:017x}"} for number in range(10_000)]
    event = heard(record("CreateTags" * 200, parameters={"many": many, "deep": deep, "text": "x" * 10_000}), NOW)
    assert 0 < len(event.subjects) <= MOST_SUBJECTS
    assert len(event.mentions) <= MOST_WORDS
    assert len(event.name) <= 256


def test_the_words_of_a_policy_are_words_of_the_request() -> None:
    """They tell which of several calls wrote the statement."""
    event = heard(CHANGES["PutRolePolicy"][0], NOW)
    assert {"s3:deletebucket", "deployer", "inline"} <= event.mentions


def live(kind: str, **values: Any) -> dict[Address, Resource]:
    return {Address(f"{kind}.it"): Resource(kind, values, str(values.get("arn", "")))}


@pytest.mark.parametrize(
    ("kind", "values", "call"),
    [
        ("aws_security_group", {"id": "sg-0a1b2c3d4e5f60718", "name": "web"}, "AuthorizeSecurityGroupIngress"),
        ("aws_security_group_rule", {"security_group_id": "sg-0a1b2c3d4e5f60718"}, "RevokeSecurityGroupIngress"),
        ("aws_instance", {"id": "i-0123456789abcdef0"}, "CreateTags"),
        ("aws_instance", {"id": "i-0123456789abcdef0"}, "TerminateInstances"),
        ("aws_s3_bucket", {"id": "acme-logs", "bucket": "acme-logs"}, "PutBucketPolicy"),
        ("aws_s3_bucket_policy", {"id": "acme-logs", "bucket": "acme-logs"}, "PutBucketPolicy"),
        ("aws_iam_role", {"id": "deployer", "name": "deployer"}, "PutRolePolicy"),
        ("aws_iam_role_policy", {"role": "deployer"}, "PutRolePolicy"),
        ("aws_iam_role_policy_attachment", {"role": "deployer", "policy_arn": "arn:aws:iam::1:x"}, "AttachRolePolicy"),
        ("aws_route53_zone", {"zone_id": "Z0123456789ABCDEFGHIJ"}, "ChangeResourceRecordSets"),
        ("aws_route53_record", {"zone_id": "Z0123456789ABCDEFGHIJ", "name": "www"}, "ChangeResourceRecordSets"),
        ("aws_route_table", {"id": "rtb-0123456789abcdef0"}, "CreateRoute"),
        ("aws_route", {"route_table_id": "rtb-0123456789abcdef0"}, "CreateRoute"),
        ("aws_security_group", {"id": "sg-0a1b2c3d"}, "DeleteSecurityGroup"),
    ],
)
def test_the_log_and_terraform_name_the_same_thing(kind: str, values: dict[str, Any], call: str) -> None:
    """A managed resource, or the child of a managed parent, is found by the call that changed it."""
    event = heard(CHANGES[call][0], NOW)
    assert any(subject.is_meant_by(event) for subject in subjects_of(live(kind, **values)))


def test_a_name_counts_in_its_own_account_and_region_only() -> None:
    """Every account has a `deployer`; a bucket's name is the world's; an id is unique by itself."""
    call = CHANGES["PutRolePolicy"][0]
    role = live("aws_iam_role", name="deployer", arn=f"arn:aws:iam::{ACCOUNT}:role/deployer")
    here = heard(call, NOW)
    elsewhere = heard({**call, "recipientAccountId": "444455556666"}, NOW)
    assert any(subject.is_meant_by(here) for subject in subjects_of(role))
    assert not any(subject.is_meant_by(elsewhere) for subject in subjects_of(role))

    bucket = live("aws_s3_bucket", bucket="acme-logs", arn=f"arn:aws:iam::{ACCOUNT}:role/unrelated")
    write = {**CHANGES["PutBucketPolicy"][0], "recipientAccountId": "444455556666", "awsRegion": "us-east-1"}
    assert any(subject.is_meant_by(heard(write, NOW)) for subject in subjects_of(bucket))

    table = live("aws_dynamodb_table", name="t", arn=f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/t")
    change = record("UpdateTable", "dynamodb", {"tableName": "t"})
    assert any(subject.is_meant_by(heard(change, NOW)) for subject in subjects_of(table))
    other = heard({**change, "awsRegion": "us-west-2"}, NOW)
    assert not any(subject.is_meant_by(other) for subject in subjects_of(table))


def test_names_of_another_kind_are_other_names() -> None:
    """A user who is called like a role is not the role."""
    call = record("PutUserPolicy", "iam", {"userName": "deployer", "policyName": "x"})
    assert not any(
        subject.is_meant_by(heard(call, NOW)) for subject in subjects_of(live("aws_iam_role", name="deployer"))
    )
