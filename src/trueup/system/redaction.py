"""Redaction by value: every secret that we hold, in every encoding that it travels in, before anything is kept.

The second net: the first is structural (drivers mask what a schema marks as sensitive). Values shorter than four
characters are not looked for, because masking them would shred the text without hiding them; neither are JSON's
own words. Base64 is found wherever the value sits in the encoded data, except for its first and last group when
they are shared with a neighbour.
"""

import base64
import json
import shlex
from collections.abc import Iterable, Iterator
from itertools import product
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4
_JSON_WORDS = frozenset({"true", "false", "null", "None", "none"})
_GO_JSON = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_XML_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_XML_QUOTES: tuple[dict[str, str], ...] = (
    {},
    {'"': "&quot;"},
    {'"': "&quot;", "'": "&apos;"},
    {'"': "&quot;", "'": "&#x27;"},
    {'"': "&#34;", "'": "&#39;"},
)
_XML_CONTROLS: tuple[dict[str, str], ...] = (
    {},
    {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"},
    {"\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"},
)
_XML = [str.maketrans({**_XML_TEXT, **quotes, **controls}) for quotes, controls in product(_XML_QUOTES, _XML_CONTROLS)]
_IN_DOUBLE_QUOTES = str.maketrans({character: "\\" + character for character in '\\"$`'})


class Redactor:
    """Knows all secrets and hides them. Build it anew when a secret is added: it is a value."""

    def __init__(self, secrets: Iterable[str]) -> None:
        values = {part for secret in secrets for part in (secret, secret.strip(), *_lines(secret))}
        worth = (value for value in values if len(value) >= SHORTEST and value not in _JSON_WORDS)
        found = {form for value in worth for form in encodings(value) if len(form) >= SHORTEST}
        self._patterns = tuple(sorted(found, key=len, reverse=True))

    @property
    def longest(self) -> int:
        return len(self._patterns[0]) if self._patterns else 0

    def text(self, text: str) -> str:
        """The text with each secret, and secrets that overlap as one, replaced by a mask."""
        return _masked(text, self._spans(text))

    def stream(self) -> "RedactedStream":
        return RedactedStream(self)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets are, merged, in order. All occurrences of all patterns: replacing one after the other would
        break a pattern that overlaps an earlier one and leave the rest of it standing."""
        found = sorted(span for pattern in self._patterns for span in _occurrences(pattern, text))
        merged: list[tuple[int, int]] = []
        for start, end in found:
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


class RedactedStream:
    """Text that arrives in pieces: the end is held back as long as it may be the beginning of a secret."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""

    def feed(self, piece: str) -> str:
        """What is certain by now, redacted."""
        text = self._held + piece
        cut = max(0, len(text) - max(0, self._redactor.longest - 1))
        spans = self._redactor._spans(text)
        for start, end in spans:
            if start < cut < end or end == cut:
                cut = start
        self._held = text[cut:]
        return _masked(text[:cut], [span for span in spans if span[1] <= cut])

    def flush(self) -> str:
        """The rest, at the end of the text."""
        rest, self._held = self._held, ""
        return self._redactor.text(rest)


def encodings(value: str) -> Iterator[str]:
    """Every form in which a value is looked for: raw, JSON (Python's, Go's, and inside another JSON string), HCL, URL,
    XML, shell, base64 at three offsets in both alphabets, hex."""
    yield value
    for escaped in (_json(value), _json(value, ascii=False), _json(value, ascii=False).translate(_GO_JSON)):
        yield escaped
        yield _json(escaped)
        yield escaped.replace("${", "$${").replace("%{", "%%{")
    for quoted in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield quoted
        yield _lower_hex(quoted)
    yield from (value.translate(table) for table in _XML)
    yield from (shlex.quote(value).removeprefix("'").removesuffix("'"), value.replace("'", "'\\''"))
    yield from (value.translate(_IN_DOUBLE_QUOTES), _backslashed(value))
    content = value.encode("utf-8", "surrogateescape")
    yield from (content.hex(), content.hex().upper())
    for offset in range(3):
        whole = content[offset : offset + (len(content) - offset) // 3 * 3]
        yield base64.b64encode(whole).decode()
        yield base64.urlsafe_b64encode(whole).decode()


def _json(value: str, *, ascii: bool = True) -> str:
    return json.dumps(value, ensure_ascii=ascii)[1:-1]


def _lower_hex(quoted: str) -> str:
    first, *rest = quoted.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _backslashed(value: str) -> str:
    return "".join(one if one.isalnum() or one in "_-./:=@%+," else "\\" + one for one in value)


def _lines(secret: str) -> list[str]:
    lines = secret.splitlines()
    return [part for line in lines for part in (line, line.strip())] if len(lines) > 1 else []


def _occurrences(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(pattern)
    while start >= 0:
        yield start, start + len(pattern)
        start = text.find(pattern, start + 1)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    parts = []
    done = 0
    for start, end in spans:
        parts += [text[done:start], MASK]
        done = end
    return "".join([*parts, text[done:]])
