"""Drivers are found by their entry points, whoever brings them; one whose libraries are absent keeps no other away."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LIST = "import json; from trueup.wiring.registry import drivers; print(json.dumps(sorted(drivers())))"


def _installed(directory: Path, module: str, code: str) -> dict[str, str]:
    """An environment in which a distribution of that directory is installed, with one driver in a module of its own."""
    info = directory / "acme_trueup-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-trueup\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[trueup.drivers]\nacme = {module}:Driver\n")
    (directory / f"{module}.py").write_text(code)
    path = os.pathsep.join(part for part in (str(directory), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path}


def _listed(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LIST], env=environment, capture_output=True, text=True, check=False)


def test_a_driver_of_somebody_else_is_there_like_ours(tmp_path: Path) -> None:
    """Registered the same way."""
    said = _listed(_installed(tmp_path, "acme_driver", "class Driver:\n    name = 'acme'\n"))
    assert json.loads(said.stdout) == ["acme", "database", "dns", "terraform"]


@pytest.mark.parametrize("absent", ["octodns.manager", "nowhere"])
def test_a_driver_whose_libraries_are_absent_keeps_no_other_away(tmp_path: Path, absent: str) -> None:
    """An extra that is not installed: its formats are said to be unavailable, everything else works."""
    code = f"raise ModuleNotFoundError('there is none', name={absent!r})\n"
    said = _listed(_installed(tmp_path, "acme_driver", code))
    assert json.loads(said.stdout) == ["database", "dns", "terraform"]


def test_a_mistake_of_our_own_is_not_hidden(tmp_path: Path) -> None:
    """A module of Trueup that is missing is no extra."""
    said = _listed(_installed(tmp_path, "acme_driver", "import trueup.drivers.nothing\n"))
    assert said.returncode != 0
    assert "trueup.drivers.nothing" in said.stderr
