"""The next version, in the style of the newest file."""

from datetime import UTC, datetime

import pytest

from trueup.drivers.database.codify_names import Style, next_version, words
from trueup.drivers.database.migrations.migrations import Version

AT = datetime(2026, 11, 22, 3, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest", "taken", "expected"),
    [
        ("7", ["7"], "8"),
        ("7", ["7", "9"], "10"),
        ("007", ["7"], "008"),
        ("099", ["99"], "100"),
        ("1.9", ["1.9"], "1.10"),
        ("1_2", ["1.2"], "1_3"),
        ("1.2", ["1.2", "1.2.5"], "1.3"),
        ("7", ["7", "8.1"], "9"),
        ("20241122103000", ["20241122103000"], "20261122031205"),
        ("20991122103000", ["20991122103000"], "20991122103001"),
        ("202411221030", ["202411221030"], "202611220312"),
        ("2024.11.22.1", ["2024.11.22.1"], "2026.11.22.1"),
        ("2026.11.22.1", ["2026.11.22.1"], "2026.11.22.2"),
        ("2026.11.22", ["2026.11.22"], "2026.11.23"),
        ("2024_01_31_120000", ["2024.1.31.120000"], "2026_11_22_031205"),
        ("", [], "1"),
    ],
)
def test_the_next_version_is_higher_and_looks_alike(newest: str, taken: list[str], expected: str) -> None:
    """Numbers, padded numbers, parts, moments and days; the history counts too."""
    style = Style("db", "V", newest, "__", ".sql")
    found = next_version(style, map(Version.parse, taken), AT)
    assert found == expected
    assert all(Version.parse(found.replace("-", "_")) > Version.parse(each) for each in taken)


def test_descriptions_are_names_of_files() -> None:
    """Small letters, digits and underscores; not without end."""
    assert words('add index "Weird Näme"') == "add_index_weird_n_me"
    assert len(words("x" * 500)) == 60 and words("!") == "codify_drift"
