"""Plans of real Terraform as our nouns: on roots that need no provider."""

import json
from pathlib import Path

import pytest

from tests.terraform.jobs import Diary, Place
from trueup.drivers.terraform.client import disk, planned_states
from trueup.drivers.terraform.workdir import environment_of, workdir_of
from trueup.model.errors import Broken, Invalid, Refused, Unavailable
from trueup.model.plan import OUTPUT, Action
from trueup.model.shape import Kind
from trueup.model.values import has_unknown, is_masked, is_unknown

CANARY = "canary-4711-secret"
ONE = {
    "app/main.tf": 'resource "terraform_data" "a" {\n  input = "one"\n}\n'
    'output "it" {\n  value = terraform_data.a.output\n}\n'
}
TWO = {"app/main.tf": ONE["app/main.tf"].replace("one", "two")}


@pytest.fixture
def place(tmp_path: Path, terraform: Path) -> Place:
    return Place(tmp_path, {"PATH": f"{terraform.parent}:/usr/bin:/bin", "HOME": str(tmp_path)})


def test_create_update_and_nothing(place: Place) -> None:
    """A stack is created, changed and found unchanged; real and settled values are those of the state."""
    first = place.plan(ONE)
    assert {(each.address, each.action) for each in first.changes} == {
        ("output.it", Action.CREATE),
        ("terraform_data.a", Action.CREATE),
    }
    assert not first.real and first.stored is None and not first.basis.live.exists
    assert is_unknown(first.desired(first.changes[1].address)["id"])  # type: ignore[index]

    applied = place.apply(ONE)
    assert applied.complete and applied.resources["terraform_data.a"].values["output"] == "one"
    assert applied.resources["output.it"].kind == OUTPUT
    assert applied.live.values["serial"] != "0"

    again = place.plan(ONE)
    assert again.empty and again.basis.live == applied.live
    assert again.real == applied.resources == again.stored
    assert again.sets["terraform_data.a"] == {"input"}
    assert again.shapes["terraform_data"].children["id"].computed

    update = place.plan(TWO)
    assert [each.action for each in update.changes] == [Action.UPDATE, Action.UPDATE]
    assert update.change_at(update.changes[1].address).after["input"] == "two"  # type: ignore[union-attr,index]
    assert not place.apply({"app/main.tf": ""}).resources


def test_actions_beyond_update(place: Place) -> None:
    """Replace, delete, forget, move and import are told apart."""
    code = (
        'resource "terraform_data" "replaced" {\n  triggers_replace = 1\n}\n'
        'resource "terraform_data" "deleted" {}\nresource "terraform_data" "forgotten" {}\n'
        'resource "terraform_data" "old" {}\n'
    )
    place.apply({"app/main.tf": code})
    code = (
        'resource "terraform_data" "replaced" {\n  triggers_replace = 2\n}\n'
        "removed {\n  from = terraform_data.forgotten\n  lifecycle {\n    destroy = false\n  }\n}\n"
        "moved {\n  from = terraform_data.old\n  to = terraform_data.new\n}\n"
        'resource "terraform_data" "new" {}\n'
        'import {\n  to = terraform_data.imported\n  id = "x-1"\n}\nresource "terraform_data" "imported" {}\n'
    )
    plan = place.plan({"app/main.tf": code})
    found = {each.address: each for each in plan.changes}
    assert {address: each.action for address, each in found.items()} == {
        "terraform_data.replaced": Action.REPLACE,
        "terraform_data.deleted": Action.DELETE,
        "terraform_data.forgotten": Action.FORGET,
        "terraform_data.new": Action.NOTHING,
        "terraform_data.imported": Action.NOTHING,
    }
    assert found["terraform_data.new"].moved_from == "terraform_data.old"
    assert found["terraform_data.imported"].imported
    assert "terraform_data.imported" not in plan.stored and plan.destroys  # type: ignore[operator]
    assert "cannot update" in found["terraform_data.replaced"].reason


def test_modules_count_and_ignored_attributes(place: Place) -> None:
    """`sets` reaches instances in repeated modules, and leaves out what lifecycle ignores."""
    files = {
        "app/main.tf": 'module "m" {\n  source = "../m"\n  for_each = toset(["a.b", "c"])\n}\n',
        "m/main.tf": (
            'resource "terraform_data" "x" {\n  count = 2\n  input = 1\n  triggers_replace = 1\n'
            "  lifecycle {\n    ignore_changes = [input]\n  }\n}\n"
        ),
    }
    plan = place.plan(files)
    assert plan.sets['module.m["a.b"].terraform_data.x[1]'] == {"triggers_replace"}  # type: ignore[index]
    assert len(plan.changes) == 4
    assert set(plan.basis.closure.files) == set(files)


def secret_code(password: str = CANARY) -> dict[str, str]:
    return {
        "app/main.tf": (
            f'variable "password" {{\n  sensitive = true\n  default = "{password}"\n}}\n'
            'resource "terraform_data" "a" {\n'
            '  input = { user = "app", password = var.password, list = [1, var.password] }\n'
            '  provisioner "local-exec" {\n    command = "echo ${var.password} >&2; exit ${length(var.password) - '
            f"{len(password)}"
            '}"\n  }\n}\n'
            'output "password" {\n  value = var.password\n  sensitive = true\n}\n'
        )
    }


