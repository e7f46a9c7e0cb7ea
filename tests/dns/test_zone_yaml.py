"""Zone files in YAML, edited in place: what changes is what differs, and everything else stays as somebody wrote it."""

import difflib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from natsort import natsorted

from trueup.drivers.dns.zonefiles.splices import Unwritable
from trueup.drivers.dns.zonefiles.yaml_editing import with_record
from trueup.drivers.dns.zonefiles.yaml_records import record_in
from trueup.model.errors import Invalid
from trueup.model.values import JSON

ZONE = """\
---
# the apex
'':
  - ttl: 300   # short: we move soon
    type: A
    values:
      - 192.0.2.1
      - 192.0.2.2
  - type: MX
    values:
      - exchange: mx1.example.net.
        preference: 10
      # the slow one
      - exchange: mx2.example.net.
        preference: 20

api:
  type: CNAME
  value: "edge.example.net."
# do not touch
txt:
  type: TXT
  values:
    - v=spf1 -all
    - 'it''s\\; quoted'
www:
  ttl: 60
  type: A
  value: 192.0.2.9
"""


def _changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came."""
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [each[2:] for each in lines if each[:2] == "- "], [each[2:] for each in lines if each[:2] == "+ "]


def _edit(name: str, type: str, record: JSON, text: str = ZONE) -> tuple[list[str], list[str]]:
    return _changed(text, with_record(text, "z.yaml", name, type, record))


def test_a_ttl_is_one_number() -> None:
    """The comment behind it stays."""
    record = {"ttl": 30, "values": ["192.0.2.1", "192.0.2.2"]}
    assert _edit("", "A", record) == (["  - ttl: 300   # short: we move soon"], ["  - ttl: 30   # short: we move soon"])


def test_a_value_that_changed_is_one_line() -> None:
    """The others keep their places."""
    record = {"ttl": 300, "values": ["192.0.2.2", "192.0.2.7"]}
    assert _edit("", "A", record) == (["      - 192.0.2.1"], ["      - 192.0.2.7"])


def test_a_value_inside_a_value_is_one_line() -> None:
    """An MX's preference, with the comment above it."""
    record = {
        "values": [
            {"exchange": "mx1.example.net.", "preference": 10},
            {"exchange": "mx2.example.net.", "preference": 30},
        ]
    }
    assert _edit("", "MX", record) == (["        preference: 20"], ["        preference: 30"])


def test_quotes_stay() -> None:
    """In the style that the value had."""
    assert _edit("api", "CNAME", {"value": "new.example.net."}) == (
        ['  value: "edge.example.net."'],
        ['  value: "new.example.net."'],
    )


def test_a_missing_ttl_is_put_in_order() -> None:
    """Keys are in natural order: `ttl` comes before `type`."""
    after = with_record(ZONE, "z.yaml", "api", "CNAME", {"ttl": 60, "value": "edge.example.net."})
    assert "api:\n  ttl: 60\n  type: CNAME\n" in after


def test_one_value_becomes_two() -> None:
    """`value` gives way to `values`."""
    after = with_record(ZONE, "z.yaml", "www", "A", {"ttl": 60, "values": ["192.0.2.9", "192.0.2.10"]})
    assert after.endswith("www:\n  ttl: 60\n  type: A\n  values:\n    - 192.0.2.9\n    - 192.0.2.10\n")


def test_a_new_name_is_put_in_order() -> None:
    """Behind `api`, before the comment that belongs to `txt`."""
    after = with_record(ZONE, "z.yaml", "api2", "A", {"ttl": 60, "values": ["192.0.2.1"]})
    assert "api2:\n  ttl: 60\n  type: A\n  value: 192.0.2.1\n# do not touch\ntxt:" in after


def test_a_second_type_makes_a_list() -> None:
    """The record that was there moves behind a dash, as it was written."""
    after = with_record(ZONE, "z.yaml", "www", "AAAA", {"value": "2001:db8::1"})
    assert after.endswith(
        "www:\n  - ttl: 60\n    type: A\n    value: 192.0.2.9\n  - type: AAAA\n    value: 2001:db8::1\n"
    )


def test_a_record_goes_and_a_name_goes() -> None:
    """One of two records leaves the list; the only one takes its name with it. Comments above the next name stay."""
    gone, came = _edit("", "MX", None)
    assert (len(gone), came) == (7, [])
    assert _edit("www", "A", None) == (["www:", "  ttl: 60", "  type: A", "  value: 192.0.2.9"], [])


def test_line_ends_stay() -> None:
    """A file written on Windows."""
    text = ZONE.replace("\n", "\r\n")
    after = with_record(text, "z.yaml", "new", "A", {"value": "192.0.2.3"})
    assert "\n" not in after.replace("\r\n", "")


def test_an_empty_file_gets_its_first_name() -> None:
    """Nothing but a marker, nothing at all, or empty braces."""
    for text in ("---\n", "", "{}\n", "# only words\n"):
        after = with_record(text, "z.yaml", "", "A", {"value": "192.0.2.3"})
        assert yaml.safe_load(after) == {"": {"type": "A", "value": "192.0.2.3"}}


def test_an_alias_gets_a_record_of_its_own() -> None:
    """The one that it pointed to stays as it is; that one itself is for a person to change."""
    text = "a: &both\n  type: A\n  value: 192.0.2.1\nb: *both\n"
    after = with_record(text, "z.yaml", "b", "A", {"value": "192.0.2.2"})
    assert after == "a: &both\n  type: A\n  value: 192.0.2.1\nb:\n  type: A\n  value: 192.0.2.2\n"
    with pytest.raises(Unwritable, match="anchor"):
        with_record(text, "z.yaml", "a", "A", {"value": "192.0.2.2"})


