"""Codifying made short for tests: HCL, what is settled and what is real go in, the new HCL comes out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.stages.made import NOW, baseline, plan
from trueup.drivers.terraform.codify import codify
from trueup.drivers.terraform.spec import TerraformSpec, TofuSpec
from trueup.model.plan import Address, Plan, Resource
from trueup.model.shape import Kind, Shape
from trueup.model.stack import StackId
from trueup.model.values import JSON
from trueup.ports.driver import Codification, Job
from trueup.ports.tree import StoredTree
from trueup.stages.attribute import attribute
from trueup.stages.detect import detect

RULE = Shape(
    Kind.OBJECT,
    optional=False,
    children={
        "description": Shape(),
        "from_port": Shape(),
        "to_port": Shape(),
        "protocol": Shape(),
        "cidr_blocks": Shape(Kind.LIST, element=Shape()),
        "security_groups": Shape(Kind.SET, element=Shape()),
        "self": Shape(),
    },
)
SHAPES = {
    "aws_security_group": Shape(
        Kind.OBJECT,
        children={
            "id": Shape(computed=True, optional=False),
            "name": Shape(computed_default=True),
            "description": Shape(),
            "ingress": Shape(Kind.SET, computed_default=True, element=RULE),
            "tags": Shape(Kind.MAP, element=Shape()),
            "tags_all": Shape(Kind.MAP, ignored=True),
            "names": Shape(Kind.SET, element=Shape()),
            "zones": Shape(Kind.LIST, element=Shape()),
            "size": Shape(),
            "enabled": Shape(),
            "policy": Shape(),
            "password": Shape(sensitive=True),
            "versioning": Shape(
                Kind.LIST, element=Shape(Kind.OBJECT, optional=False, children={"enabled": Shape(), "mfa": Shape()})
            ),
        },
    )
}
G = "aws_security_group.web"


def rule(port: int, *cidrs: str, description: str = "") -> dict[str, JSON]:
    return {
        "description": description,
        "from_port": port,
        "to_port": port,
        "protocol": "tcp",
        "cidr_blocks": list(cidrs or ("10.0.0.0/8",)),
        "security_groups": [],
        "self": False,
    }


def codified(
    files: Mapping[str, str],
    settled: Mapping[str, JSON],
    real: Mapping[str, JSON],
    *,
    desired: Mapping[str, JSON] | None = None,
    unset: frozenset[str] = frozenset(),
    only: frozenset[str] = frozenset(),
    **job: Any,
) -> tuple[dict[str, str], Codification]:
    """The files after codifying every drift (or those of `only`), and what the codifier said."""
    wanted = settled if desired is None else desired
    made = _plan(real, wanted, unset)
    before = baseline(settled, kind="aws_security_group")
    found = detect(attribute(made, before), (), before, NOW, None, iter("abcdefghij").__next__).opened
    drifts = [drift for drift in found if not only or drift.address in only]
    inline = job.pop("inline", False)
    codification = codify(_job(files, **job), drifts, made, inline=inline)
    texts = {path: content.decode() for path, content in codification.edits.items() if content is not None}
    return {**files, **texts}, codification


def _plan(real: Mapping[str, JSON], desired: Mapping[str, JSON], unset: frozenset[str]) -> Plan:

    moved = {
        address: desired.get(address) for address in {*real, *desired} if real.get(address) != desired.get(address)
    }
    made = plan(real, moved, kind="aws_security_group")
    names = frozenset(SHAPES["aws_security_group"].children) - unset
    live = {Address(address): Resource("aws_security_group", values) for address, values in real.items()}
    return Plan(made.purpose, made.basis, made.changes, live, SHAPES, {Address(address): names for address in desired})


def _job(files: Mapping[str, str], path: str = "live", **settings: Any) -> Job[TerraformSpec]:
    spec = TofuSpec if settings.pop("tofu", False) else TerraformSpec
    return Job(
        stack=StackId("stk-1"),
        name="live",
        purpose="check",
        spec=spec(**settings.pop("spec", {})),
        path=path,
        tree=StoredTree("r", {name: text.encode() for name, text in files.items()}),
        directory=Path("unused"),
        environment=settings.pop("environment", {}),
        hash_secret=str,
        redact=str,
        log=print,
        **settings,
    )
