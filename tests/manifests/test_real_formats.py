"""The manifest with the formats that are really installed: the docs' examples, and what a driver discovers."""

import re
from pathlib import Path

import pytest

from tests.manifests.samples import DESIGNED, tree
from trueup.drivers.terraform.driver import TerraformDriver
from trueup.manifests.discover import describe
from trueup.manifests.expansion import diagnose, expand
from trueup.manifests.manifest import CONTROL, Repository
from trueup.manifests.native import load
from trueup.manifests.schema import schema
from trueup.ports.tree import StoredTree
from trueup.wiring.registry import formats

DOCUMENTED = re.findall(
    r"```yaml\n(.*?)```", (Path(__file__).parents[2] / "docs" / "trueup-yaml.md").read_text(), re.DOTALL
)


@pytest.mark.parametrize("text", [*DOCUMENTED, DESIGNED])
def test_examples_have_no_mistakes(text: str) -> None:
    """Neither the documentation's nor the design's."""
    assert not [each for each in diagnose(text.encode(), "trueup.yaml", formats(), {}) if each.stops]
    assert len(DOCUMENTED) >= 2


def test_the_documented_example_gives_its_stacks() -> None:
    """Names, order and inputs as the documentation says."""
    directories = [f"environments/{env}/{name}" for env in ("dev", "prod") for name in ("app", "networking")]
    aws = tree([f"{directory}/main.tf" for directory in [*directories, "legacy/billing"]] + ["legacy/docs/README.md"])
    manifest = expand(load(DOCUMENTED[0].encode(), "trueup.yaml", formats()), {"aws": aws})
    assert [each.name.removeprefix("aws//") for each in manifest.declarations] == [
        "environments/dev/app",
        "environments/dev/networking",
        "environments/prod/app",
        "environments/prod/networking",
        "legacy/billing@prod",
        "legacy/billing@staging",
    ]
    app = manifest.declaration("aws//environments/prod/app")
    assert app is not None and app.depends_on == ("aws//environments/prod/networking",)


def test_what_the_terraform_driver_discovers_is_declared() -> None:
    """Roots per environment and a workspace per environment, but not the modules between them."""
    backend = b'terraform {\n  backend "s3" {}\n}\n'
    call = b'module "vpc" {\n  source = "../../../modules/vpc"\n}\n'
    files = {f"environments/{env}/{name}/main.tf": backend + call for env in ("dev", "prod") for name in ("app", "net")}
    files |= {"modules/vpc/main.tf": b'resource "aws_vpc" "this" {}\n', "legacy/main.tf": backend}
    files |= {f"legacy/{env}.tfvars": b"" for env in ("prod", "staging")}
    root = StoredTree("r1", files)
    found = list(TerraformDriver().discover(root))
    text = describe({CONTROL: found}, {CONTROL: Repository(CONTROL, ".")}, {CONTROL: root}, formats())
    manifest = expand(load(text.encode(), "trueup.yaml", formats()), {CONTROL: root})
    declared = {(each.path, each.environment.name) for each in manifest.declarations}
    assert declared == {(each.path, each.environment) for each in found}
    assert {path for path, _ in declared} == {path.rpartition("/")[0] for path in files} - {"modules/vpc"}


def test_editors_know_the_installed_formats() -> None:
    """Terraform's own keys are in the schema."""
    forms = {form["title"]: form for form in schema(formats())["properties"]["stacks"]["items"]["oneOf"]}
    assert {"workspace", "varFiles", "dependsOn"} <= forms["terraform"]["properties"].keys()
