"""Zone files of BIND, edited in place."""

import difflib

import dns.zone
import pytest

from trueup.drivers.dns.zonefiles.bind_editing import with_record
from trueup.drivers.dns.zonefiles.splices import Unwritable
from trueup.model.errors import Invalid
from trueup.model.values import JSON

ZONE = """\
$ORIGIN example.com.
$TTL 1h
@       IN SOA ns1 hostmaster (
            2026010101 ; serial
            3600 900 604800 300 )
        IN NS  ns1
        IN NS  ns2.example.net.
@       300 IN MX 10 mx1        ; the fast one
        300 IN MX 20 mx2
ns1     IN A   192.0.2.53
www     60 IN A 192.0.2.1
        60 IN A 192.0.2.2
        IN TXT "v=spf1 -all"    ; nobody sends from here
$ORIGIN eu.example.com.
app     CNAME www.example.com.
"""


def _changed(name: str, type: str, record: JSON, text: str = ZONE) -> tuple[list[str], list[str]]:
    after = with_record(text, "example.com.zone", "example.com.", name, type, record)
    dns.zone.from_text(after, "example.com.", check_origin=False)
    lines = list(difflib.ndiff(text.splitlines(), after.splitlines()))
    return [each[2:] for each in lines if each[:2] == "- "], [each[2:] for each in lines if each[:2] == "+ "]


def test_a_value_is_one_line() -> None:
    """The comment behind the other one stays."""
    record = {
        "ttl": 300,
        "values": [
            {"preference": 10, "exchange": "mx1.example.com."},
            {"preference": 30, "exchange": "mx2.example.com."},
        ],
    }
    assert _changed("", "MX", record) == (["        300 IN MX 20 mx2"], ["        300 IN MX 30 mx2.example.com."])


def test_a_ttl_is_one_number_on_each_line_of_the_set() -> None:
    """Where it was left out, it is written before the type."""
    assert _changed("www", "A", {"ttl": 30, "values": ["192.0.2.1", "192.0.2.2"]}) == (
        ["www     60 IN A 192.0.2.1", "        60 IN A 192.0.2.2"],
        ["www     30 IN A 192.0.2.1", "        30 IN A 192.0.2.2"],
    )
    assert _changed("ns1", "A", {"ttl": 30, "values": ["192.0.2.53"]})[1] == ["ns1     IN 30 A   192.0.2.53"]


def test_a_record_that_goes_leaves_its_name_to_the_next() -> None:
    """The TXT had its name from the line above it."""
    gone, came = _changed("www", "A", None)
    assert gone == [
        "www     60 IN A 192.0.2.1",
        "        60 IN A 192.0.2.2",
        '        IN TXT "v=spf1 -all"    ; nobody sends from here',
    ]
    assert came == ['www     IN TXT "v=spf1 -all"    ; nobody sends from here']


def test_a_new_value_stands_beside_the_others_and_a_new_name_at_the_end() -> None:
    """Relative to the origin that holds there."""
    values = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert _changed("www", "A", {"ttl": 60, "values": values}) == ([], ["www\t60\tIN\tA\t192.0.2.3"])
    assert _changed("new", "A", {"ttl": 60, "values": ["192.0.2.3"]}) == (
        [],
        ["new.example.com.\t60\tIN\tA\t192.0.2.3"],
    )
    assert _changed("b.eu", "TXT", {"ttl": 60, "values": ['a\\; "b"']}) == ([], ['b\t60\tIN\tTXT\t"a; \\"b\\""'])


def test_a_text_of_several_strings_is_one_text() -> None:
    """As octoDNS reads it: nothing changes where only the cut differs."""
    text = ZONE + 'long IN TXT "aa" "bb"\n'
    assert _changed("long.eu", "TXT", {"ttl": 3600, "values": ["aabb"]}, text) == ([], [])


def test_generated_records_and_dynamic_rules_are_for_a_person() -> None:
    """Why is said."""
    with pytest.raises(Unwritable, match="GENERATE"):
        _changed("host7", "A", None, ZONE + "$GENERATE 1-9 host$ A 192.0.2.$\n")
    with pytest.raises(Unwritable, match="dynamic"):
        _changed("www", "A", {"ttl": 60, "value": "192.0.2.1", "dynamic": {"pools": {}}})


def test_what_is_no_record_is_refused_with_its_line() -> None:
    """The line of the file."""
    with pytest.raises(Invalid) as caught:
        _changed("www", "A", None, ZONE + "oops IN A 300.1.1.1\n")
    assert (caught.value.place and caught.value.place.line) == 16
