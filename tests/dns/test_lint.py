"""What a zone file says by mistake and octoDNS takes without a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.drivers.dns.zonefiles.lint import in_file

MISTAKES = {
    "www: {type: A, value: 192.0.2.1}\nwww: {type: A, value: 192.0.2.2}\n": ("key-twice", 2),
    "www:\n  ttl: 60\n  ttl: 70\n  type: A\n  value: 192.0.2.1\n": ("key-twice", 3),
    "www:\n  type: A\n  value: 192.0.2.1\n  values: [192.0.2.2]\n": ("value-and-values", 4),
    "www:\n  type: A\n  value: [192.0.2.1]\n": ("list-in-value", 3),
    "www:\n  type: A\n  values:\n    - 192.0.2.1\n    - 192.0.2.1\n": ("value-twice", 4),
    "www:\n  ttl: 010\n  type: A\n  value: 192.0.2.1\n": ("zone-number", 2),
    "www:\n  type: MX\n  values:\n    - exchange: mx.\n      preference: 1:30\n": ("zone-number", 5),
    "a: {type: A, value: 192.0.2.1}\nno:\n  type: A\n  value: 192.0.2.1\n": ("zone-name", 2),
    "1.5:\n  type: A\n  value: 192.0.2.1\n": ("zone-name", 1),
    "~:\n  type: A\n  value: 192.0.2.1\n": ("zone-name", 1),
    "---\n": ("zone-empty", 1),
    "": ("zone-empty", 1),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_each_mistake_is_told_at_its_line(text: str) -> None:
    """With a code, and what to write instead."""
    code, line = MISTAKES[text]
    (found,) = in_file(text.encode(), "z.yaml")
    assert (found.code, found.place and found.place.line) == (code, line)
    assert found.hint


GOOD = st.sampled_from(
    [
        "'':\n  type: A\n  value: 192.0.2.1\n",
        "'no':\n  type: A\n  value: 192.0.2.1\n",
        "both:\n  - &a\n    ttl: 60\n    type: A\n    values: [192.0.2.1, 192.0.2.2]\n  - <<: *a\n    type: AAAA\n",
        "mx:\n  type: MX\n  values:\n    - {exchange: a., preference: 10}\n    - {exchange: b., preference: 10}\n",
    ]
)


@given(st.lists(GOOD, unique=True, min_size=1))
def test_what_is_right_is_left_alone(parts: list[str]) -> None:
    """Quoted names, anchors and merges, equal numbers in different values."""
    assert not list(in_file("".join(parts).encode(), "z.yaml"))
