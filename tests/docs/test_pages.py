"""README and docs: what they name is there, and what follows from the code is what the code says."""

import re

import pytest

from tests.docs.generated import pages
from tests.docs.pages import PAGES, ROOT, anchors, inline, links

PLACES = re.compile(r"(?:src|tests|docs|benchmarks|\.ci)/[\w./-]+|[\w-]+\.(?:md|toml)")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_generated_parts_are_current(path: object) -> None:
    """After a change of commands, routes or settings: `make docs`."""
    assert {page: text for page, text in pages().items() if page == path and page.read_text("utf-8") != text} == {}


def test_every_link_leads_somewhere() -> None:
    """To a file, or to a heading of one. Addresses elsewhere are https."""
    broken = []
    for link in links():
        target, _, anchor = link.text.partition("#")
        if "://" in target:
            assert target.startswith("https://"), str(link)
            continue
        place = (ROOT / link.page).parent / target if target else ROOT / link.page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(str(link))
    assert not broken


def test_every_file_that_is_named_exists() -> None:
    """Paths between backticks that begin like ours; `NAME` stands for any."""
    named = [each for each in inline() if PLACES.fullmatch(each.text) and "NAME" not in each.text]
    assert len(named) > 10
    assert [
        str(each) for each in named if not (ROOT / each.text).exists() and not (ROOT / "docs" / each.text).exists()
    ] == []


def test_every_page_is_reached_from_the_readme() -> None:
    """A page that nobody is led to is not read."""
    led = {link.text.partition("#")[0].rpartition("/")[2] for link in links()}
    assert {path.name for path in PAGES} - {"README.md"} <= led
