"""The comment of a change request, in Markdown that forges accept."""

import re
from dataclasses import replace

import pytest

from tests.render.nouns import GHOST, TAG, larger, run
from trueup.model.causes import Cause, Difference
from trueup.model.run import RunState
from trueup.model.values import masked
from trueup.render.comments import LIMIT, run_markdown


def test_what_matters_comes_first() -> None:
    """The counts, a table by cause, what would be lost, then folded details."""
    text = run_markdown(run(TAG, GHOST), "aws//app")
    assert text.startswith("### aws//app\n\n**1 change intended, 1 would undo a change made by hand**\n")
    table, lost = text.index("| Would undo changes made by hand | 1 |"), text.index("would REMOVE 8443/tcp")
    assert table < lost < text.index("<details>")
    assert '| `tags.Team` | intended | nothing | `"payments"` |' in text


def test_nothing_to_do_and_a_failure() -> None:
    """Both are said in the first line."""
    assert "**No changes**" in run_markdown(run(), "a//b")
    failed = replace(run(), state=RunState.FAILED, error="no <b>credentials</b>")
    assert "**The plan failed: no &lt;b&gt;credentials&lt;/b&gt;**" in run_markdown(failed, "a//b")


@pytest.mark.parametrize("count", [1, 100, 400, 3000])
def test_never_longer_than_a_forge_takes(count: int) -> None:
    """Shortened to names, then to counts; every details block is closed, and the rest is one command away."""
    text = run_markdown(larger(count), "aws//app")
    assert len(text) <= LIMIT and text.count("<details>") == text.count("</details>")
    assert f"{count} change" in text.splitlines()[2]
    assert ("trueup run show run-0000000001" in text) == (count >= 400)
    assert ("aws_security_group.app[399]" in text) == (count == 400)


def test_values_cannot_break_out() -> None:
    """HTML, fences, pipes and mentions in names and values stay text; secrets stay secret."""
    evil = Difference(("tags", "a|b`c"), Cause.GHOST_REVERT, None, "</details>|`@everyone`\n# x", masked("abc"))
    text = run_markdown(run(evil, address='x["<img src=1>"]'), "aws//@team")
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert "<img" not in outside and outside.count("</details>") == 1
    assert not re.search(r"@\w", outside) and "\n# x" not in text
    assert "(secret)" in text and "abc" not in text
    assert all(line.count("|") - line.count("\\|") in (0, 3, 5) for line in text.splitlines())
