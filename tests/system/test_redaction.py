"""Redaction: a canary in any encoding, anywhere, in any chunks, never survives."""

import base64
import html
import json
import shlex
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trueup.system.redaction import MASK, Redactor

letters = st.characters(blacklist_categories=("Cs",), blacklist_characters="*")
canaries = st.text(letters, min_size=8, max_size=40).filter(
    lambda text: len(text.strip()) >= 8 and len(text.splitlines()) == 1
)
surroundings = st.text(letters, max_size=20)


def go_json(text: str) -> str:
    """As Go's encoding/json writes a string."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    for character in "<>&\u2028\u2029":
        plain = plain.replace(character, f"\\u{ord(character):04x}")
    return plain


ENCODERS = {
    "raw": lambda text: text,
    "json": lambda text: json.dumps(text)[1:-1],
    "json unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json go": go_json,
    "json in json": lambda text: json.dumps(json.dumps(text))[3:-3],
    "url": lambda text: quote(text, safe=""),
    "url path": quote,
    "url form": quote_plus,
    "xml text": escape,
    "xml attribute": lambda text: quoteattr(text)[1:-1],
    "html": html.escape,
    "shell": lambda text: shlex.quote(text).strip("'") if "'" not in text else shlex.quote(text)[1:-1],
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("name", ENCODERS)
@given(canary=canaries, before=surroundings, after=surroundings, data=st.data())
def test_no_encoding_survives_any_chunking(
    name: str, canary: str, before: str, after: str, data: st.DataObject
) -> None:
    """Whole text and stream agree, and neither shows the canary."""
    encoded = ENCODERS[name](canary)
    assume(name != "shell" or not encoded.startswith("'"))
    text = f"{before}{encoded}{after}"
    redactor = Redactor(["another secret", canary])
    assert encoded not in redactor.text(text)
    assert MASK in redactor.text(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    stream = redactor.stream()
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join([*map(stream.feed, pieces), stream.flush()]) == redactor.text(text)


@given(canary=canaries, before=st.binary(max_size=7), after=st.binary(max_size=7), urlsafe=st.booleans())
def test_base64_is_found_wherever_the_value_sits(canary: str, before: bytes, after: bytes, urlsafe: bool) -> None:
    """`user:password` headers: the groups that hold only the secret are gone, at each of the three offsets."""
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    content = canary.encode()
    whole = encode(before + content + after).decode()
    first = -(-len(before) // 3)
    last = (len(before) + len(content)) // 3
    core = whole[first * 4 : last * 4]
    assert len(core) >= 4
    redacted = Redactor([canary]).text(f"Authorization: Basic {whole}")
    assert core not in redacted
    assert MASK in redacted


def test_each_line_of_a_multi_line_secret_is_hidden() -> None:
    """Logs come by line; indentation does not save a line."""
    key = "-----BEGIN KEY-----\n  c2VjcmV0LWtleQ==\nbW9yZS1rZXk=\n-----END KEY-----\n"
    redactor = Redactor([key])
    assert redactor.text("got c2VjcmV0LWtleQ== and") == f"got {MASK} and"
    assert redactor.text("x\nbW9yZS1rZXk=\ny") == f"x\n{MASK}\ny"
    assert "c2Vj" not in redactor.text(json.dumps({"key": key}))
    assert redactor.text(f"[{key}]") == f"[{MASK}]"


def test_overlapping_secrets_leave_nothing_between_them() -> None:
    """One secret inside, before or across another: all of it is hidden."""
    redactor = Redactor(["abcdef", "defghi", "cd12", "abcdefghijkl"])
    assert redactor.text("-abcdefghi-") == f"-{MASK}-"
    assert redactor.text("-abcd12-") == f"-ab{MASK}-"
    assert redactor.text("-abcdefghijkl-") == f"-{MASK}-"
    assert Redactor(["aaaa"]).text("xaaaaaax") == f"x{MASK}x"


def test_short_values_and_words_of_json_are_left_alone() -> None:
    """Masking `no` or `true` would shred every text and hide nothing."""
    redactor = Redactor(["", "no", "abc", "true", "null"])
    text = '{"enabled": true, "value": null, "no": "abc"}'
    assert redactor.text(text) == text
    assert redactor.longest == 0
    stream = redactor.stream()
    assert stream.feed(text) + stream.flush() == text


def test_a_stream_holds_back_no_more_than_it_must() -> None:
    """What cannot be part of a secret any more is handed on at once."""
    redactor = Redactor(["secret-value"])
    stream = redactor.stream()
    out = stream.feed("x" * 1000)
    assert len(out) == 1000 - (redactor.longest - 1)
    assert stream.flush() == "x" * (redactor.longest - 1)


@given(st.lists(canaries, min_size=1, max_size=3), surroundings)
def test_redacting_twice_changes_nothing(secrets: list[str], text: str) -> None:
    """What is redacted stays readable as it is."""
    redactor = Redactor(secrets)
    once = redactor.text(text + secrets[0] + text)
    assume(not any(MASK in secret for secret in secrets))
    assert redactor.text(once) == once
