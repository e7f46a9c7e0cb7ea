"""docs/dns.md names the findings that the code knows."""

import re

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "dns.md").read_text("utf-8")
DRIVER = ROOT / "src" / "trueup" / "drivers" / "dns"


def test_every_finding_is_told() -> None:
    """By its code, as it stands in plans and in JSON."""
    code = "".join(path.read_text("utf-8") for path in sorted(DRIVER.rglob("*.py")))
    found = set(re.findall(r"Finding\(\s*\"([a-z-]+)\"", code))
    assert len(found) > 15
    assert found <= set(re.findall(r"`([a-z-]+)`", PAGE)), found - set(re.findall(r"`([a-z-]+)`", PAGE))
