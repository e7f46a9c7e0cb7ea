"""Documents of `show -json` as our nouns: golden files of what Terraform 1.11.4 wrote, with rarer entries added.

After a deliberate change: `python -m tests.terraform.test_convert` writes the expected files anew; read the difference.
"""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.terraform.jobs import hash_secret
from trueup.drivers.terraform.convert import changes_of, kinds_in, resources_of_state, secrets_of
from trueup.drivers.terraform.diagnostics import Problem, Translator, lock_in, problems_in_text
from trueup.drivers.terraform.engine import Constraint
from trueup.drivers.terraform.masking import Hider, both, is_marked
from trueup.drivers.terraform.schemas import shape_of
from trueup.model.errors import Invalid, Rejected, TrueupError, Unavailable
from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON

GOLDEN = Path(__file__).parent / "golden"
SHAPES = {"x": Shape(kind=Kind.OBJECT, children={"token": Shape(sensitive=True)})}


def load(name: str) -> JSON:
    return json.loads((GOLDEN / name).read_text())


def converted_plan() -> JSON:
    document = load("plan.json")
    hider = Hider(hash_secret).learning(secrets_of(document))
    changes = changes_of(document, SHAPES, hider)
    return json.loads(json.dumps(asdict(changes)))


def converted_state() -> JSON:
    hider = Hider(hash_secret).learning(secrets_of(load("plan.json")))
    found = resources_of_state(load("state.json"), {}, hider)
    return {address: asdict(resource) for address, resource in found.items()}


def test_a_plan_becomes_changes() -> None:
    """Actions, masks, unknowns, drift, imports; data sources and deposed objects are no changes."""
    assert converted_plan() == load("plan.expected.json")
    assert "golden-secret" not in json.dumps(converted_plan())
    assert kinds_in(load("plan.json")) == {("terraform.io/builtin/terraform", "terraform_data"), ("p", "x")}


def test_a_state_becomes_what_is_settled() -> None:
    """The same masks as in a plan, so that S and R can be compared."""
    assert converted_state() == load("state.expected.json")
    assert "golden-secret" not in json.dumps(converted_state())


def test_marks_are_trees() -> None:
    """A nested tree of false marks nothing; what is marked on one side is hidden on both."""
    assert not is_marked({"a": [{"b": False}]}) and is_marked({"a": [False, {"b": True}]})
    assert both({"a": [False, True]}, {"a": [True], "b": True}) == {"a": [True, True], "b": True}
    hider = Hider(hash_secret)
    assert hider.value({"a": None, "b": [1, 2]}, {}, {"a": {"x": False}, "b": [False, True], "c": True}) == {
        "a": None,
        "b": [1, {"$unknown": True}],
        "c": {"$unknown": True},
    }


def test_a_schema_becomes_a_shape() -> None:
    """Attributes, nested blocks and nested types, with what the comparison needs to know of each."""
    shape = shape_of(
        {
            "attributes": {
                "id": {"type": "string", "computed": True},
                "name": {"type": "string", "required": True},
                "size": {"type": "number", "optional": True, "computed": True},
                "tags": {"type": ["map", "string"], "optional": True},
                "tags_all": {"type": ["map", "string"], "optional": True, "computed": True},
                "ingress": {"type": ["set", ["object", {"port": "number"}]], "optional": True, "computed": True},
                "key": {"type": "string", "optional": True, "sensitive": True},
                "any": {"type": "dynamic", "optional": True},
                "new": {
                    "nested_type": {"nesting_mode": "list", "attributes": {"a": {"type": "bool"}}},
                    "optional": True,
                },
            },
            "block_types": {
                "one": {"nesting_mode": "single", "block": {"attributes": {"a": {"type": "string", "computed": True}}}},
                "many": {"nesting_mode": "set", "min_items": 1, "block": {"block_types": {}}},
            },
        }
    )
    children = shape.children
    assert children["id"].computed and not children["size"].computed and children["size"].computed_default
    assert not children["name"].optional and children["key"].sensitive and children["tags_all"].ignored
    assert (children["tags"].kind, children["ingress"].kind) == (Kind.MAP, Kind.SET)
    assert children["ingress"].element is not None and children["ingress"].element.children["port"].kind is Kind.LEAF
    assert children["new"].element is not None and "a" in children["new"].element.children
    assert children["one"].children["a"].computed and children["any"].kind is Kind.OBJECT
    assert children["many"].kind is Kind.SET and not children["many"].optional


