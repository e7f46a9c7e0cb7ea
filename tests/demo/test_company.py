"""The company of the story: seeded in Git, applied by hand, and seen by the cloud's recorder."""

from pathlib import Path

from tests.cloud import Company
from trueup.demo import company as story
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal


def test_seeded_repository_is_real_and_formatted(company: Company) -> None:
    """Three commits by three people, a clean tree, a lock file in each root, and nothing that `fmt` would change."""
    git = company.terminal.git(company.repository, "log", "--format=%ae", "--reverse")
    assert git.split() == [story.ANNA.email, story.BEN.email, story.CARLA.email]
    assert company.terminal.git(company.repository, "status", "--porcelain") == ""
    assert len(list(company.repository.glob("environments/*/*/.terraform.lock.hcl"))) == 4
    company.terminal.run(company.repository, "fmt", "-check", "-recursive")


def test_applied_by_hand_it_is_settled_and_planned_without_a_write(company_shared: Company) -> None:
    """After the first apply every plan is empty, read with the plan role; all that was written, ben wrote."""
    cloud = company_shared.cloud
    reader = cloud.assume(cloud.plan_role, "reader", cloud.trueup)
    who = company_shared.terminal.having(cloud.environment(reader))
    for environment in story.ENVIRONMENTS:
        networking, app = (company_shared.repository / "environments" / environment / layer for layer in story.LAYERS)
        inputs = story.outputs_as_inputs(who.run(networking, "output", "-json"))
        for root in (networking, app):
            who.having(inputs).run(root, "plan", "-lock=false", "-detailed-exitcode")
    records = cloud.records()
    assert {one.kind for one in records if one.identity == reader.arn} == {"read"}
    writers = {one.identity for one in records if one.kind == "write" and one.service != "iam"}
    assert writers == {cloud.hand.arn}


def test_states_are_in_the_bucket_and_the_lock_is_given_back(company_shared: Company) -> None:
    """One state per root in S3, and no `.tflock` left behind although each apply took one."""
    cloud = company_shared.cloud
    listed = cloud.client("s3").list_objects_v2(Bucket=story.STATE_BUCKET)
    states = [f"{environment}/{layer}.tfstate" for environment in story.ENVIRONMENTS for layer in story.LAYERS]
    assert sorted(one["Key"] for one in listed["Contents"]) == sorted(states)
    locks = [one for one in cloud.records() if one.event["requestParameters"].get("key", "").endswith(".tflock")]
    assert {one.action for one in locks} >= {"s3:PutObject", "s3:DeleteObject"}


def test_seeding_twice_in_one_cloud_is_fine(tmp_path: Path, cloud: Cloud, terminal: Terminal) -> None:
    """The bucket for states may be there already."""
    for name in ("one", "two"):
        story.seed(tmp_path / name, cloud, terminal)
    assert (tmp_path / "two" / "environments" / "prod" / "app" / "main.tf").is_file()
