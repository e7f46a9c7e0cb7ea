"""Coverage: which resources of a plan are watched for children that no plan sees, which are not, and why. Pure."""

from collections.abc import Iterator, Sequence

from trueup.drivers.terraform.children import Watch
from trueup.drivers.terraform.children_table import MANAGING, TABLE
from trueup.model.address import Address, watch
from trueup.model.plan import OUTPUT, Plan
from trueup.ports.driver import Covered

NO_RULE = "no rule says which parts of it could be resources of their own"
A_PART = "it is itself a part of another resource"


def coverage(plan: Plan) -> Sequence[Covered]:
    """A kind without a line in the table counts as not watched, whether or not it could have children: nobody knows."""
    by_kind: dict[str, list[Address]] = {}
    for address, each in plan.real.items():
        if each.kind != OUTPUT:
            by_kind.setdefault(each.kind, []).append(address)
    return [row for kind in sorted(by_kind) for row in _rows(plan, kind, by_kind[kind])]


def _rows(plan: Plan, kind: str, addresses: Sequence[Address]) -> Iterator[Covered]:
    rules = [each for each in TABLE if each.parent == kind]
    if not rules:
        yield Covered(kind, len(addresses), why=A_PART if kind in MANAGING else NO_RULE)
    for rule in rules:
        seen = [address for address in addresses if _is_seen(plan, rule, address)]
        why = "" if len(seen) == len(addresses) else _why(plan, rule)
        yield Covered(kind, len(addresses), rule.kind, len(seen), why)


def _is_seen(plan: Plan, rule: Watch, address: Address) -> bool:
    inline = bool(rule.inlines) and rule.inlines <= plan.sets.get(address, frozenset())
    return inline or watch(address, rule.kind) in plan.watched


def _why(plan: Plan, rule: Watch) -> str:
    """As the inventory said it when it looked."""
    said = (each.message for each in plan.findings if each.code == "children-unseen")
    found = next((each for each in said if each.startswith(f"{rule.kind} of ")), "")
    return found.rpartition("looked at: ")[2] or "nobody looked"
