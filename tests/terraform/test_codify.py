"""Codified HCL, byte for byte: every shape that people write, and every refusal with its reason."""

import json
from typing import Any

import pytest

from tests.terraform.codifying import G, codified, rule

GROUP = """\
resource "aws_security_group" "web" {{
{body}
}}
"""


def one(body: str, before: dict[str, Any], after: dict[str, Any], **more: Any) -> str:
    """The body of one resource after codifying; it must have been codified."""
    files, said = codified({"live/main.tf": GROUP.format(body=body)}, {G: before}, {G: after}, **more)
    assert said.declined == (), said.declined
    assert said.done == (G,)
    text = files["live/main.tf"]
    return text.removeprefix('resource "aws_security_group" "web" {\n').removesuffix("\n}\n")


def refused(body: str, before: dict[str, Any], after: dict[str, Any] | None, **more: Any) -> str:
    """Why one resource was declined; nothing may have been edited."""
    real = {} if after is None else {G: after}
    _, said = codified({"live/main.tf": GROUP.format(body=body)}, {G: before}, real, **more)
    assert said.done == () and said.edits == {}
    return said.declined[0].reason


INGRESS = """\
  name = "web"   # the front

  # HTTPS from everywhere
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"] # all of us
  }

  tags = { Owner = "web" }"""


def test_a_rule_added_by_hand_becomes_a_block() -> None:
    """It stands behind its siblings, written as they are; everything else keeps its bytes."""
    after = one(
        INGRESS, {"ingress": [rule(443)]}, {"ingress": [rule(443), rule(8443, "0.0.0.0/0", description="debug")]}
    )
    assert after == INGRESS.replace(
        "# all of us\n  }\n",
        """# all of us
  }

  ingress {
    description = "debug"
    from_port   = 8443
    to_port     = 8443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
""",
    )


def test_a_rule_removed_by_hand_takes_its_block_and_comment_along() -> None:
    """The comment above told about that block only."""
    assert one(INGRESS, {"ingress": [rule(443)]}, {"ingress": []}) == (
        '  name = "web"   # the front\n\n  tags = { Owner = "web" }'
    )


def test_a_rule_changed_by_hand_is_edited_in_place() -> None:
    """Only the bytes of the changed values change."""
    changed = rule(443, "10.1.0.0/16", "10.2.0.0/16")
    assert one(INGRESS, {"ingress": [rule(443)]}, {"ingress": [changed]}) == INGRESS.replace(
        '["10.0.0.0/8"]', '["10.1.0.0/16", "10.2.0.0/16"]'
    )


def test_the_right_one_of_several_rules_is_found() -> None:
    """Blocks are told apart by what their literals say."""
    body = "\n\n".join(
        f'  ingress {{\n    from_port   = {port}\n    to_port     = {port}\n    protocol    = "tcp"\n'
        f'    cidr_blocks = ["10.0.0.0/8"]\n  }}'
        for port in (22, 80, 443)
    )
    before = {"ingress": [rule(80), rule(22), rule(443)]}
    assert one(body, before, {"ingress": [rule(22), rule(443)]}).count("= 80") == 0
    moved = one(body, before, {"ingress": [rule(22), rule(443), rule(8080)]})
    assert moved == body.replace("= 80", "= 8080")


@pytest.mark.parametrize(
    ("body", "before", "after", "expected"),
    [
        ("  size = 1 # one", {"size": 1}, {"size": 2}, "  size = 2 # one"),
        ("  enabled = true", {"enabled": True}, {"enabled": False}, "  enabled = false"),
        ('  size = "1"', {"size": 1}, {"size": 2}, "  size = 2"),
        (
            '  description = "a"',
            {"description": "a"},
            {"description": 'say "${x}"\n'},
            r'  description = "say \"$${x}\"\n"',
        ),
        (
            '  name   = "w"\n  size   = 3',
            {"description": None},
            {"description": "x"},
            '  name   = "w"\n  size   = 3\n  description = "x"',
        ),
        ('  name        = "w" # w', {"size": None}, {"size": 3}, '  name        = "w" # w\n  size        = 3'),
        ('  name = "w"\n  size = 3', {"size": 3}, {"size": None}, '  name = "w"'),
    ],
)
def test_scalars(body: str, before: Any, after: Any, expected: str) -> None:
    """Changed in place, added in line with the others, taken away with their line."""
    assert one(body, before, after) == expected


