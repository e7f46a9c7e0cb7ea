"""What belongs to a root module, and what is wrong with one, found without running anything."""

from dataclasses import dataclass

import pytest

from trueup.drivers.terraform.layout import Layout
from trueup.drivers.terraform.reading import findings, read_root
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.errors import Invalid
from trueup.ports.tree import StoredTree, TreeEntry

SPEC = TerraformSpec()


def tree(**files: str) -> StoredTree:
    return StoredTree("r1", {path: content.encode(errors="surrogateescape") for path, content in files.items()})


@dataclass(frozen=True)
class LinkedTree:
    """A tree in which some files are symbolic links."""

    stored: StoredTree
    links: frozenset[str]
    revision: str = "r1"

    def entries(self, under: str = "") -> list[TreeEntry]:
        return [
            TreeEntry(each.path, each.digest, each.executable, each.path in self.links)
            for each in self.stored.entries(under)
        ]

    def read(self, path: str) -> bytes:
        return self.stored.read(path)


def closure(files: dict[str, str], path: str = "app", spec: TerraformSpec = SPEC) -> set[str]:
    return set(read_root(Layout(tree(**files)), path, spec).files)


def test_the_closure_follows_modules_variables_and_files() -> None:
    """Everything that can change what the root means is in its closure, and nothing else is."""
    files = {
        "app/main.tf": '# first\nmodule "net" { source = "../modules/net" }\n',
        "app/override.tf": "",
        "app/policy.tf": 'locals { p = templatefile("${path.module}/policy.tpl", {}) }\n',
        "app/policy.tpl": "{}",
        "app/.terraform.lock.hcl": "",
        "app/.terraform-version": "1.11.4",
        "app/terraform.tfvars": "a = 1",
        "app/x.auto.tfvars": "b = 1",
        "app/README.md": "no",
        "vars/prod.tfvars": "c = 1",
        "vars/dev.tfvars": "c = 2",
        "modules/net/main.tf": (
            'module "deep" { source = "./deep" }\n'
            'resource "x" "y" { for_each = fileset(path.module, "rules/*.json")\n'
            '  body = file("${path.module}/rules/${each.key}") }\n'
        ),
        "modules/net/deep/main.tf": 'locals { root = filemd5("${path.root}/hash.txt") }',
        "modules/net/rules/a.json": "{}",
        "modules/other/main.tf": "",
        "app/hash.txt": "1",
        "unrelated/main.tf": "",
    }
    found = closure(files, spec=TerraformSpec.model_validate({"varFiles": ["../vars/prod.tfvars"]}))
    assert found == set(files) - {
        "app/README.md",
        "vars/dev.tfvars",
        "modules/other/main.tf",
        "unrelated/main.tf",
    }


def test_literal_paths_are_relative_to_the_root_module() -> None:
    """A module's file("x") is looked up where Terraform runs: in the root module."""
    files = {
        "app/main.tf": 'module "m" { source = "../m" }',
        "app/x.txt": "1",
        "m/main.tf": 'locals { x = file("x.txt") }',
        "m/x.txt": "2",
    }
    assert closure(files) == {"app/main.tf", "app/x.txt", "m/main.tf"}


def test_files_are_found_wherever_they_are_named() -> None:
    """Inside operations, conditionals and templates, behind a call, beside a directive, in a provisioner's script."""
    files = {
        "app/main.tf": (
            'locals {\n  a = jsondecode(file("a.json")).x + length(file("b.txt"))\n'
            '  c = var.x ? "${path.module}/c.txt" : "${file("d.txt")}"\n'
            '  e = "%{ if true }${path.module}%{ endif }"\n  f = file(<<EOT\nf.txt\nEOT\n)\n}\n'
            'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    script = "g.sh"\n  }\n}\n'
            'module "m" {\n  source = "../m"\n  filename = "h.txt"\n}\n'
        ),
        **dict.fromkeys(["app/a.json", "app/b.txt", "app/c.txt", "app/d.txt", "app/g.sh", "app/h.txt"], ""),
        "m/main.tf": "",
    }
    assert closure(files) == set(files) - {"app/h.txt"}


def test_a_path_that_only_running_tells_takes_the_directory() -> None:
    """Where the path cannot be known, all files beside the code belong to the closure, but no state."""
    files = {"app/main.tf": "locals { x = file(var.name) }", "app/a/b.txt": "1", "app/terraform.tfstate": "{}"}
    assert closure(files) == {"app/main.tf", "app/a/b.txt"}