def everything(place: Place, *values: object) -> str:
    return json.dumps([str(value) for value in values]) + "\n".join(place.lines)


def test_no_secret_leaves_the_driver(place: Place) -> None:
    """Sensitive variables, attributes and outputs are in no plan, log, error or outcome; copies that Terraform does
    not mark are hidden too."""
    with place.driver.open(place.job(secret_code())) as session:
        plan = session.plan()
        applied = session.apply(plan, Diary())
    again = place.plan(secret_code())
    failing = secret_code().copy()
    failing["app/main.tf"] = failing["app/main.tf"].replace("exit ${", "exit ${1 + ")
    failing["app/main.tf"] = failing["app/main.tf"].replace('user = "app"', 'user = "b"').replace('"a" {', '"c" {')
    failed = place.apply(failing)
    assert not failed.complete and "local-exec" in failed.error
    shown = [(each.changes, each.real, each.stored, each.unseen, each.findings) for each in (plan, again)]
    seen = everything(place, *shown)
    assert CANARY not in seen + everything(place, applied, failed)
    values = applied.resources["terraform_data.a"].values
    assert is_masked(values["input"]["password"]) and is_masked(values["output"]["password"])
    assert values["input"]["user"] == "app"
    assert is_masked(applied.resources["output.password"].values)
    assert again.empty and again.real == applied.resources


def test_another_secret_is_another_effect(place: Place) -> None:
    """Two passwords give two effects although both are hidden, and the same one gives the same effect twice."""
    first, second = place.plan(secret_code()), place.plan(secret_code())
    other = place.plan(secret_code("canary-4712-secret"))
    assert first.effect == second.effect
    assert first.effect != other.effect
    assert first.basis.digest == second.basis.digest != other.basis.digest


def test_a_provisioner_is_part_of_the_effect(place: Place) -> None:
    """What runs at apply shows in no value; another command, or another script, is another effect."""

    def code(command: str, script: str) -> dict[str, str]:
        return {
            "app/main.tf": 'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n'
            f'    command = "{command}"\n  }}\n}}\n'
            'locals {\n  s = file("${path.module}/s.sh")\n}\n',
            "app/s.sh": script,
        }

    effects = [place.plan(code(*each)).effect for each in (("true", "a"), ("true", "a"), ("false", "a"), ("true", "b"))]
    assert effects[0] == effects[1]
    assert len(set(effects)) == 3


def test_the_moment_of_the_plan_is_named_and_does_not_change_the_effect(place: Place) -> None:
    """plantimestamp() and timestamp() are findings, and the effect is equal from plan to plan all the same."""
    code = {
        "app/main.tf": 'resource "terraform_data" "a" {\n  input = { at = plantimestamp(), later = timestamp() }\n}\n'
    }
    first, second = place.plan(code), place.plan(code)
    assert first.effect == second.effect
    assert {each.code for each in first.findings} == {"never-repeats"}
    assert "terraform_data.a: input.at" in first.findings[0].message
    assert any(str(each.place) == "app/main.tf:2:18" for each in first.findings)


def test_inputs_variables_and_workspaces(place: Place) -> None:
    """Inputs of every type arrive, `vars` win over variable files, and each workspace has a state of its own."""
    files = {
        "app/main.tf": (
            'variable "a" { type = string }\nvariable "b" { type = map(list(number)) }\n'
            'variable "c" { type = string }\n'
            'variable "d" { type = bool }\n'
            'resource "terraform_data" "x" {\n  input = [var.a, var.b, var.c, var.d, terraform.workspace]\n}\n'
        ),
        "vars/dev.tfvars": 'c = "file"\n',
    }
    given = {
        "inputs": {"a": "${literal}", "b": {"k": [1, 2]}, "d": True},
        "spec": {"varFiles": ["../vars/dev.tfvars"], "vars": {"c": "spec"}, "workspace": "blue"},
    }
    applied = place.apply(files, **given)
    expected = ["${literal}", {"k": [1, 2]}, "spec", True, "blue"]
    assert applied.resources["terraform_data.x"].values["output"] == expected
    assert place.plan(files, **given).empty
    other = place.job(files, **given)
    assert not place.plan(files, **{**given, "spec": {**given["spec"], "workspace": "green"}, "state": None}).empty
    assert other.spec.workspace == "blue"


def test_init_runs_once(place: Place) -> None:
    """A second plan of the same code does not initialise again; another module does; a lost directory does."""

    def inits() -> int:
        found = sum("successfully initialized" in line for line in place.lines)
        place.lines.clear()
        return found

    place.plan(ONE)
    assert inits() == 1
    place.plan(TWO)
    assert inits() == 0
    module = {**TWO, "app/m.tf": 'module "m" {\n  source = "./m"\n}\n', "app/m/main.tf": ""}
    place.plan(module)
    assert inits() == 1
    data = place.base / "work/stk-0000000001/proposal/data"
    (data / "modules" / "modules.json").unlink()
    place.plan(module)
    assert inits() == 1


