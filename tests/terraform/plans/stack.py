"""The stack of the recorded plans: its code as it was settled, as the branch has it now, and as somebody else applied
it; and what was done by hand. One resource for each shape of difference."""

from tests.terraform.corpus_changes import Hand, may, ports

_PRELUDE = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "3.39.0"
    }
  }
}

variable "endpoint" {}

variable "token" {
  sensitive = true
  default   = "settled-token"
}

provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
  s3_force_path_style         = true

  endpoints {
    ec2 = var.endpoint
    iam = var.endpoint
    s3  = var.endpoint
    ssm = var.endpoint
    sts = var.endpoint
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.20.0.0/16"
}
"""


def _group(name: str, inside: str, *, address: str = "") -> str:
    return f"""
resource "aws_security_group" "{address or name}" {{
  name        = "plans-{name}"
  description = "plans"
  vpc_id      = aws_vpc.main.id
{inside}}}
"""


def _rule(port: int, network: str = "10.0.0.0/8") -> str:
    return f"""
  ingress {{
    from_port   = {port}
    to_port     = {port}
    protocol    = "tcp"
    cidr_blocks = ["{network}"]
  }}
"""


def _policy(name: str, *actions: str) -> str:
    listed = ", ".join(f'"{action}"' for action in actions)
    return f"""
resource "aws_iam_policy" "{name}" {{
  name = "plans-{name}"
  policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Allow", Action = [{listed}], Resource = "*" }}]
  }})
}}
"""


_ROLE = """
resource "aws_iam_role" "defaults" {
  name               = "plans-defaults"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role" "deleted" {
  name               = "plans-deleted"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
"""
_SAME = (
    _PRELUDE
    + _ROLE
    + _group("ruled", _rule(443))
    + _group("ghost", '  tags = { Owner = "core", Stage = "test" }\n')
    + _group("apart", "")
    + """
resource "aws_security_group_rule" "apart" {
  security_group_id = aws_security_group.apart.id
  type              = "ingress"
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8"]
}

resource "aws_ssm_parameter" "secret" {
  name  = "plans-secret"
  type  = "SecureString"
  value = "settled-value"
}
"""
    + _group("secret_tag", '  tags = { Token = var.token, Team = "core" }\n')
    + _group("ignoring", '  tags = { Name = "a" }\n\n  lifecycle {\n    ignore_changes = [tags]\n  }\n')
    + _group("counted", '  count = 2\n  tags  = { Name = "a" }\n').replace(
        'counted"\n  desc', 'counted-${count.index}"\n  desc'
    )
    + _policy("granted", "s3:GetObject")
)


def _each(*names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"""
resource "aws_security_group" "each" {{
  for_each    = toset([{listed}])
  name        = "plans-each-${{each.key}}"
  description = "plans"
  vpc_id      = aws_vpc.main.id
  tags        = {{ Name = each.key }}
}}
"""


SETTLED = (
    _SAME
    + _each("kept", "dropped", "killed")
    + _group("intended", '  tags = { Owner = "core", Gone = "x" }\n' + _rule(443))
    + _group("conflict", '  tags = { Owner = "core" }\n' + _rule(443))
    + _group("moved", '  tags = { Owner = "core" }\n', address="old_name")
    + _group("depends", '  tags = { Name = "depends", Of = "nothing" }\n')
    + _group("waiting", '  tags = { Of = "nothing" }\n')
    + _policy("both", "s3:GetObject")
    + """
resource "terraform_data" "typeless" {
  input = { flag = false, number = 0, text = "0", none = null }
}
"""
)


def head(ghost_owner: str = "core") -> str:
    return (
        _SAME.replace('Owner = "core", Stage', f'Owner = "{ghost_owner}", Stage')
        + _each("kept", "killed", "added")
        + _group("intended", '  tags = { Owner = "platform", New = "y" }\n' + _rule(443) + _rule(8443))
        + _group("conflict", '  tags = { Owner = "platform" }\n' + _rule(443, "10.2.0.0/16"))
        + """
moved {
  from = aws_security_group.old_name
  to   = aws_security_group.new_name
}
"""
        + _group("moved", '  tags = { Owner = "core" }\n', address="new_name")
        + _group("new", "")
        + _group("depends", '  tags = { Name = "depends", Of = aws_security_group.new.id }\n')
        + _group("waiting", "  tags = { Of = aws_security_group.new.id }\n")
        + _policy("both", "s3:GetObject", "s3:ListBucket")
        + """
resource "terraform_data" "typeless" {
  input = { flag = 0, number = false, text = 0, none = null }
}
"""
    )


HEAD = head()
FOREIGN = head(ghost_owner="stranger")
"""What somebody applies from a laptop: the branch's code, and one tag of their own."""


def by_hand(hand: Hand) -> None:
    group = "aws_security_group"
    hand.allow(f"{group}.ruled", ports(8443, "0.0.0.0/0"))
    hand.tag(f"{group}.ghost", Stage="prod", Extra="1")
    hand.allow(f"{group}.apart", ports(9000, "0.0.0.0/0"))
    hand.tag(f"{group}.conflict", Owner="anna")
    hand.forbid(f"{group}.conflict", ports(443, "10.0.0.0/8"))
    hand.allow(f"{group}.conflict", ports(443, "10.3.0.0/16"))
    hand.tag(f"{group}.old_name", Owner="anna")
    hand.tag(f"{group}.depends", Of="something")
    hand.tag(f"{group}.secret_tag", Token="handmade-token", Team="hand")
    hand.tag(f"{group}.ignoring", Name="b")
    hand.tag(f"{group}.counted[1]", Name="b")
    hand.tag(f'{group}.each["dropped"]', Name="c")
    hand.delete_group(f'{group}.each["killed"]')
    hand.policy("aws_iam_policy.granted", may("s3:GetObject", "s3:PutObject"))
    hand.policy("aws_iam_policy.both", may("s3:GetObject", "s3:PutObject"))
    iam = hand.client("iam")
    iam.update_role(RoleName="plans-defaults", MaxSessionDuration=7200)
    iam.delete_role(RoleName="plans-deleted")
    hand.client("ssm").put_parameter(Name="plans-secret", Value="handmade-value", Type="SecureString", Overwrite=True)
