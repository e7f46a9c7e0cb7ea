"""HCL read with byte ranges: what literals say, where mistakes are, what a module refers to."""

import pytest

from trueup.drivers.terraform.hcl import parse
from trueup.drivers.terraform.hcl_expressions import DYNAMIC, Form
from trueup.drivers.terraform.module import Module
from trueup.drivers.terraform.splices import Splice, Splices
from trueup.model.errors import Broken, Invalid, Place
from trueup.ports.tree import StoredTree

MAIN = b"""\
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws  = { source = "hashicorp/aws", version = "3.39.0" }
    null = "~> 3.0"
  }
  backend "s3" {
    bucket = "states"
  }
}

module "network" {
  source = "../modules/network"
  count  = 2
}

module "far" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.0.0"
}

resource "aws_iam_policy" "p" {
  policy = templatefile("${path.module}/policies/${var.name}.json", { a = file("notes.txt") })
  user   = "${path.root}/cloud-init.yaml"
}
"""


def value(text: str) -> object:
    return parse("x.tf", f"x = {text}\n".encode()).attributes[0].value.static()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1", 1),
        ("-5", -5),
        ("1.5", 1.5),
        ("(5)", 5),
        ("true", True),
        ("null", None),
        ('""', ""),
        (r'"a\n$${x} %%{y} \"q\" \\ \u00e9"', 'a\n${x} %{y} "q" \\ é'),
        ('{ a = 1, "b" : [1, "x",], }', {"a": 1, "b": [1, "x"]}),
        ("{ (var.z) = 1 }", DYNAMIC),
        ("[1, var.z]", DYNAMIC),
        ('"a${var.b}"', DYNAMIC),
        ("var.a", DYNAMIC),
        ("var.a ? 1 : 2", DYNAMIC),
        ("1 + 2", DYNAMIC),
        ("<<-EOF\n    one\n      two\n\n    $${three}\n  EOF", "one\n  two\n\n${three}\n"),
        ("<<EOF\n  kept\nEOF", "  kept\n"),
        ("<<EOF\n${var.x}\nEOF", DYNAMIC),
    ],
)
def test_literals_say_what_terraform_would_read(text: str, said: object) -> None:
    """A literal's static value is the one that Terraform gives it; what it must compute is DYNAMIC."""
    assert value(text) == said or (said is DYNAMIC and value(text) is DYNAMIC)


@pytest.mark.parametrize(
    ("text", "form", "steps"),
    [
        ("var.a", Form.REFERENCE, ("var", "a")),
        ('local.tags["Owner"]', Form.REFERENCE, ("local", "tags", "Owner")),
        ("each.value.ports[0]", Form.REFERENCE, ("each", "value", "ports", 0)),
        ("var.l[var.i]", Form.REFERENCE, None),
        ("aws_x.y[*].id", Form.REFERENCE, None),
        ("merge(a, b)", Form.CALL, None),
        ("[for x in y : x]", Form.OTHER, None),
    ],
)
def test_references_give_their_steps(text: str, form: Form, steps: tuple[str | int, ...] | None) -> None:
    """A reference is taken apart into steps unless one of them is computed."""
    expression = parse("x.tf", f"x = {text}\n".encode()).attributes[0].value
    assert (expression.form, expression.steps) == (form, steps)


def test_a_mistake_is_named_with_line_and_column() -> None:
    """A file that is no HCL raises Invalid with its place."""
    with pytest.raises(Invalid) as caught:
        parse("a/b.tf", b'x = 1\nresource "a" "b" {\n  y = = 2\n}\n')
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == ("a/b.tf", 3)


@pytest.mark.parametrize("content", [b"", b"# only a comment\n", b"x = 1\r\ny = {\r\n}\r\n", "\ufeffx = 1\n".encode()])
def test_unusual_files_are_read(content: bytes) -> None:
    """Empty files, comments alone, Windows line ends and a byte order mark are all HCL."""
    assert {attribute.name for attribute in parse("x.tf", content).attributes} <= {"x", "y"}


def test_a_module_says_what_it_calls_and_refers_to() -> None:
    """Calls, files and references are found without Terraform; directories below are other modules."""
    files = {
        "env/prod/main.tf": MAIN,
        "env/prod/sub/x.tf": b"",
        "env/prod/a_override.tf": b"",
        "env/prod/x.tf.json": b"",
    }
    module = Module(StoredTree("r", files), "env/prod")
    network, far = module.module_calls
    assert (network.local, network.repeated, network.directory("env/prod")) == (True, True, "env/modules/network")
    assert (far.local, far.source) == (False, "terraform-aws-modules/vpc/aws")
    assert [body.source.path for body in module.bodies] == ["env/prod/main.tf", "env/prod/a_override.tf"]
    assert module.json_files == ("env/prod/x.tf.json",)
    assert ("path", "module") in [expression.steps for expression in module.expressions()]


def test_places_count_characters() -> None:
    """Columns count characters, not bytes, from 1."""
    block = parse("x.tf", "x = { é = 1, y = 2 }\n".encode()).attributes[0].value.entries[1]
    assert block.value.place == Place("x.tf", 1, 18)


def test_splices_leave_other_bytes_alone() -> None:
    """Edits apply from the end, once each, and insertions at one spot follow one another."""
    splices = Splices()
    for splice in (Splice("a", 2, 3, "XX"), Splice("a", 2, 3, "XX"), Splice("a", 5, 5, "1"), Splice("a", 5, 5, "2")):
        splices.add(splice)
    assert splices.applied({"a": b"012345"}.__getitem__) == {"a": b"01XX34125"}


def test_splices_refuse_to_overlap() -> None:
    """Two edits of the same bytes are a bug, never a guess."""
    splices = Splices()
    splices.add(Splice("a", 1, 4, "x"))
    splices.add(Splice("a", 3, 5, "y"))
    with pytest.raises(Broken):
        splices.applied({"a": b"012345"}.__getitem__)