def tags(**values: str) -> dict[str, Any]:
    return {"name": "w", "tags": values}


NAME = '  name = "w"'


@pytest.mark.parametrize(
    ("body", "before", "after", "expected"),
    [
        (NAME, {}, {"Owner": "anna"}, f'{NAME}\n\n  tags = {{\n    Owner = "anna"\n  }}'),
        ('  tags = { A = "1" }', {"A": "1"}, {"A": "1", "B": "2"}, '  tags = { A = "1", B = "2" }'),
        ('  tags = { A = "1", B = "2" }', {"A": "1", "B": "2"}, {"B": "2"}, '  tags = { B = "2" }'),
        ('  tags = { A = "1", B = "2" }', {"A": "1", "B": "2"}, {"A": "1"}, '  tags = { A = "1" }'),
        ("  tags = {}", {}, {"B": "2"}, '  tags = { B = "2" }'),
        (
            '  tags = {\n    Name  = "a" # n\n    Owner = "b"\n  }',
            {"Name": "a", "Owner": "b"},
            {"Name": "a", "Owner": "c", "X": "y"},
            '  tags = {\n    Name  = "a" # n\n    Owner = "c"\n    X     = "y"\n  }',
        ),
        (
            '  tags = {\n    "Name": "a",\n    "Owner": "b"\n  }',
            {"Name": "a", "Owner": "b"},
            {"Name": "a", "Owner": "b", "cost center": "7"},
            '  tags = {\n    "Name": "a",\n    "Owner": "b",\n    "cost center": "7"\n  }',
        ),
        (
            '  tags = {\n    Name = "a"\n\n    # who\n    Owner = "b"\n  }',
            {"Name": "a", "Owner": "b"},
            {"Name": "a"},
            '  tags = {\n    Name = "a"\n  }',
        ),
        (
            '  tags = {\n    # both\n    Name = "a"\n    Owner = "b"\n  }',
            {"Name": "a", "Owner": "b"},
            {"Owner": "b"},
            '  tags = {\n    # both\n    Owner = "b"\n  }',
        ),
        (f'{NAME}\n  tags = {{\n    Name = "a"\n  }}', {"Name": "a"}, {}, NAME),
        ('  tags = { A = "1" }', {"A": "1"}, {"A": "1", "Marker": ""}, '  tags = { A = "1", Marker = "" }'),
        (
            '  tags = merge(local.tags, { A = "1" })',
            {"Own": "x", "A": "1"},
            {"Own": "y", "A": "2", "B": "3"},
            '  tags = merge(local.tags, { A = "2", Own = "y", B = "3" })',
        ),
        (
            "  tags = merge(local.tags, var.tags)",
            {"Own": "x"},
            {"Own": "x", "B": "3"},
            '  tags = merge(local.tags, var.tags, { B = "3" })',
        ),
    ],
)
def test_tags_in_every_shape(body: str, before: Any, after: Any, expected: str) -> None:
    """None yet, one line, several lines, quoted keys, merge(), all removed."""
    assert one(body, tags(**before), tags(**after)) == expected


@pytest.mark.parametrize(
    ("text", "before", "after", "expected"),
    [
        ('["a", "b"]', ["a", "b"], ["a", "b", "c"], '["a", "b", "c"]'),
        ('["b", "a"]', ["a", "b"], ["b"], '["b"]'),
        ('["a", "b"]', ["a", "b"], ["a"], '["a"]'),
        ("[]", [], ["a"], '["a"]'),
        ('[\n    "a", # one\n    "b"\n  ]', ["a", "b"], ["a", "b", "c"], '[\n    "a", # one\n    "b",\n    "c"\n  ]'),
        ('[\n    "a",\n    "b",\n  ]', ["a", "b"], ["a", "b", "c"], '[\n    "a",\n    "b",\n    "c",\n  ]'),
        ('[\n    "a",\n    "b"\n  ]', ["a", "b"], ["a"], '[\n    "a"\n  ]'),
        ('[\n    "a"\n  ]', ["a"], ["a", "b"], '[\n    "a",\n    "b"\n  ]'),
        ('toset(["a", var.x])', ["a", "z"], ["a", "b", "z"], 'toset(["a", var.x, "b"])'),
        ('concat(var.x, ["a"])', ["a", "z"], ["z"], "concat(var.x, [])"),
    ],
)
def test_lists_and_sets(text: str, before: list[str], after: list[str], expected: str) -> None:
    """Elements come and go in the author's layout."""
    assert one(f"  names = {text}", {"names": before}, {"names": after}) == f"  names = {expected}"