@pytest.mark.parametrize(
    ("constraint", "version", "allowed"),
    [
        ("1.5.7", "1.5.7", True),
        ("= 1.5", "1.5.0", True),
        ("!= 1.5.7", "1.5.7", False),
        ("~> 1.5", "1.11.4", True),
        ("~> 1.5.0", "1.6.0", False),
        ("~> 1", "2.0.0", False),
        (">= 1.5, < 1.11", "1.11.0", False),
        (">= 1.5", "1.12.0-beta1", False),
        ("1.12.0-beta1", "1.12.0-beta1", True),
    ],
)
def test_version_constraints(constraint: str, version: str, allowed: bool) -> None:
    """The operators of the language, and prereleases only by name."""
    assert Constraint(constraint, "test").allows(version) is allowed


LOCK = """Error message: operation error S3: PutObject, StatusCode: 412, api error PreconditionFailed
Lock Info:
  ID:        6f3e0f1e-1
  Path:      b/app.tfstate
  Operation: OperationTypePlan
  Who:       carla@laptop
  Version:   1.11.4
  Created:   2026-11-20 10:00:00.5 +0000 UTC
"""


@pytest.mark.parametrize(
    ("problem", "kind", "words"),
    [
        (Problem("Error acquiring the state lock", LOCK), Unavailable, "locked by carla@laptop (plan)"),
        (Problem("Saved plan is stale", ""), Unavailable, "changed the state"),
        (Problem("x", "write p.tfplan: no space left on device"), Unavailable, "the disk is full while planning"),
        (Problem("error reading", "dial tcp 127.0.0.1:1: connect: connection refused"), Unavailable, "no answer"),
        (Problem("error creating", "UnauthorizedOperation: no", "aws_vpc.v", "main.tf", 3, 1), Rejected, "aws_vpc.v"),
        (Problem("error creating", "InvalidParameter", "aws_vpc.v", "main.tf", 3, 1), Rejected, "app/main.tf:3:1"),
        (Problem("Unsupported argument", "no", "", "main.tf", 3, 1), Invalid, "app/main.tf:3:1: Unsupported"),
        (
            Problem("Failed to query available provider packages", "Could not retrieve provider hashicorp/aws: none"),
            Invalid,
            "the provider hashicorp/aws cannot be had",
        ),
    ],
)
def test_what_terraform_says_becomes_one_of_our_errors(problem: Problem, kind: type[TrueupError], words: str) -> None:
    """Kind, place and a next step from one diagnostic."""
    error = Translator("app", lambda text: text).error([problem], "planning")
    assert type(error) is kind
    assert words in str(error)


def test_boxed_text_is_read_too() -> None:
    """Commands without JSON draw boxes around their errors."""
    text = "\x1b[31m╷\x1b[0m\n│ Error: Error acquiring the state lock\n│ \n" + "".join(
        f"│ {x}\n" for x in LOCK.splitlines()
    )
    (problem,) = problems_in_text(text + "╵\n")
    lock = lock_in(problem)
    assert lock is not None
    assert (lock.id, lock.holder, lock.created) == ("6f3e0f1e-1", "carla@laptop", "2026-11-20T10:00:00+00:00")


if __name__ == "__main__":
    for name, found in (("plan", converted_plan()), ("state", converted_state())):
        text = json.dumps(found, indent=1, sort_keys=True)
        (GOLDEN / f"{name}.expected.json").write_text(text + "\n")
