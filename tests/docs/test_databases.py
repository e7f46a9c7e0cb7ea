"""docs/databases.md names exactly the states and the findings that the code knows."""

import re

import pytest

from tests.docs.pages import ROOT
from trueup.drivers.database.history.history import RowType, State

PAGE = (ROOT / "docs" / "databases.md").read_text("utf-8")
OWN = ("migrations", "history")
"""Folders of the driver whose findings the page lists."""


def _first_cells(heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]


def _ticked(heading: str) -> set[str]:
    return {word for cell in _first_cells(heading) for word in re.findall(r"`([^`]+)`", cell)}


def test_every_state_is_told() -> None:
    """And none that is gone."""
    assert _ticked("States") == {str(state) for state in State}


def test_every_finding_is_told() -> None:
    """Of files and histories, and none that is gone."""
    folder = ROOT / "src" / "trueup" / "drivers" / "database"
    code = "".join(path.read_text("utf-8") for name in OWN for path in sorted((folder / name).glob("*.py")))
    found = set(re.findall(r"Finding\(\s*\"([a-z-]+)\"", code)) | {"duplicate-version", "duplicate-repeatable"}
    assert _ticked("What is wrong with files and histories") == found


@pytest.mark.parametrize("type", [str(each) for each in RowType])
def test_every_type_of_row_that_is_written_is_told(type: str) -> None:
    """Whoever goes back to Flyway can see that it reads them all."""
    assert f"`{type}`" in PAGE.partition("## Repair and baseline")[2]