def test_lists_keep_their_order() -> None:
    """In a list an element inserted in the middle stands in the middle."""
    assert one('  zones = ["a", "c"]', {"zones": ["a", "c"]}, {"zones": ["a", "b", "c"]}) == '  zones = ["a", "b", "c"]'


def test_a_nested_block_is_edited_and_added() -> None:
    """Versioning switched by hand: the attribute of the block, or a block where there was none."""
    body = "  versioning {\n    enabled = true\n  }"
    assert one(body, {"versioning": [{"enabled": True}]}, {"versioning": [{"enabled": False}]}) == body.replace(
        "true", "false"
    )
    assert one(NAME, {"versioning": []}, {"versioning": [{"enabled": True, "mfa": False}]}) == f"{NAME}\n\n{body}"


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:Get", "s3:Put"], "Principal": {"AWS": "a"}, "Resource": "*"}],
}
JSONENCODE = """\
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["s3:Get", "s3:Put"] # both
      Principal = { AWS = "a" }
      Resource  = "*"
    }]
  })"""
HEREDOC = """\
  policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": ["s3:Get", "s3:Put"],
          "Principal": {"AWS": "a"},
          "Resource": "*"
        }
      ]
    }
  EOF"""


def policy(**changes: Any) -> dict[str, Any]:
    return {"policy": json.dumps({**POLICY, "Statement": [{**POLICY["Statement"][0], **changes}]})}  # type: ignore[dict-item]


@pytest.mark.parametrize("body", [JSONENCODE, HEREDOC], ids=["jsonencode", "heredoc"])
def test_policies_are_edited_inside(body: str) -> None:
    """An action added, an action removed, a principal changed: single values in the document change."""
    added = one(body, policy(), policy(Action=["s3:Get", "s3:Put", "s3:Del"]))
    assert added == body.replace('"s3:Put"]', '"s3:Put", "s3:Del"]')
    removed = one(body, policy(), policy(Action=["s3:Get"]))
    assert removed == body.replace('["s3:Get", "s3:Put"]', '["s3:Get"]')
    principal = one(body, policy(), policy(Principal={"AWS": "b"}))
    assert principal == body.replace('"a"', '"b"')


@pytest.mark.parametrize("body", [JSONENCODE, HEREDOC], ids=["jsonencode", "heredoc"])
def test_a_statement_added_by_hand(body: str) -> None:
    """A whole statement is written in the language around it: HCL or JSON, which still reads back as the policy."""
    grown = {**POLICY, "Statement": [*POLICY["Statement"], {"Effect": "Deny", "Action": "*", "Resource": "x"}]}
    after = one(body, {"policy": json.dumps(POLICY)}, {"policy": json.dumps(grown)})
    assert body.split("Resource")[0] in after
    if "EOF" in body:
        assert json.loads(after.split("<<-EOF")[1].split("EOF")[0]) == grown
    else:
        assert 'Effect   = "Deny"' in after


def test_a_heredoc_keeps_its_margin() -> None:
    """Lines of a text that is no JSON are given back with the author's indentation."""
    body = "  description = <<-EOT\n    one\n    two\n  EOT"
    assert one(body, {"description": "one\ntwo\n"}, {"description": "one\nthree ${x}\n"}) == body.replace(
        "two", "three $${x}"
    )


VARS = {
    "live/main.tf": GROUP.format(body="  size = var.size\n  tags = local.tags"),
    "live/vars.tf": """\
variable "size" {
  type    = number
  default = 1 # small
}

locals {
  tags = {
    Owner = "a"
  }
}
""",
}


def test_variables_and_locals_are_edited_where_they_are_defined() -> None:
    """A default and a local; the note says that others are touched."""
    start = {"size": 1, "tags": {"Owner": "a"}}
    files, said = codified(VARS, {G: start}, {G: {"size": 2, "tags": {"Owner": "b"}}})
    assert files["live/vars.tf"] == VARS["live/vars.tf"].replace("1 # small", "2 # small").replace('"a"', '"b"')
    assert files["live/main.tf"] == VARS["live/main.tf"]
    assert any("var.size" in note for note in said.notes) and any("local.tags" in note for note in said.notes)


