"""The cloud as its web console shows it, and what an engineer changes there by hand."""

from typing import Any

from trueup.demo.cloud import Cloud

WEB, INTERNAL = "checkout-web", "internal"
"""The two security groups of an environment: one with rules inside, one with rules of their own."""


def open_port(cloud: Cloud, environment: str, port: int, why: str, name: str = WEB) -> None:
    """The engineer opens a port of a group, the checkout's unless another is named, to the company's network."""
    cloud.client("ec2", cloud.console).authorize_security_group_ingress(
        GroupId=group(cloud, environment, name)["GroupId"],
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": why}],
            }
        ],
    )


def close_port(cloud: Cloud, environment: str, port: int) -> None:
    """And closes it again."""
    found = group(cloud, environment, WEB)
    rules = [rule for rule in found["IpPermissions"] if rule.get("FromPort") == port]
    ec2 = cloud.client("ec2", cloud.console)
    ec2.revoke_security_group_ingress(GroupId=found["GroupId"], IpPermissions=rules)


def retag(cloud: Cloud, environment: str, name: str, key: str, value: str) -> None:
    """The engineer changes a tag of a security group."""
    ec2 = cloud.client("ec2", cloud.console)
    ec2.create_tags(Resources=[group(cloud, environment, name)["GroupId"]], Tags=[{"Key": key, "Value": value}])


def ports(cloud: Cloud, environment: str, name: str = WEB) -> set[int]:
    """What is really open on a group, the checkout's unless another is named."""
    return {rule["FromPort"] for rule in group(cloud, environment, name)["IpPermissions"]}


def sources(cloud: Cloud, environment: str, port: int) -> set[str]:
    """From where that port of the checkout can be reached, as CIDR blocks."""
    rules = group(cloud, environment, WEB)["IpPermissions"]
    return {block["CidrIp"] for rule in rules if rule["FromPort"] == port for block in rule["IpRanges"]}


def tags(cloud: Cloud, environment: str, name: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in group(cloud, environment, name).get("Tags", [])}


def group(cloud: Cloud, environment: str, name: str) -> dict[str, Any]:
    """As EC2 describes it. Asked as the administrator, so that looking is nobody's act in the story."""
    mark = {"Key": "Environment", "Value": environment}
    found: list[dict[str, Any]] = cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    return next(each for each in found if each["GroupName"] == name and mark in each.get("Tags", []))
