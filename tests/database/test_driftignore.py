"""Partitions that a program makes all the time are ignored by pattern, and nothing else is."""

import pytest

from tests.database.test_session import NOW
from trueup.manifests.ignores import parse
from trueup.model.ignores import Place, ignored_by

LINES = b"""\
# pg_partman
table.public.events_p20*
constraint.public.events_p20*
index.public.events_p20*
!table.public.events_p2026.owner
function.partman.*
policy."Odd Schema".*
"""


@pytest.mark.parametrize(
    ("address", "path", "ignored"),
    [
        ("table.public.events_p2026_11", (), True),
        ("table.public.events_p2026_11", ("columns", "id"), True),
        ("constraint.public.events_p2026_11.events_p2026_11_pkey", (), True),
        ("index.public.events_p2026_11_at_idx", (), True),
        ("table.public.events_p2026", ("owner",), False),
        ("table.public.events_premium", (), False),
        ("table.public.events", (), False),
        ("table.other.events_p2026_11", (), False),
        ("function.partman.run(text, integer)", (), True),
    ],
)
def test_addresses_of_a_catalog_can_be_ignored(address: str, path: tuple[str, ...], ignored: bool) -> None:
    """As `.driftignore` writes every other address."""
    found = parse(LINES, ".driftignore")
    place = Place(address, address.partition(".")[0], "", path)
    assert (ignored_by(place, found.rules, NOW) is not None) is ignored


def test_a_name_with_a_blank_is_told() -> None:
    """It takes a `?` in the blank's place."""
    (finding,) = parse(LINES, ".driftignore").findings
    assert finding.place is not None and finding.place.line == 7
    (rule,) = parse(b'policy."Odd?Schema".*', ".driftignore").rules
    assert ignored_by(Place('policy."Odd Schema".t.p', "policy", "", ()), [rule], NOW)