def test_json_syntax_is_read_too() -> None:
    """Modules and files in *.tf.json are followed."""
    files = {
        "app/main.tf.json": '{"module": {"m": {"source": "../m"}}, "locals": {"x": "${file(\\"x.txt\\")}"}}',
        "app/x.txt": "1",
        "m/main.tf": "",
    }
    assert closure(files) == set(files)


@pytest.mark.parametrize(
    ("files", "where", "what"),
    [
        ({"app/main.tf": 'resource "a" "b" {\n  x = = 3\n}\n'}, "app/main.tf:2:", "not valid HCL"),
        ({"app/main.tf.json": '{"a": \n nope}'}, "app/main.tf.json:2:2", "not valid JSON"),
        ({"app/main.tf": "", "app/terraform.tfvars": "a = [\n"}, "app/terraform.tfvars:", "not valid HCL"),
        ({"app/main.tf": '\nmodule "m" { source = "../../../m" }'}, "app/main.tf:2:1", "leaves the repository"),
        ({"app/main.tf": 'module "m" { source = "../m" }'}, "app/main.tf:1:1", "no Terraform code in m"),
        ({"app/main.tf": 'locals { a = file("/etc/passwd") }'}, "app/main.tf:1:14", "leaves the repository"),
        ({"app/readme.md": ""}, "app", "no Terraform code"),
        ({"app/main.tf": 'x = "é"\nresource "a" "b" {\n y = "\udcff"\n}'}, "app/main.tf:3:7", "not UTF-8"),
    ],
)
def test_what_cannot_work_names_the_place(files: dict[str, str], where: str, what: str) -> None:
    """Every mistake names its file, and line and column where there is one."""
    with pytest.raises(Invalid) as caught:
        closure(files)
    assert str(caught.value).startswith(where)
    assert what in caught.value.message


def test_a_missing_variable_file_names_the_setting() -> None:
    """The message says which entry of trueup.yaml asks for which file."""
    with pytest.raises(Invalid, match=r"varFiles names prod\.tfvars, which does not exist in app"):
        closure({"app/main.tf": ""}, spec=TerraformSpec.model_validate({"varFiles": ["prod.tfvars"]}))


def test_links_inside_are_followed_and_links_outside_are_refused() -> None:
    """A link belongs to the closure together with what it points at; one that leaves the tree is an error."""
    inside = LinkedTree(
        tree(
            **{
                "app/main.tf": "",
                "app/net": "../modules/net",
                "app/b.tf": 'module "n" { source = "./net" }',
                "modules/net/m.tf": "",
            }
        ),
        frozenset({"app/net"}),
    )
    assert set(read_root(Layout(inside), "app", SPEC).files) == {
        "app/main.tf",
        "app/b.tf",
        "app/net",
        "modules/net/m.tf",
    }
    for target in ("/etc/passwd", "../../x", "main.tf"):
        outside = LinkedTree(tree(**{"app/main.tf": target}), frozenset({"app/main.tf"}))
        with pytest.raises(Invalid, match="link"):
            read_root(Layout(outside), "app", SPEC)


def test_what_acts_during_a_plan_is_named() -> None:
    """Programs that run during a plan or act unseen in an apply, and unpinned providers, are findings with a place."""
    files = {
        "app/main.tf": (
            'data "external" "e" {\n program = ["x"] }\n'
            'resource "aws_vpc" "v" {\n  provisioner "local-exec" { command = "x" } }\n'
        )
    }
    found = findings(read_root(Layout(tree(**files)), "app", SPEC))
    assert [each.code for each in found] == ["external-data", "local-exec", "no-lock-file"]
    assert str(found[0].place) == "app/main.tf:1:1"
    assert not any(each.stops for each in found)


def test_a_state_in_git_stops_everything() -> None:
    """It would not be used, and everything would be created twice; with a backend it is only a leftover."""
    files = {"app/main.tf": 'resource "terraform_data" "a" {}', "app/terraform.tfstate": "{}"}
    (found,) = findings(read_root(Layout(tree(**files)), "app", SPEC))
    assert found.code == "state-in-git" and found.stops and found.hint
    files["app/main.tf"] += '\nterraform {\n  backend "s3" {}\n}\n'
    assert not findings(read_root(Layout(tree(**files)), "app", SPEC))
