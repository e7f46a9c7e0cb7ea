"""docs/notifications.md: its tables are those of the code."""

import re

from tests.docs.pages import ROOT
from trueup.model.notice import ENDINGS, EVENTS, SERVICES
from trueup.settings import NOTICES_ATTEMPTS, NOTICES_SHOWN

TEXT = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| `")]


def test_every_event_is_documented_with_its_kinds() -> None:
    """In the order of the code; and those that last are named."""
    documented = [(row[0].strip("`"), tuple(re.findall(r"`([^`]+)`", row[1]))) for row in ROWS if len(row) == 2]
    assert documented == list(EVENTS.items())
    lasting = TEXT[TEXT.index("These last until") : TEXT.index("A stack's incident")]
    assert set(re.findall(r"`([^`]+)`", lasting)) == set(ENDINGS)


def test_every_service_is_documented() -> None:
    """And the numbers that the text gives."""
    assert {row[0].strip("`") for row in ROWS if len(row) == 3} == set(SERVICES)
    assert f"first {NOTICES_SHOWN}" in TEXT and f"After {NOTICES_ATTEMPTS} attempts" in TEXT