def test_inline_writes_literals_instead() -> None:
    """After a failed proof the shared definition stays and the resource says it itself."""
    start = {"size": 1, "tags": {"Owner": "a"}}
    files, _ = codified(VARS, {G: start}, {G: {"size": 2, "tags": {"Owner": "a", "X": "y"}}}, inline=True)
    assert files["live/vars.tf"] == VARS["live/vars.tf"]
    assert files["live/main.tf"] == GROUP.format(body='  size = 2\n  tags = merge(local.tags, { X = "y" })')


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("live/terraform.tfvars", {}),
        ("live/z.auto.tfvars", {}),
        ("live/prod.tfvars", {"spec": {"var_files": ("prod.tfvars",)}}),
        (
            "shared/prod.tfvars",
            {"spec": {"var_files": ("../shared/prod.tfvars",)}, "environment": {"TF_VAR_size": "7"}},
        ),
    ],
)
def test_variable_files_win_over_defaults(path: str, settings: dict[str, Any]) -> None:
    """The file that Terraform takes the value from is the one that is edited."""
    files, said = codified({**VARS, path: "size = 1\n"}, {G: {"size": 1}}, {G: {"size": 2}}, **settings)
    assert said.declined == ()
    assert (files[path], files["live/vars.tf"]) == ("size = 2\n", VARS["live/vars.tf"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"spec": {"vars": {"size": 1}}}, "vars in trueup.yaml"),
        ({"environment": {"TF_VAR_size": "1"}}, "TF_VAR_size"),
        ({"inputs": {"size": 1}}, "another stack's output"),
    ],
)
def test_variables_set_outside_are_refused(settings: dict[str, Any], reason: str) -> None:
    """Where the value is not in the repository, the reason says where it comes from."""
    _, said = codified(VARS, {G: {"size": 1}}, {G: {"size": 2}}, **settings)
    assert reason in said.declined[0].reason


MODULES = {
    "live/main.tf": 'module "app" {\n  source = "../modules/group"\n  size   = 1\n}\n',
    "modules/group/main.tf": 'variable "size" {}\nvariable "text" {\n  default = "t"\n}\n\n'
    + GROUP.format(body='  size        = var.size\n  name        = "n"\n  description = var.text'),
}
M = f"module.app.{G}"


def test_local_modules_are_followed() -> None:
    """An argument is edited at the call, a literal in the module, a default where no argument is given."""
    files, said = codified(
        MODULES, {M: {"size": 1, "name": "n", "description": "t"}}, {M: {"size": 2, "name": "m", "description": "u"}}
    )
    assert said.done == (M,)
    assert files["live/main.tf"] == MODULES["live/main.tf"].replace("= 1", "= 2")
    assert files["modules/group/main.tf"] == MODULES["modules/group/main.tf"].replace('"n"', '"m"').replace(
        '"t"', '"u"'
    )


EACH = """\
locals {
  groups = {
    a = { size = 1 }
    b = { size = 1 }
  }
}

resource "aws_security_group" "web" {
  for_each = local.groups
  size     = each.value.size
  name     = "n"
}
"""
EA, EB = f'{G}["a"]', f'{G}["b"]'


def test_one_instance_of_for_each_is_edited_in_its_map() -> None:
    """What each instance says for itself can be said for one of them."""
    start = {"size": 1, "name": "n"}
    files, _ = codified({"live/main.tf": EACH}, {EA: start, EB: start}, {EA: start, EB: {"size": 2, "name": "n"}})
    assert files["live/main.tf"] == EACH.replace("b = { size = 1 }", "b = { size = 2 }")


def test_a_deleted_instance_leaves_its_map() -> None:
    """Its key goes, the others stay."""
    start = {"size": 1, "name": "n"}
    files, _ = codified({"live/main.tf": EACH}, {EA: start, EB: start}, {EA: start})
    assert files["live/main.tf"] == EACH.replace("    b = { size = 1 }\n", "")


def test_what_all_instances_share_is_edited_only_when_all_drifted_alike() -> None:
    """The same tag on every instance is one edit; on one of them it is refused."""
    start, tagged = {"size": 1, "name": "n"}, {"size": 1, "name": "m"}
    files, said = codified({"live/main.tf": EACH}, {EA: start, EB: start}, {EA: tagged, EB: tagged})
    assert said.done == (EA, EB) and files["live/main.tf"] == EACH.replace('"n"', '"m"')
    _, said = codified({"live/main.tf": EACH}, {EA: start, EB: start}, {EA: tagged, EB: start})
    assert "2 instances" in said.declined[0].reason and said.edits == {}


