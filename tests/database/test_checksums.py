"""Checksums and the lock's key, against values that Java's own CRC32 and readLine gave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.database.folders import flyway
from trueup.drivers.database.migrations.checksums import ancient, checksum, postgres_lock_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc\ndef efg\nxyz", 989464445),
        ("abc\r\ndef efg\r\nxyz", 989464445),
        ("abc\ndef efg\nxyz\n", 989464445),
        ("abc\rdef efg\rxyz\r", 989464445),
        ("SELECT 1;\n", 78787420),
        ("\ufeffCREATE TABLE été (id int);\r\n", -1448046468),
        ("select 'me';\n", 171792146),
        ("select '${Who}';\n", 429529093),
        ("", 0),
    ],
)
def test_checksums_are_flyways(text: str, expected: int) -> None:
    """The published vectors."""
    assert checksum(text) == expected


def test_the_lock_is_flyways() -> None:
    """Who takes the same lock excludes Flyway, and is excluded by it."""
    assert postgres_lock_key("public", "flyway_schema_history") == 77433833903597


def test_a_repeatable_stores_the_filled_text_and_accepts_the_raw_one() -> None:
    """Flyway stores the checksum after placeholders were replaced, and takes the raw one for unchanged."""
    found = flyway({"R__who.sql": "select '${Who}';\n"}, {"who": "me"})
    (migration,) = found.files
    assert migration.checksum == 171792146
    assert migration.accepted == {171792146, 429529093}


def test_a_versioned_file_stores_the_raw_text() -> None:
    """Placeholders never move the checksum of a versioned file."""
    (migration,) = flyway({"V1__who.sql": "select '${Who}';\n"}, {"who": "me"}).files
    assert (migration.checksum, migration.accepted) == (429529093, {429529093})
    assert migration.sql == "select 'me';\n"


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",))), max_size=8))
def test_line_ends_never_count(lines: list[str]) -> None:
    """Unix, Windows and old Mac line ends, a last one, blank lines and joined lines are all the same file."""
    whole = checksum("\n".join(lines))
    for end in ("\r\n", "\r"):
        assert checksum(end.join(lines)) == whole
    assert checksum("\n\n".join(lines) + "\n") == whole
    assert lines[:1] == [""] or lines[:1] == [] or lines[0].startswith("\ufeff") or checksum("".join(lines)) == whole


def test_separators_of_unicode_are_no_line_ends() -> None:
    """U+2028 and U+0085 are characters of a line, as in Java."""
    assert checksum("a\u2028b") != checksum("ab")
    assert checksum("a\x85b") != checksum("ab")


def test_only_the_first_byte_order_mark_is_dropped() -> None:
    """One mark, at the start of the file."""
    assert checksum("\ufeffa") == checksum("a") != checksum("\ufeff\ufeffa")
    assert checksum("a\n\ufeffb") != checksum("a\nb")


def test_white_space_and_comments_count() -> None:
    """What is inside a line is never normalised."""
    assert checksum("select 1;") != checksum("select  1;") != checksum("select 1; -- one")


def test_flyway_3_counted_bytes() -> None:
    """Its checksum moves with line ends: a conversion by Git is what it looks like."""
    assert ancient(b"abc\ndef efg\nxyz") != ancient(b"abc\r\ndef efg\r\nxyz")
