"""docs/codification.md names exactly the reasons for which the code refuses to codify."""

import re

from tests.docs.pages import ROOT
from tests.docs.reasons import reasons

ROW = re.compile(r"^\| (`{1,2} ?)(.+?) ?`{1,2} \| [^|]+ \|$", re.MULTILINE)
"""A reason that names code stands between double backticks."""


def test_every_reason_is_told_and_none_that_is_gone() -> None:
    """After a change of a message: the table in the page."""
    page = (ROOT / "docs" / "codification.md").read_text("utf-8")
    told = {reason for _, reason in ROW.findall(page.partition("## What is refused")[2])}
    assert told - reasons() == set(), "told, and not in the code"
    assert reasons() - told == set(), "in the code, and not told"