MANY = {
    "live/main.tf": """\
locals {
  apps = {
    a = { size = 1 }
    b = { size = 1 }
  }
}

module "app" {
  for_each = local.apps
  source   = "../modules/group"
  size     = each.value.size
}
""",
    "modules/group/main.tf": MODULES["modules/group/main.tf"],
}
MA, MB = f'module.app["a"].{G}', f'module.app["b"].{G}'


def test_an_argument_of_one_module_instance_is_edited_in_its_map() -> None:
    """What the call takes from each.value is said for that instance only."""
    start = {"size": 1, "name": "n"}
    files, said = codified(MANY, {MA: start, MB: start}, {MA: start, MB: {"size": 2, "name": "n"}})
    assert said.done == (MB,)
    assert files == {**MANY, "live/main.tf": MANY["live/main.tf"].replace("b = { size = 1 }", "b = { size = 2 }")}


def test_what_a_module_says_for_all_instances_is_edited_when_all_drifted_alike() -> None:
    """A literal in the module: one instance alone is refused, all alike are one edit."""
    start, named = {"size": 1, "name": "n"}, {"size": 1, "name": "m"}
    files, said = codified(MANY, {MA: start, MB: start}, {MA: named, MB: named})
    assert said.done == (MA, MB)
    assert files["modules/group/main.tf"] == MANY["modules/group/main.tf"].replace('"n"', '"m"')
    _, said = codified(MANY, {MA: start, MB: start}, {MA: named, MB: start})
    assert said.edits == {} and "2 instances" in said.declined[0].reason
    assert said.declined[0].reason.startswith("modules/group/main.tf:6:1: ")
    _, said = codified(MANY, {MA: start, MB: start}, {MB: start})
    assert said.edits == {} and "the resource is written once for 2 instances" in said.declined[0].reason


def test_a_counted_module_is_edited_at_its_call_when_all_drifted_alike() -> None:
    """An argument that is the same for every instance."""
    files = {**MODULES, "live/main.tf": MODULES["live/main.tf"].replace("  size", "  count  = 2\n  size")}
    start, grown = {"size": 1}, {"size": 2}
    zero, one_ = f"module.app[0].{G}", f"module.app[1].{G}"
    after, said = codified(files, {zero: start, one_: start}, {zero: grown, one_: grown})
    assert said.done == (zero, one_) and after["live/main.tf"] == files["live/main.tf"].replace("= 1", "= 2")
    _, said = codified(files, {zero: start, one_: start}, {zero: grown, one_: start})
    assert said.edits == {} and "2 instances" in said.declined[0].reason


def test_canonical_columns_stay_canonical() -> None:
    """A longer name moves the neighbours' equals signs, as `terraform fmt` would; where they were not in line, they
    are nobody's business."""
    body = '  name = "w" # w\n  size = 3'
    start, described = {"name": "w", "size": 3}, {"name": "w", "size": 3, "description": "x"}
    assert one(body, start, described) == '  name        = "w" # w\n  size        = 3\n  description = "x"'
    crooked = body.replace("size ", "size   ")
    assert one(crooked, start, described) == f'{crooked}\n  description = "x"'


def test_a_heredoc_with_interpolations_is_edited_beside_them() -> None:
    """What changed by hand is plain JSON; the interpolated parts stay."""
    body = """\
  policy = <<EOF
{
  "Action": ["s3:Get"],
  "Resource": "${aws_s3_bucket.x.arn}/*"
}
EOF"""
    before = {"policy": json.dumps({"Action": ["s3:Get"], "Resource": "arn:x/*"})}
    after = {"policy": json.dumps({"Action": ["s3:Get", "s3:Put"], "Resource": "arn:x/*"})}
    assert one(body, before, after) == body.replace('["s3:Get"]', '["s3:Get", "s3:Put"]')


def test_a_deleted_resource_is_deleted() -> None:
    """Nothing refers to it: its block and its comment go."""
    text = "locals {}\n\n# the front\n" + GROUP.format(body=NAME) + '\nresource "x" "y" {\n}\n'
    files, said = codified({"live/main.tf": text}, {G: {"name": "w"}}, {})
    assert said.done == (G,) and files["live/main.tf"] == 'locals {}\n\nresource "x" "y" {\n}\n'


DYNAMIC = """\
  dynamic "ingress" {
    for_each = var.ports
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }"""


