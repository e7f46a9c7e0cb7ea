"""The comment of a change request, in Markdown that forges accept."""

import re
from dataclasses import replace

import pytest

from tests.render.nouns import DRIFT, GHOST, ORIGIN, TAG, larger, run
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Declined
from trueup.model.errors import Place
from trueup.model.plan import Address, Finding
from trueup.model.run import RunState
from trueup.model.values import masked
from trueup.render.comments import LIMIT, codification_body, run_markdown


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
    failed = replace(run(), state=RunState.FAILED, error="no <b>credentials</b>\n  set them")
    assert "**The plan failed: no &lt;b&gt;credentials&lt;/b&gt;; set them**" in run_markdown(failed, "a//b")


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


def test_a_codification_says_what_it_took_over() -> None:
    """What was changed, by whom, and that the edit is proven."""
    text = codification_body([replace(DRIFT, origin=ORIGIN)], (), (), ["keeps the comments"], "Port for the incident")
    assert text == (
        "Port for the incident\n\nWhat was changed by hand:\n\n"
        "* `aws_security_group.app` (structural), seen 2026-11-01 03:05 UTC, by mira on 2026-11-01 at 03:05 UTC "
        "(event event-1)\n"
        "  * `ingress`: nothing became `8443/tcp from 0.0.0.0/0`\n\n"
        "Proven: with this edit, the settled code leaves no such drift, and the branch's head plans exactly what it "
        "planned before.\n\n> keeps the comments\n"
    )


def test_a_codification_that_a_person_has_to_finish() -> None:
    """Each reason with what to write, in a fence that the suggestion cannot close."""
    declined = [
        Declined(Address("aws_vpc.a"), "it is made by a dynamic block", "a = 1\n```\nb = 2\n", "hcl"),
        Declined(Address("table.public.a"), "no DDL is written for it", "write the statement by hand"),
    ]
    text = codification_body([DRIFT], declined, [Finding("f", "the plan is not empty")], (), "")
    assert "````hcl\na = 1\n```\nb = 2\n````\n" in text and "\n  * write the statement by hand\n" in text
    assert "* the plan is not empty" in text
    assert "Proven" not in text and "A person has to finish it" in text


def test_findings_have_their_place_their_code_and_what_they_ask_for() -> None:
    """What stops comes first; what goes over several lines, and the way out, stand below it."""
    place = Place("db/V3__a.sql", 2)
    found = (
        Finding("rehearsed", "1 statement\n  1: 2 ms"),
        Finding("drop-column", "phone: gone", place, "release first", approvals=2),
        Finding("bad", "no", stops=True),
        Finding("dns-share", "half of it", more=1),
    )
    lines = run_markdown(replace(run(TAG), findings=found), "db//orders").splitlines()
    begin = lines.index("* **stops:** no (`bad`)")
    assert lines[begin + 1 : begin + 6] == [
        "* `db/V3__a.sql:2` phone: gone (`drop-column`) — 2 people must agree",
        "  * release first",
        "* half of it (`dns-share`) — 1 person more must agree",
        "* 1 statement (`rehearsed`)",
        "  * 1: 2 ms",
    ]


@pytest.mark.parametrize(("count", "named"), [(800, True), (5000, False)])
def test_a_long_codification_is_shortened(count: int, named: bool) -> None:
    """First the values go, then most of the names."""
    drifts = [replace(DRIFT, address=Address(f"aws_security_group.app[{i}]")) for i in range(count)]
    text = codification_body(drifts, (), (), (), "")
    assert len(text) <= LIMIT and "became" not in text and "Proven" in text
    assert (f"app[{count - 1}]`" in text) == named and (f"and {count - 100} more" in text) != named
