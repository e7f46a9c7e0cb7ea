"""A small stack on the emulated AWS, with its state in S3, as the code of one root module."""

from tests.terraform.jobs import tree
from trueup.demo.cloud import REGION, Cloud
from trueup.demo.providers import lock_file
from trueup.ports.tree import StoredTree

PROVIDER = f"""
provider "aws" {{
  region                      = "{REGION}"
  s3_force_path_style         = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
  endpoints {{
    ec2     = var.endpoint
    iam     = var.endpoint
    route53 = var.endpoint
    s3      = var.endpoint
    sqs     = var.endpoint
    sts     = var.endpoint
  }}
}}

variable "endpoint" {{
  type = string
}}
"""


def backend(bucket: str, key: str = "app.tfstate") -> str:
    return f"""
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "3.39.0"
    }}
  }}
  backend "s3" {{
    bucket                      = "{bucket}"
    key                         = "{key}"
    region                      = "{REGION}"
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }}
}}
"""


def group(name: str, *ports: int, owner: str = "core") -> str:
    """A security group with an ingress block for each port."""
    rules = "".join(
        f'  ingress {{\n    protocol = "tcp"\n    from_port = {port}\n    to_port = {port}\n'
        f'    cidr_blocks = ["10.0.0.0/8"]\n  }}\n'
        for port in ports
    )
    return (
        f'resource "aws_security_group" "web" {{\n  name = "{name}"\n  description = "web"\n'
        f'{rules}  tags = {{\n    Owner = "{owner}"\n  }}\n}}\n'
    )


def stack(bucket: str, code: str, revision: str = "r1") -> StoredTree:
    return tree(
        {
            "app/main.tf": code,
            "app/backend.tf": backend(bucket),
            "app/provider.tf": PROVIDER,
            "app/.terraform.lock.hcl": lock_file(),
        },
        revision,
    )


def make_bucket(cloud: Cloud, name: str) -> str:
    cloud.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def rule(port: int) -> list[dict[str, object]]:
    """IpPermissions for one port, as boto3 takes them."""
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
