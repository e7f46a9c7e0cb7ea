"""What the architecture promises about who may build what."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "trueup"


def builders(name: str) -> Iterator[str]:
    """Modules that call a class."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name:
                yield path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize(
    ("noun", "stage"),
    [
        ("AttributedPlan", "stages/attribute.py"),
        ("JudgedPlan", "stages/judge.py"),
        ("ApprovedPlan", "stages/approve.py"),
    ],
)
def test_only_its_stage_builds_a_plan_of_the_next_kind(noun: str, stage: str) -> None:
    """A plan that nobody judged or approved cannot be made to look as if somebody had."""
    assert set(builders(noun)) == {stage}


def test_only_one_module_knows_the_workflow_library() -> None:
    """Everything else would stay if DBOS were replaced."""
    importing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dbos")
        or (isinstance(node, ast.Import) and any(each.name.split(".")[0] == "dbos" for each in node.names))
    }
    assert importing == {"engine/workflows.py"}


def test_only_wiring_builds_drivers_and_adapters() -> None:
    """The rest gets them handed in."""
    importing = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("trueup.drivers", "trueup.adapters"))
    }
    assert importing <= {"wiring", "drivers", "adapters"}


def test_the_walk_reads_like_the_sentence() -> None:
    """source, read, plan, attribute, judge, approve, apply, verify, record: in this order, in one function."""
    module = ast.parse((SOURCE / "engine" / "reconciler.py").read_text())
    walk = next(node for node in ast.walk(module) if isinstance(node, ast.FunctionDef) and node.name == "walk")
    steps = ("source", "read", "plan", "attribute", "judge", "approve", "apply", "verify", "settle")
    called = [
        (node.lineno, node.col_offset, ast.unparse(node.func).rpartition(".")[2].lstrip("_"))
        for node in ast.walk(walk)
        if isinstance(node, ast.Call)
    ]
    lines = [min(line for line, _, name in called if name == step) for step in steps]
    assert lines == sorted(lines)
