"""docs/api.md: what it promises is what the code has."""

import re
from pathlib import Path

from trueup.settings import PORT
from trueup.web.errors import STATUSES
from trueup.web.headers import AS, BOUNDARY
from trueup.web.metrics import METRICS
from trueup.web.tokens import Scope

DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in DOCUMENT.splitlines() if line[:1] == "|"]


def test_every_metric_is_documented_as_it_is() -> None:
    """Name, type, labels and meaning."""
    documented = [row for row in ROWS if row[0].startswith("`trueup_")]
    assert documented == [
        [f"`{each.name}`", each.type, ", ".join(f"`{label}`" for label in each.labels), each.help] for each in METRICS
    ]


def test_every_status_of_an_error_is_documented() -> None:
    """Those of the kinds, and those of requests that are no requests."""
    documented = {int(row[0]) for row in ROWS if re.fullmatch(r"\d{3}", row[0])}
    assert documented == {*STATUSES.values(), 500, 400, 408, 409, 413, 415}


def test_scopes_headers_and_the_address_are_documented() -> None:
    """By the names that the code has."""
    assert [row[0] for row in ROWS if row[0].strip("`") in list(Scope)] == [f"`{scope}`" for scope in Scope]
    for name in (AS, BOUNDARY):
        assert name in DOCUMENT.lower()
    assert f"127.0.0.1:{PORT}" in DOCUMENT
