"""Which account and region a resource is asked in: what its provider block says, where that can be told.

Format: `provider_config` of https://developer.hashicorp.com/terraform/internals/json-format
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from trueup.drivers.terraform.configuration import Configuration, without_keys
from trueup.drivers.terraform.workdir import write_private
from trueup.model.address import Address
from trueup.model.values import JSON, Digest

_VARIABLE = re.compile(r"var\.([\w-]+)")


@dataclass(frozen=True)
class Reach:
    """One provider block of AWS, its variables resolved."""

    region: str = ""
    profile: str = ""
    role: str = ""
    """An ARN that the provider assumes."""
    external_id: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    """Services, as the provider calls them, and their addresses."""
    untold: tuple[str, ...] = ()
    """Settings that only an evaluation would tell."""


def reaches_in(document: JSON) -> dict[str, Reach]:
    """By the provider's key in the configuration: `aws`, `aws.west`, `module.net:aws`. The document is that of `show`,
    which has the variables' values."""
    configuration, variables = document.get("configuration", {}), document.get("variables", {})
    values = {name: each.get("value") for name, each in variables.items()}
    return {
        key: _reach(each, {} if each.get("module_address") else values)
        for key, each in configuration.get("provider_config", {}).items()
        if each.get("name") == "aws"
    }


def kept_reaches(file: Path, key: Digest, document: JSON, show: Callable[[], JSON]) -> dict[str, Reach]:
    """The same for a document that `show` did not make and that has no variables: from the file, which is kept for
    these sources and inputs, else by asking `show` once."""
    if "format_version" not in document:
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if known.get("key") == key:
            return {name: _restored(each) for name, each in known["providers"].items()}
        document = show()
    reaches = reaches_in(document)
    content = {"key": key, "providers": {name: asdict(each) for name, each in reaches.items()}}
    write_private(file, json.dumps(content).encode())
    return reaches


def _restored(stored: JSON) -> Reach:
    return Reach(**{**stored, "endpoints": tuple(map(tuple, stored["endpoints"])), "untold": tuple(stored["untold"])})


def reach_of(address: Address, configuration: Configuration, reaches: Mapping[str, Reach]) -> Reach:
    """That of a resource. Without a provider block everything is the environment's."""
    configured = configuration.get(without_keys(address))
    key = str(configured.body.get("provider_config_key", "")) if configured is not None else ""
    return reaches.get(key) or reaches.get(key.rpartition(":")[2]) or Reach()


def region_in(values: Mapping[str, JSON], service: str) -> str:
    """Where an ARN or the resource itself says it; Route 53 and IAM are everywhere."""
    if service in ("iam", "route53"):
        return ""
    parts = str(values.get("arn") or "").split(":")
    return parts[3] if len(parts) > 3 and parts[3] else str(values.get("region") or "")


def _reach(provider: JSON, variables: Mapping[str, JSON]) -> Reach:
    said, untold = provider.get("expressions", {}), list[str]()

    def value(expressions: JSON, name: str) -> str:
        expression = expressions.get(name)
        found = _value(expression, variables)
        if expression and found is None:
            untold.append(name)
        return str(found or "")

    roles, endpoints = _blocks(said, "assume_role"), _blocks(said, "endpoints")
    role = roles[0] if roles else {}
    arn = value(role, "role_arn")
    if arn and not arn.startswith("arn:"):
        untold.append("role_arn")
    return Reach(
        region=value(said, "region"),
        profile=value(said, "profile"),
        role=arn,
        external_id=value(role, "external_id"),
        endpoints=tuple((name, url) for block in endpoints for name in block if (url := value(block, name))),
        untold=tuple(untold),
    )


def _value(expression: JSON, variables: Mapping[str, JSON]) -> JSON:
    """A constant or a variable; None for everything else. A text around a variable looks like the variable alone:
    who uses it must check that it is what it should be."""
    if not isinstance(expression, dict):
        return None
    if "constant_value" in expression:
        return expression["constant_value"]
    names = {found[1] for each in expression.get("references", ()) if (found := _VARIABLE.fullmatch(each))}
    return variables.get(names.pop()) if len(names) == 1 and len(expression["references"]) == 1 else None


def _blocks(said: JSON, name: str) -> list[JSON]:
    found = said.get(name, [])
    return found if isinstance(found, list) else []
