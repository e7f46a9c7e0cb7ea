"""Causes of real plans: what real Terraform and the real provider said, recorded, and the expected cause of every path
(plans/expected.txt). Recorded by `python -m tests.terraform.plans.record`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stages.made import BASIS, NOW
from tests.terraform.jobs import hash_secret
from tests.terraform.plans.stack import HEAD
from trueup.drivers.terraform.configuration import configuration_of, ignored_of, sets_of
from trueup.drivers.terraform.convert import changes_of, secrets_of
from trueup.drivers.terraform.layout import Layout
from trueup.drivers.terraform.masking import Hider
from trueup.drivers.terraform.reading import read_root
from trueup.drivers.terraform.schemas import shape_of
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.baseline import Baseline
from trueup.model.causes import Cause, Difference
from trueup.model.plan import OUTPUT, Address, Plan, Resource
from trueup.model.stack import StackId
from trueup.ports.tree import StoredTree
from trueup.stages.attribute import attribute

PLANS = Path(__file__).parent / "plans"
MOMENTS = ("by_hand", "refreshed", "foreign")


def recorded(name: str) -> Any:
    return json.loads((PLANS / f"{name}.json").read_text())


def plan_of(document: Any) -> Plan:
    """As the session makes it of the same document."""
    root = read_root(Layout(StoredTree("r", {"app/main.tf": HEAD.encode()})), "app", TerraformSpec())
    shapes = {kind: shape_of(block) for kind, block in recorded("schemas").items()}
    changes = changes_of(document, shapes, Hider(hash_secret).learning(secrets_of(document)))
    addresses = {*changes.real, *(change.address for change in changes.planned)}
    configuration = configuration_of(document, root)
    return Plan(
        purpose="check",
        basis=BASIS,
        changes=changes.planned,
        real=changes.real,
        shapes=shapes,
        sets=sets_of(configuration, addresses),
        ignored=ignored_of(configuration, addresses),
        stored=changes.stored,
    )


def settled() -> Baseline:
    found = {Address(at): Resource(each["kind"], each["values"]) for at, each in recorded("baseline").items()}
    return Baseline(StackId("stk-1"), 1, BASIS, found, NOW, "run:1")


def causes(name: str, baseline: Baseline | None) -> dict[str, str]:
    """`ADDRESS PATH` to cause; without what means nothing. An element of a set is named by its port."""
    attributed = attribute(plan_of(recorded(name)), baseline)
    return {
        f"{change.address} {_label(each)}".rstrip(): str(each.cause)
        for change in attributed.changes
        if change.kind != OUTPUT
        for each in change.differences
        if each.cause is not Cause.NOISE
    }


def _label(difference: Difference) -> str:
    element = next((each for each in (difference.settled, difference.real, difference.desired) if each), None)
    if difference.path and isinstance(element, dict) and "from_port" in element:
        return f"{difference.path[0]}[{element['from_port']}]"
    return difference.label


def expected() -> dict[str, tuple[str, ...]]:
    """Columns of expected.txt: `ADDRESS PATH | by hand | refreshed | foreign`; a dash for no difference."""
    lines = [line for line in (PLANS / "expected.txt").read_text().splitlines() if "|" in line]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines[1:]]
    return {row[0]: tuple(row[1:]) for row in rows}


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_path_has_its_cause(moment: str) -> None:
    """Nothing more, nothing less than the table says: also for what nobody touched."""
    column = MOMENTS.index(moment)
    wanted = {path: row[column] for path, row in expected().items() if row[column] != "-"}
    assert causes(moment, settled()) == wanted


def test_a_refresh_hides_nothing() -> None:
    """After it Terraform itself reports no drift at all, and before adoption the ghosts look intended; with what was
    settled every cause is the same as before."""
    assert recorded("by_hand")["resource_drift"] and not recorded("refreshed").get("resource_drift")
    assert {row[0] == row[1] for row in expected().values()} == {True}
    assert "ghost_revert" in causes("by_hand", None).values()
    assert "ghost_revert" not in causes("refreshed", None).values()


def test_terraforms_own_noise_is_no_difference() -> None:
    """Half of what Terraform calls drift is its own: siblings' attributes, computed values, doubles."""
    drifting = {each["address"] for each in recorded("foreign")["resource_drift"]}
    ghosts = {path.split(" ")[0] for path, row in expected().items() if row[2] in ("ghost_revert", "unmanaged")}
    assert drifting - ghosts, "there is noise in the record"


def test_no_secret_is_in_a_difference() -> None:
    """Only their keyed hashes are compared."""
    for moment in MOMENTS:
        attributed = attribute(plan_of(recorded(moment)), settled())
        assert "-token" not in repr(attributed.changes) and "-value" not in repr(attributed.changes)