def test_older_words_of_mx_stay() -> None:
    """`priority` and `value`, as octoDNS had them once."""
    text = "'':\n  type: MX\n  values:\n    - priority: 10\n      value: mx.example.net.\n"
    after = with_record(text, "z.yaml", "", "MX", {"values": [{"preference": 20, "exchange": "mx.example.net."}]})
    assert after == text.replace("10", "20")


def test_what_is_no_zone_is_refused_with_its_line() -> None:
    """A list, or no YAML."""
    with pytest.raises(Invalid, match="holds names"):
        with_record("- a\n", "z.yaml", "", "A", None)
    with pytest.raises(Invalid) as caught:
        with_record("a: [\n", "z.yaml", "", "A", None)
    assert caught.value.place is not None


def test_a_record_is_found_as_it_is_written() -> None:
    """Values as a list, whatever the file has."""
    assert record_in(ZONE, "z.yaml", "www", "A") == {"ttl": 60, "type": "A", "values": ["192.0.2.9"]}
    assert record_in(ZONE, "z.yaml", "www", "AAAA") is None


NAMES = st.sampled_from(["", "a", "a1", "a10", "a2", "*", "www", "no", "1.5", "_dmarc", "é", "x-y"])
TEXTS = st.sampled_from(
    ["v=spf1 -all", "a: b", "# no", "it's", 'say "so"', "\\;", "yes", "1.0", "- x", "ü", "&x", " a"]
)
RECORDS = st.one_of(
    st.builds(lambda values: {"type": "TXT", "values": values}, st.lists(TEXTS, min_size=1, max_size=4, unique=True)),
    st.builds(lambda ttl, value: {"ttl": ttl, "type": "A", "value": value}, st.integers(1, 9999), st.ip_addresses(v=4)),
    st.builds(
        lambda pairs: {"type": "MX", "values": [{"exchange": f"mx{n}.", "preference": n} for n in pairs]},
        st.lists(st.integers(1, 30), min_size=1, max_size=3, unique=True),
    ),
)


@st.composite
def zones(draw: st.DrawFn) -> str:
    """A zone as people write it: names in order, one record or several, two columns or four, comments."""
    step, dash = draw(st.sampled_from([2, 4])), draw(st.sampled_from([0, 2]))
    lines = draw(st.sampled_from([[], ["---"], ["# head"]]))
    for name in natsorted(draw(st.lists(NAMES, max_size=6, unique=True))):
        records = draw(st.lists(RECORDS, min_size=1, max_size=3, unique_by=lambda each: each["type"]))
        lines += draw(st.sampled_from([[], ["# above"], ["", "# apart"], [""]]))
        lines.append(f"{yaml.safe_dump(name, allow_unicode=True).splitlines()[0]}:")
        for record in records:
            body = _written(record, dash, draw)
            if len(records) == 1:
                lines += [" " * step + line for line in body]
            else:
                lines += [" " * dash + ("- " if not n else "  ") + line for n, line in enumerate(body)]
    return "\n".join(lines) + draw(st.sampled_from(["\n", "", "\n\n# tail\n"]))


def _written(record: dict[str, Any], dash: int, draw: st.DrawFn) -> list[str]:
    body = []
    for key, value in record.items():
        if not isinstance(value, list):
            value = str(value) if not isinstance(value, int) else value
            body.append(f"{key}: {yaml.safe_dump(value, allow_unicode=True).splitlines()[0]}")
            continue
        body.append(f"{key}:")
        for item in value:
            if isinstance(item, dict):
                body += [" " * dash + ("- " if not n else "  ") + f"{k}: {v}" for n, (k, v) in enumerate(item.items())]
            else:
                style = draw(st.sampled_from(["'", '"']))
                body.append(" " * dash + "- " + yaml.safe_dump(item, default_style=style, allow_unicode=True).strip())
    return body


def _with_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


@given(zones(), NAMES, RECORDS, st.booleans())
def test_any_edit_of_any_zone_says_what_was_asked_and_keeps_every_comment(
    text: str, name: str, record: dict[str, Any], goes: bool
) -> None:
    """The edit itself compares what the text says before and after; here also order, comments and a second edit."""
    wanted = {key: str(value) if key == "value" else value for key, value in record.items() if key != "type"}
    after = with_record(text, "z.yaml", name, record["type"], None if goes else wanted)
    assert _with_comments(after) == _with_comments(text)
    names = list(yaml.safe_load(after) or {})
    assert names == natsorted(names)
    assert with_record(after, "z.yaml", name, record["type"], None if goes else wanted) == after


def test_what_is_included_stays_and_the_rest_of_the_file_is_edited() -> None:
    """octoDNS's `!include`, of a record, of one in a list, of a value; merged in too. The included is for a person."""
    text = (
        "<<: !include more.yaml\na: !include shared/a.yaml\nb:\n- !include b.yaml\n- type: A\n  value: 192.0.2.1\n"
        "c:\n  type: A\n  values: !include c.yaml\n"
    )
    edited = with_record(text, "z", "b", "A", {"value": "192.0.2.2"})
    assert edited == text.replace("192.0.2.1", "192.0.2.2")
    with pytest.raises(Unwritable, match=r"`a` is not written here: !include shared/a.yaml"):
        with_record(text, "z", "a", "A", None)
    with pytest.raises(Unwritable, match="included from another file"):
        with_record(text, "z", "b", "AAAA", {"value": "2001:db8::1"})


def test_a_new_record_of_one_value_has_a_value() -> None:
    """As people write it, and as the import does."""
    assert with_record("---\n", "z", "new", "A", {"ttl": 60, "values": ["192.0.2.1"]}) == (
        "---\nnew:\n  ttl: 60\n  type: A\n  value: 192.0.2.1\n"
    )
