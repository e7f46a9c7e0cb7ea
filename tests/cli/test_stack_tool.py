"""`trueup stack tool`: every driver's tools, also those that have no command of their own."""

import pytest

from trueup.cli.output import clock, say
from trueup.cli.stacks import _named
from trueup.cli.views.stacks import tools
from trueup.model.errors import Invalid


def test_what_a_tool_takes_is_written_as_pairs() -> None:
    """The value may hold an equals sign; a name alone is a mistake that is named."""
    assert _named(["a=settled", "b=x=y", "c="]) == {"a": "settled", "b": "x=y", "c": ""}
    with pytest.raises(Invalid, match="live has no value"):
        _named(["a=settled", "live"])


def test_the_list_says_what_writes(capsys: pytest.CaptureFixture[str]) -> None:
    """With what each takes and what it is for."""
    document = {
        "repair": {"summary": "Repairs.", "arguments": {}, "writes": True},
        "diff": {"summary": "Compares.", "arguments": {"a": "one", "b": "the other"}, "writes": False},
    }
    say(tools(document, clock()))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [["diff", "reads", "a", "b", "Compares."], ["repair", "writes", "-", "Repairs."]]