def test_a_static_block_stands_beside_a_dynamic_one() -> None:
    """A rule that the dynamic block does not make becomes a block of its own; one that it makes is refused."""
    after = one(DYNAMIC, {"ingress": [rule(22)]}, {"ingress": [rule(22), rule(8443)]})
    assert after.startswith(DYNAMIC + "\n\n  ingress {\n    from_port   = 8443\n")
    assert "dynamic" in refused(DYNAMIC, {"ingress": [rule(22), rule(23)]}, {"ingress": [rule(22)]})


@pytest.mark.parametrize(
    ("body", "before", "after", "reason"),
    [
        ('  description = "a-${var.b}"', {"description": "a-b"}, {"description": "c"}, "put together"),
        (
            '  policy = <<EOF\n{"a": "${var.x}"}\nEOF',
            {"policy": '{"a": "1"}'},
            {"policy": '{"a": "2"}'},
            "put together",
        ),
        (
            "  policy = <<EOF\na ${var.x}\nEOF",
            {"policy": "a 1\n"},
            {"policy": "a 2\n"},
            "interpolated",
        ),
        ("  size = var.a ? 1 : 2", {"size": 1}, {"size": 3}, "expression"),
        ("  size = var.nowhere", {"size": 1}, {"size": 3}, "where it is set"),
        ("  size = data.x.y.size", {"size": 1}, {"size": 3}, "data.x.y.size"),
        ("  size = max(1, 2)", {"size": 2}, {"size": 3}, "max()"),
        ("  size = 5", {"size": 2}, {"size": 3}, "another value"),
        ('  password = "x"', {"password": {"$secret": "1"}}, {"password": {"$secret": "2"}}, "sensitive"),
        ('  tags = { A = "x" }', {"tags": {"A": {"$secret": "1"}}}, {"tags": {"A": {"$secret": "2"}}}, "sensitive"),
    ],
)
def test_what_is_not_written_as_a_literal_is_refused(body: str, before: Any, after: Any, reason: str) -> None:
    """The reason names the place and what stands there."""
    assert reason in refused(body, before, after)


def test_a_conflict_is_refused() -> None:
    """Code and hand changed the same thing: a person decides."""
    reason = refused("  size = 3", {"size": 1}, {"size": 2}, desired={G: {"size": 3}})
    assert "by hand and in the code" in reason


def test_a_deletion_of_something_referenced_is_refused() -> None:
    """The reason says where it is referred to."""
    reason = refused(NAME + '\n}\n\noutput "id" {\n  value = aws_security_group.web.id', {"name": "w"}, None)
    assert "live/main.tf:6" in reason


def test_ignored_attributes_are_refused() -> None:
    """No plan looks at it, so no edit could be proven."""
    body = "  size = 1\n\n  lifecycle {\n    ignore_changes = [size]\n  }"
    reason = refused(body, {"size": 1}, {"size": 2}, desired={G: {"size": 2}}, unset=frozenset({"size"}))
    assert "ignore_changes" in reason


def test_a_default_left_out_of_the_code_is_written_down() -> None:
    """An optional and computed scalar that changed by hand is set explicitly."""
    after = one(NAME, {"size": 1}, {"size": 2}, desired={G: {"size": 2}}, unset=frozenset({"size"}))
    assert after == f"{NAME}\n  size = 2"


@pytest.mark.parametrize(
    ("files", "address", "reason"),
    [
        (
            {"live/main.tf": 'module "app" {\n  source = "acme/x/aws"\n}\n'},
            M,
            "live/main.tf:1:1: module.app comes from acme/x/aws",
        ),
        (
            {"live/main.tf.json": '{"resource": {\n  "aws_security_group": {"web": {}}\n}}'},
            G,
            "live/main.tf.json:2: the resource is written in JSON syntax",
        ),
        ({"live/a.tf": GROUP.format(body=NAME), "live/a_override.tf": GROUP.format(body=NAME)}, G, "overridden"),
    ],
)
def test_what_no_edit_can_reach_is_refused(files: dict[str, str], address: str, reason: str) -> None:
    """Remote modules, JSON syntax and overrides are for a person, who is told what and where."""
    _, said = codified(files, {address: {"size": 1}}, {address: {"size": 2}})
    assert reason in said.declined[0].reason
    assert said.declined[0].suggestion.endswith("size = 2")


