"""Plans and baselines made of plain values, for tests of the stages."""

from collections.abc import Mapping
from datetime import UTC, datetime

from trueup.model.baseline import Baseline, Tolerance
from trueup.model.closure import Closure
from trueup.model.plan import Action, Address, Basis, LiveIdentity, Plan, PlannedChange, Resource
from trueup.model.shape import Kind, Shape
from trueup.model.stack import StackId
from trueup.model.values import JSON, Digest

NOW = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
BASIS = Basis(
    "c0ffee", Closure({"main.tf": "sha256:1"}), Digest("sha256:2"), LiveIdentity({"serial": "1"}), "terraform"
)
RULE = Shape(
    Kind.OBJECT,
    children={
        "from_port": Shape(optional=True),
        "cidr_blocks": Shape(Kind.LIST, element=Shape()),
        "description": Shape(),
        "id": Shape(computed=True, optional=False),
    },
)
GROUP = Shape(
    Kind.OBJECT,
    children={
        "id": Shape(computed=True, optional=False),
        "name": Shape(optional=False),
        "description": Shape(),
        "enabled": Shape(),
        "strict": Shape(optional=False),
        "size": Shape(computed_default=True),
        "tags": Shape(Kind.MAP, element=Shape()),
        "tags_all": Shape(Kind.MAP, ignored=True, element=Shape()),
        "ingress": Shape(Kind.SET, computed_default=True, element=RULE),
        "names": Shape(Kind.SET, element=Shape()),
        "list": Shape(Kind.LIST, element=Shape()),
        "policy": Shape(),
        "secret": Shape(sensitive=True),
    },
)
SHAPES = {"group": GROUP}
A = Address("group.a")


def rule(port: int, *cidrs: str, description: str = "", id: JSON = None) -> JSON:
    return {"from_port": port, "cidr_blocks": list(cidrs or ("10.0.0.0/8",)), "description": description, "id": id}


def plan(
    real: Mapping[str, JSON],
    desired: Mapping[str, JSON] | None = None,
    *,
    sets: Mapping[str, frozenset[str]] | None = None,
    stored: Mapping[str, JSON] | None = None,
    kind: str = "group",
) -> Plan:
    """R and D by address. An address that is missing from `desired` is left alone; None there deletes it."""
    changes = [_change(Address(address), kind, real.get(address), after) for address, after in (desired or {}).items()]
    return Plan(
        purpose="check",
        basis=BASIS,
        changes=tuple(sorted(changes, key=lambda change: change.address)),
        real=_resources(real, kind),
        shapes=SHAPES,
        sets={Address(address): names for address, names in (sets or {}).items()},
        stored=None if stored is None else _resources(stored, kind),
    )


def baseline(settled: Mapping[str, JSON], *, tolerances: tuple[Tolerance, ...] = (), kind: str = "group") -> Baseline:
    return Baseline(StackId("stk-1"), 3, BASIS, _resources(settled, kind), NOW, "run:1", tolerances=tolerances)


def _resources(values: Mapping[str, JSON], kind: str) -> dict[Address, Resource]:
    return {
        Address(address): Resource("output" if address.startswith("output.") else kind, each)
        for address, each in values.items()
    }


def _change(address: Address, kind: str, before: JSON, after: JSON) -> PlannedChange:
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    return PlannedChange(address, "output" if address.startswith("output.") else kind, action, before, after)
