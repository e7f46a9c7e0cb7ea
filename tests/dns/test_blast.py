"""What a plan puts at risk is said first, with numbers, and more people are asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.drivers.dns.blast import FEW, SHARE, findings
from trueup.drivers.dns.walked import Guard, Verb, WalkedZone, ZoneChange
from trueup.model.values import JSON

A: JSON = {"ttl": 60, "values": ["192.0.2.1"]}


def _zone(*changes: ZoneChange, records: int = 20, exists: bool = True, never: str = "") -> WalkedZone:
    real = {(f"h{number}", "A"): A for number in range(records)}
    guard = Guard(records, 0.3, 0.3)
    return WalkedZone("example.com.", "pdns", True, "PowerDnsProvider", exists, real, changes, guard, never)


def _change(verb: Verb, name: str = "www", type: str = "A") -> ZoneChange:
    return ZoneChange(verb, name, type, None if verb == "create" else A, None if verb == "delete" else A)


@pytest.mark.parametrize(
    ("verb", "name", "type", "asks"),
    [
        ("update", "", "MX", 1),
        ("delete", "", "MX", 1),
        ("create", "", "MX", 0),
        ("create", "sub", "NS", 1),
        ("update", "", "A", 1),
        ("create", "", "A", 0),
        ("update", "www", "A", 0),
        ("delete", "sub", "DS", 1),
    ],
)
def test_mail_delegation_and_the_zones_own_name_ask_for_another_person(
    verb: Verb, name: str, type: str, asks: int
) -> None:
    """MX, NS, DS and the apex; what takes nothing away does not, but for a delegation."""
    assert sum(finding.more for finding in findings([_zone(_change(verb, name, type))])) == asks


def test_a_share_of_a_zone_is_told_in_numbers() -> None:
    """Also of a zone so small that octoDNS looks away."""
    (finding,) = findings([_zone(*(_change("delete", f"h{n}") for n in range(4)), records=5)])
    assert (finding.message, finding.more) == ("it would remove 4 of 5 records of example.com. (80%)", 1)


def test_what_is_never_applied_or_not_there_yet_puts_nothing_at_risk() -> None:
    """A new zone takes nothing away; `always-dry-run` writes nothing."""
    changes = [_change("update", "", "MX"), *(_change("delete", f"h{n}") for n in range(9))]
    assert not findings([_zone(*changes, never="always-dry-run")])
    assert not findings([_zone(_change("create", "", "NS"), records=0, exists=False)])


@given(st.integers(1, 60), st.integers(0, 60))
def test_a_large_share_never_goes_unsaid(records: int, gone: int) -> None:
    """Whatever the size of the zone."""
    gone = min(gone, records)
    found = findings([_zone(*(_change("delete", f"h{n}") for n in range(gone)), records=records)])
    assert bool(found) == (gone > FEW and gone / records > SHARE)