def test_unmanaged_rules_of_a_group_are_not_written_as_blocks() -> None:
    """Where rules are resources of their own, a block would fight with them: a person is shown such a resource."""
    real = {"id": "sg-1", "name": "w", "ingress": [rule(443), rule(22)]}
    files = {"live/main.tf": GROUP.format(body=NAME)}
    before = {"name": "w", "ingress": [rule(443)]}
    _, said = codified(files, {G: before}, {G: real}, desired={G: real}, unset=frozenset({"ingress"}))
    assert "resources of their own" in said.declined[0].reason and said.edits == {}
    assert (
        said.declined[0].suggestion
        == """\
# in resource "aws_security_group" "web"
resource "aws_security_group_rule" "web_ingress_22" {
  from_port         = 22
  to_port           = 22
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8"]
  security_group_id = aws_security_group.web.id
  type              = "ingress"
}

import {
  to = aws_security_group_rule.web_ingress_22
  id = "sg-1_ingress_tcp_22_22_10.0.0.0/8"
}"""
    )


def test_the_codes_own_pending_changes_stay() -> None:
    """Head wants another tag: only the hand-made one is written."""
    body = '  tags = {\n    A = "1"\n    B = "new"\n  }'
    after = one(body, tags(A="1"), tags(A="hand"), desired={G: tags(A="1", B="new")})
    assert after == body.replace('"1"', '"hand"')


def test_windows_line_ends_are_kept() -> None:
    """A file with carriage returns gets lines with carriage returns."""
    text = GROUP.format(body='  tags = {\n    A = "1"\n  }').replace("\n", "\r\n")
    files, _ = codified({"live/main.tf": text}, {G: tags(A="1")}, {G: tags(A="1", B="2")})
    assert files["live/main.tf"] == GROUP.format(body='  tags = {\n    A = "1"\n    B = "2"\n  }').replace("\n", "\r\n")


def test_two_drifts_that_want_different_values_in_one_place_are_not_both_done() -> None:
    """The second is declined, and the first stays."""
    files = {
        "live/main.tf": VARS["live/main.tf"] + GROUP.format(body="  size = var.size").replace("web", "db"),
        "live/vars.tf": VARS["live/vars.tf"],
    }
    other = "aws_security_group.db"
    after, said = codified(files, {G: {"size": 1}, other: {"size": 1}}, {G: {"size": 2}, other: {"size": 3}})
    assert said.done == (other,) and "same place" in said.declined[0].reason
    assert "default = 3" in after["live/vars.tf"]


def test_each_engine_edits_the_files_that_it_reads() -> None:
    """OpenTofu reads a.tofu in place of a.tf, and what has no twin; Terraform reads no .tofu at all."""
    text = GROUP.format(body="  size = 1")
    files = {"live/main.tf": text, "live/main.tofu": text}
    after, said = codified(files, {G: {"size": 1}}, {G: {"size": 2}}, tofu=True)
    assert said.done == (G,) and after == {**files, "live/main.tofu": text.replace("1", "2")}
    after, said = codified(files, {G: {"size": 1}}, {G: {"size": 2}})
    assert said.done == (G,) and after == {**files, "live/main.tf": text.replace("1", "2")}
    alone = {"live/main.tf": text}
    after, said = codified(alone, {G: {"size": 1}}, {G: {"size": 2}}, tofu=True)
    assert after == {"live/main.tf": text.replace("1", "2")}


def test_an_id_that_the_module_has_is_written_by_its_name() -> None:
    """A whole's id by the whole's name, not by its part's; what two strangers share stays a literal, and so does
    everything in the second attempt."""
    bucket, part, stranger = "aws_s3_bucket.data", "aws_s3_bucket_policy.data", "aws_sqs_queue.data"
    files = {"live/main.tf": GROUP.format(body='  description = "x"')}
    before = {G: {"description": "x"}, bucket: {"id": "data-2026-11"}, part: {"id": "data-2026-11"}}
    after = {**before, G: {"description": "data-2026-11"}}
    said = {
        address: codified(files, before, {**after, **more}, inline=inline)[0]["live/main.tf"]
        for address, more, inline in (
            ("whole", {}, False),
            ("strangers", {stranger: {"id": "data-2026-11"}}, False),
            ("inline", {}, True),
        )
    }
    literal = GROUP.format(body='  description = "data-2026-11"')
    assert said["whole"] == GROUP.format(body="  description = aws_s3_bucket.data.id")
    assert said["strangers"] == literal and said["inline"] == literal