def test_files_that_left_the_closure_are_gone(place: Place) -> None:
    """A removed file is removed from the working directory, so that its resources are planned away."""
    extra = {**ONE, "app/extra.tf": 'resource "terraform_data" "b" {}\n'}
    assert len(place.plan(extra).changes) == 3
    assert len(place.plan(ONE).changes) == 2


@pytest.mark.parametrize(
    ("files", "spec", "expected"),
    [
        (
            {"app/main.tf": 'resource "terraform_data" "a" {\n  inputs = 1\n}\n'},
            {},
            r"app/main\.tf:2:3: Unsupported argument",
        ),
        (
            {"app/main.tf": 'variable "x" {\n  type = string\n}\n'},
            {},
            r"app/main\.tf:1:1: No value for required variable",
        ),
        ({"app/main.tf": "", "app/.terraform-version": "0.11.0"}, {}, r"needed 0\.11\.0 .*found terraform"),
        (
            {"app/main.tf": 'terraform {\n  required_version = "< 1.0"\n}\n'},
            {},
            r"app/main\.tf: no terraform fits: needed < 1\.0",
        ),
        (ONE, {"version": "~> 99.1"}, r"needed ~> 99\.1 \(`version` in trueup.yaml\)"),
        (ONE, {"version": "newest"}, r"'newest' is not a version constraint"),
    ],
)
def test_what_is_wrong_is_invalid_and_has_a_place(
    place: Place, files: dict[str, str], spec: dict[str, str], expected: str
) -> None:
    """Mistakes in the code and engines that do not fit say where and what is needed."""
    with pytest.raises(Invalid) as caught:
        place.plan(files, spec=spec)
    assert caught.match(expected)


def test_a_provider_that_cannot_be_had_is_named(place: Place, tmp_path: Path) -> None:
    """With an empty mirror, the error names the provider and says what to do."""
    (tmp_path / "mirror").mkdir()
    files = {"app/main.tf": 'resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n}\n'}
    with pytest.raises((Invalid, Unavailable), match="hashicorp/aws") as caught:
        place.plan(files, spec={"pluginMirror": str(tmp_path / "mirror")})
    assert caught.value.hint  # type: ignore[attr-defined]


def test_the_engine_gets_nothing_of_ours(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the job's environment and Terraform's switches reach a subprocess."""
    monkeypatch.setenv("TF_VAR_mine", "leaked")
    monkeypatch.setenv("OURS", "leaked")
    code = {
        "app/main.tf": (
            'variable "mine" {\n  default = "none"\n}\nresource "terraform_data" "a" {\n  input = var.mine\n'
            '  provisioner "local-exec" {\n    command = "env > ${path.root}/../../environment"\n  }\n}\n'
        )
    }
    applied = place.apply(code, environment={**place.environment, "TF_CLI_ARGS_plan": "-refresh=false"})
    assert applied.resources["terraform_data.a"].values["output"] == "none"
    seen = (place.base / "work/stk-0000000001/delivery/environment").read_text()
    assert "OURS" not in seen and "TF_CLI_ARGS" not in seen
    assert "GOGC=200" in seen
    job = place.job(code, environment={**place.environment, "GOGC": "50"})
    assert environment_of(job, workdir_of(job))["GOGC"] == "50"


def test_a_session_applies_only_its_own_plan(place: Place) -> None:
    """A plan of another session is our own bug, and a session without a vault for its local state is refused."""
    with place.driver.open(place.job(ONE)) as first:
        plan = first.plan()
    with place.driver.open(place.job(ONE)) as second, pytest.raises(Broken):
        second.apply(plan, Diary())
    with pytest.raises(Refused, match="no backend"), place.driver.open(place.job(ONE, state=None)):
        pass


def test_shapes_follow_the_schema(place: Place) -> None:
    """Shapes of a built-in kind: dynamic attributes are compared by what they look like."""
    shape = place.plan(ONE).shapes["terraform_data"]
    assert shape.children["input"].kind is Kind.OBJECT
    assert shape.children["triggers_replace"].optional


def test_a_plan_has_no_unknown_in_what_is_real(place: Place) -> None:
    """R is what is live: unknown leaves are only in what the code wants."""
    place.apply(ONE)
    plan = place.plan({"app/main.tf": ONE["app/main.tf"].replace('input = "one"', "triggers_replace = 1")})
    assert not any(has_unknown(resource.values) for resource in plan.real.values())
    assert any(has_unknown(change.after) for change in plan.changes)


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    """No room for our own files, or for the plan file: the error says so and how much is left."""
    with pytest.raises(Unavailable, match="the disk is full while writing") as caught:
        fill(tmp_path)
    assert "free space" in caught.value.hint
    (tmp_path / "plan").write_bytes(b"PK\x03\x04half a plan")
    with pytest.raises(Unavailable, match="not written completely") as caught:
        planned_states(tmp_path / "plan")
    assert "MB left" in caught.value.hint


def fill(directory: Path) -> None:
    with disk(directory, "writing"), Path("/dev/full").open("w") as full:
        full.write("x" * 100_000)
