"""Words and places: one word for one thing, and nothing of the machine where it was written."""

import re
import subprocess

import pytest

from tests.cli.reference import reference
from tests.docs.pages import PAGES, ROOT

OTHERS = re.compile(r"\b(PRs?|MRs?|pull requests?|merge requests?|utils?)\b")
"""Words that DESIGN's list has another one for. `utils` is only said to be absent."""
ELSEWHERE = "|".join(("py" + r"pi\.org", "pythonhos" + "ted", r"/opt/py" + "pi", "npm" + r"js\."))
MACHINE = re.compile(r"(?<![\w.${}/-])/(?:wo" + r"rk|ro" + r"ot|home/(?!ci/)\w+)/|" + ELSEWHERE)


def _tracked() -> list[str]:
    said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in said.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_help_says_change_request() -> None:
    """Nobody has to learn two words for one thing."""
    assert OTHERS.findall(reference()) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_say_change_request(path: object) -> None:
    """In README and docs too."""
    text = next(page for page in PAGES if page == path).read_text(encoding="utf-8")
    assert [word for word in OTHERS.findall(text) if word not in ("utils",)] == []


def test_nothing_of_a_machine_is_in_the_repository() -> None:
    """No path of somebody's disk, and no host of a package index: a checkout works anywhere."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: git clone the repository")
    found = []
    for name in _tracked():
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        found += [f"{name}: {hit[0]}" for hit in MACHINE.finditer(text)]
    assert found == []
