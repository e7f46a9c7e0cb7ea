"""Finding root modules that nobody declared."""

from trueup.drivers.terraform.discover import discover, environment_in
from trueup.drivers.terraform.layout import Layout
from trueup.ports.tree import StoredTree


def found(**files: str) -> dict[tuple[str, str], tuple[dict[str, object], str]]:
    tree = StoredTree("r1", {path: content.encode() for path, content in files.items()})
    return {(each.path, each.environment): (dict(each.settings), each.why) for each in discover(Layout(tree))}


def test_roots_are_told_from_modules() -> None:
    """A directory with a backend is a root; one that a module call points at is not, whatever it holds."""
    stacks = found(
        **{
            "environments/prod/app/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
            "environments/prod/app/modules.tf": 'module "m" {\n  source = "../../../modules/m"\n}\n',
            "environments/dev/app/main.tf": 'provider "aws" {\n}\n',
            "modules/m/main.tf": 'provider "aws" {\n}\nmodule "n" {\n  source = "../n"\n}\n',
            "modules/n/main.tf": 'resource "aws_vpc" "v" {}',
            "modules/unused/main.tf": 'resource "aws_vpc" "v" {}',
            "modules/m/examples/full/main.tf": 'provider "aws" {\n}\n',
        }
    )
    assert stacks == {
        ("environments/dev/app", "dev"): (
            {},
            "configures a provider and no module call points at it; 'dev' in its path says dev",
        ),
        ("environments/prod/app", "prod"): ({}, "has a backend; 'prod' in its path says prod"),
    }


def test_one_directory_with_variable_files_is_a_stack_for_each() -> None:
    """dev.tfvars and prod.tfvars beside one root make two stacks, told apart by workspace."""
    stacks = found(
        **{
            "billing/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
            "billing/dev.tfvars": "",
            "billing/envs/production.tfvars": "",
            "billing/terraform.tfvars": "",
        }
    )
    assert {key: settings for key, (settings, _) in stacks.items()} == {
        ("billing", "dev"): {"varFiles": ["dev.tfvars"], "workspace": "dev"},
        ("billing", "prod"): {"varFiles": ["envs/production.tfvars"], "workspace": "production"},
    }


def test_the_environment_comes_from_the_path() -> None:
    """Known words count wherever they stand; below `envs/` any name does."""
    assert environment_in("aws/production/app") == ("prod", "production")
    assert environment_in("infra/app-prod") == ("prod", "app-prod")
    assert environment_in("envs/blue/app") == ("blue", "blue")
    assert environment_in("infra/app") == ("", "")


def test_what_only_looks_like_code_makes_no_root() -> None:
    """Comments and texts that hold a backend, a provider or a module call are read as what they are."""
    assert not found(
        **{
            "a/main.tf": '/*\nprovider "aws" {\n}\n*/\nlocals {\n  x = <<EOT\nbackend "s3" {\nEOT\n}\n',
            "b/main.tf": 'resource "aws_vpc" "v" {\n  tags = { cloud = "x" }\n}\n',
        }
    )


def test_a_directory_with_mistakes_is_not_overlooked() -> None:
    """Code that cannot be read is offered with the place of its mistake; the rest of the tree is found as ever."""
    stacks = found(**{"a/main.tf": 'provider "aws" {\n  x = = 1\n}\n', "b/main.tf": 'provider "aws" {\n}\n'})
    assert stacks["a", ""][1].startswith("has code that cannot be read yet: a/main.tf:2:")
    assert set(stacks) == {("a", ""), ("b", "")}
