"""Codification on the real provider: everything is changed by hand at once, written into code, and planned again."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.stages.made import NOW
from tests.terraform.jobs import Diary, Place
from trueup.demo import providers
from trueup.demo.cloud import Cloud
from trueup.drivers.terraform.codify import codify
from trueup.model.baseline import Baseline
from trueup.model.drift import Drift
from trueup.model.plan import OUTPUT, Action, AttributedPlan, Plan
from trueup.model.stack import StackId
from trueup.ports.driver import Codification
from trueup.ports.tree import EditedTree, StoredTree, Tree
from trueup.stages.attribute import attribute
from trueup.stages.codify import proves_at_baseline, proves_at_head
from trueup.stages.detect import detect
from trueup.stages.record import absorbed, settled

CORPUS = Path(__file__).parent / "corpus"
SG = "aws_security_group"
APART = f"{SG}.apart"
"""No plan would touch its extra rule: only the comparison with what was settled sees it."""
SHARING = f"{SG}.sharing"

DECLINED = {
    f"{SG}.dynamic_removed": "dynamic block",
    f"{SG}.interpolated": "put together",
    f"{SG}.apart": "resources of their own",
    f"{SG}.counted_one[1]": "2 instances",
    "aws_iam_role.referenced": "refers to it",
}


@dataclass
class Settled:
    """The corpus, applied and settled, with everything that hands then did to it."""

    place: Place
    tree: StoredTree
    baseline: Baseline
    drifts: tuple[Drift, ...]
    sharing: Drift
    """Its value comes from a variable that another resource has too."""
    plan: Plan
    said: Codification


@pytest.fixture(scope="module")
def corpus(cloud: Cloud, tf_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Settled:
    """Applied, settled, changed by hand, planned and codified once for all tests here."""
    files = {str(path.relative_to(CORPUS)): path.read_text() for path in CORPUS.rglob("*.tf*")}
    tree = StoredTree(
        "r1",
        {path: text.encode() for path, text in files.items()}
        | {"app/.terraform.lock.hcl": providers.lock_file().encode()},
    )
    place = Place(tmp_path_factory.mktemp("corpus"), {**tf_environment, **cloud.environment(cloud.hand)})
    with place.driver.open(place.job(tree)) as session:
        made = attribute(session.plan(), None)
        applied = session.apply(made.plan, Diary())
        assert applied.complete, applied.error
        resources = settled(None, made, applied)
        first = Baseline(StackId("stk-0000000001"), 1, made.plan.basis, resources, NOW, "run:1")
        after = session.plan()
    baseline = replace(first, resources=absorbed(resources, made, attribute(after, first)))
    assert detect(attribute(after, baseline), (), baseline, NOW, None, str).clean
    _by_hand(cloud, {str(address): each.values for address, each in resources.items()})
    plan = place.plan(tree, purpose="check")
    ids = iter(range(1000))
    found = detect(attribute(plan, baseline), (), baseline, NOW, None, lambda: f"dft-{next(ids)}").opened
    drifts = tuple(drift for drift in found if drift.address != SHARING)
    (sharing,) = (drift for drift in found if drift.address == SHARING)
    return Settled(place, tree, baseline, drifts, sharing, plan, codify(place.job(tree), drifts, plan))


def _by_hand(cloud: Cloud, values: dict[str, Any]) -> None:
    """What somebody does in the console, to one resource after the other."""
    ec2, s3, iam = (cloud.client(service, cloud.console) for service in ("ec2", "s3", "iam"))

    def group(name: str) -> str:
        return str(values[name if name.startswith("module") else f"{SG}.{name}"]["id"])

    def rules(port: int, cidr: str, description: str = "") -> list[dict[str, Any]]:
        described = {"Description": description} if description else {}
        return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr, **described}]}]

    def tag(name: str, **tags: str) -> None:
        ec2.create_tags(Resources=[group(name)], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    ec2.authorize_security_group_ingress(GroupId=group("added"), IpPermissions=rules(8443, "0.0.0.0/0", "debug"))
    ec2.revoke_security_group_ingress(GroupId=group("removed"), IpPermissions=rules(80, "10.0.0.0/8"))
    ec2.revoke_security_group_ingress(GroupId=group("changed"), IpPermissions=rules(22, "10.0.0.0/8"))
    ec2.authorize_security_group_ingress(GroupId=group("changed"), IpPermissions=rules(22, "10.4.0.0/16"))
    ec2.authorize_security_group_ingress(GroupId=group("dynamic"), IpPermissions=rules(9000, "10.0.0.0/8"))
    ec2.revoke_security_group_ingress(GroupId=group("dynamic_removed"), IpPermissions=rules(23, "10.0.0.0/8"))
    ec2.authorize_security_group_ingress(GroupId=group("apart"), IpPermissions=rules(8443, "0.0.0.0/0"))
    tag("no_tags", Owner="anna")
    tag("line_tags", Owner="anna")
    ec2.delete_tags(Resources=[group("line_tags")], Tags=[{"Key": "Old"}])
    tag("map_tags", Owner="anna", Environment="staging")
    tag("quoted_tags", **{"cost center": "42"})
    ec2.delete_tags(Resources=[group("lost_tags")], Tags=[{"Key": "Name"}])
    tag("merged_tags", Company="other", Extra="1")
    tag("local_tags", Name="renamed")
    tag("variable_tag", Owner="anna")
    tag("sharing", Stage="hot")
    tag("interpolated", Name="by-hand")
    tag('each["a"]', Name="aa")
    ec2.delete_security_group(GroupId=group('each["c"]'))
    for index in (0, 1):
        tag(f"counted[{index}]", Owner="anna")
    tag("counted_one[1]", Owner="anna")
    tag(f"module.inner.{SG}.this", Owner="hand", Name="hand", More="x")
    s3.put_bucket_versioning(Bucket="corpus-versioned", VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_versioning(Bucket="corpus-plain", VersioningConfiguration={"Status": "Enabled"})
    grown = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
        ],
    }
    for name in ("encoded", "heredoc"):
        arn = values[f"aws_iam_policy.{name}"]["arn"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(grown), SetAsDefault=True)
    iam.update_role(RoleName="corpus-trust", MaxSessionDuration=7200)
    iam.delete_role(RoleName="corpus-deleted")
    iam.delete_role(RoleName="corpus-referenced")


def test_every_change_by_hand_is_found(corpus: Settled) -> None:
    """Each of them is one drift record, and nothing else is."""
    assert sorted(drift.address for drift in corpus.drifts) == sorted([*corpus.said.done, *DECLINED])


def test_what_can_be_written_is_written_and_the_rest_is_refused_with_its_reason(corpus: Settled) -> None:
    """Wrong refusals and wrong reasons show here."""
    found = {each.address: each.reason for each in corpus.said.declined}
    assert found.keys() == DECLINED.keys(), found
    for address, reason in DECLINED.items():
        assert reason in found[address]  # type: ignore[index]
    assert all(each.suggestion for each in corpus.said.declined)


def test_the_edit_is_proven_by_planning_again(corpus: Settled) -> None:
    """With the edit, exactly the declined drifts are left: everything else plans as empty."""
    done = [drift for drift in corpus.drifts if drift.address in corpus.said.done]
    others = [drift for drift in corpus.drifts if drift.address not in corpus.said.done] + [corpus.sharing]
    again = corpus.place.plan(EditedTree(corpus.tree, corpus.said.edits), purpose="check")
    assert proves_at_baseline(attribute(again, corpus.baseline), done, others) == ()
    assert {str(change.address) for change in again.changes if change.kind != OUTPUT} == {*DECLINED, SHARING} - {APART}


def test_a_shared_variable_fails_its_proof_and_a_literal_passes(corpus: Settled) -> None:
    """The obvious edit would change the neighbour too: the proof says so, and the narrow edit is proven instead, at
    the baseline and at a head that has something of its own to do."""
    job, asked, others = corpus.place.job(corpus.tree), [corpus.sharing], corpus.drifts

    def planned(tree: Tree) -> AttributedPlan:
        return attribute(corpus.place.plan(tree, purpose="check"), corpus.baseline)

    obvious = codify(job, asked, corpus.plan)
    findings = proves_at_baseline(planned(EditedTree(corpus.tree, obvious.edits)), asked, others)
    assert [finding.code for finding in findings] == ["codification-overreaches"]
    assert f"{SG}.shared (tags.Stage)" in findings[0].message

    narrow = codify(job, asked, corpus.plan, inline=True)
    assert proves_at_baseline(planned(EditedTree(corpus.tree, narrow.edits)), asked, others) == ()

    main = corpus.tree.read("app/main.tf").replace(
        b"  tags = {\n    Stage", b'  tags = {\n    Also  = "new"\n    Stage'
    )
    head = EditedTree(corpus.tree, {"app/main.tf": main})
    before = planned(head)
    edits = codify(replace(job, tree=head), asked, before.plan, inline=True).edits
    assert proves_at_head(before, planned(EditedTree(head, edits)), asked) == ()
    assert b'Stage = "hot"' in (edits["app/main.tf"] or b"") and b"Also  =" in (edits["app/main.tf"] or b"")


def test_a_suggested_rule_takes_the_live_one_over(corpus: Settled) -> None:
    """Where rules are resources of their own, the suggestion imports the hand-made one without changing it."""
    (declined,) = (each for each in corpus.said.declined if each.address == APART)
    edited = {"app/rule.tf": declined.suggestion.encode()}
    plan = corpus.place.plan(EditedTree(corpus.tree, edited), purpose="check")
    (taken,) = (change for change in plan.changes if change.kind == "aws_security_group_rule")
    assert (taken.imported, taken.action) == (True, Action.NOTHING)


def test_nothing_but_the_changed_values_changed(corpus: Settled) -> None:
    """Every comment is still there but the one of the rule that is gone, and files without edits are not touched."""
    before = {path: content.decode() for path, content in corpus.tree.contents.items()}
    after = {path: content.decode() for path, content in corpus.said.edits.items() if content is not None}
    assert after.keys() == {"app/main.tf", "app/values.tf", "modules/group/main.tf"}
    for path, text in after.items():
        gone = {line.strip() for line in before[path].splitlines() if "#" in line}
        kept = {line.strip() for line in text.splitlines() if "#" in line}
        lost = {line for line in gone - kept if line.startswith("#")}
        assert lost <= {"# only to redirect"}
        assert all(any(line.rpartition("#")[2] in other for other in kept) for line in gone - kept - lost)
