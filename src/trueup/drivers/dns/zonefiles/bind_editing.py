"""Zone files of BIND, edited in place: one line for one value, everything else as somebody wrote it.

Source of the format: RFC 1035, section 5, with $TTL (RFC 2308) and the units of BIND's TTLs. dnspython compares values;
where they stand in the text it does not tell, so that is found here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.ttl

from trueup.drivers.dns.convert import DEFAULT_TTL
from trueup.drivers.dns.zonefiles.bind_lines import Entry, Span, entries_of
from trueup.drivers.dns.zonefiles.presentation import rdata_texts
from trueup.drivers.dns.zonefiles.splices import Splice, Unwritable, spliced
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON

CLASSES = frozenset({"IN", "CH", "HS", "CS"})


@dataclass(frozen=True)
class Line:
    """One record as it is written."""

    entry: Entry
    owner: dns.name.Name
    own_name: bool
    """It begins with its name; otherwise it has the one of the record before it."""
    origin: dns.name.Name
    type: str
    type_at: Span
    ttl: int
    ttl_at: Span | None
    rdata: dns.rdata.Rdata
    rdata_at: Span


def with_record(text: str, file: str, zone: str, name: str, type: str, record: Mapping[str, JSON] | None) -> str:
    """The text with the record of a name ("" is the apex) and type as given; None: without it. Raises Invalid for a
    text that is no zone file, Unwritable."""
    page = Page(text, file, dns.name.from_text(zone))
    owner = dns.name.from_text(name or "@", page.zone)
    edited = spliced(text, list(page.edits(owner, type, record)))
    after = Page(edited, file, page.zone)
    wanted = None if record is None else (int(record.get("ttl", DEFAULT_TTL)), frozenset(page.wanted(type, record)))
    expected = {key: each for key, each in page.sets().items() if key != (owner, type)}
    if after.sets() != (expected if wanted is None else {**expected, (owner, type): wanted}):
        raise Unwritable("the file is written in a way that this edit would not leave as it is")
    return edited


def has_record(text: str, file: str, zone: str, name: str, type: str) -> bool:
    """Whether a line of the file says it. Raises Invalid."""
    page = Page(text, file, dns.name.from_text(zone))
    return (dns.name.from_text(name or "@", page.zone), type) in page.sets()


class Page:
    """One zone file's text and records."""

    def __init__(self, text: str, file: str, zone: dns.name.Name) -> None:
        self.text, self.file, self.zone = text, file, zone
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.generates = False
        self.lines = list(self._lines())

    def sets(self) -> dict[tuple[dns.name.Name, str], tuple[int, frozenset[dns.rdata.Rdata]]]:
        """Name and type to TTL and values; the lowest TTL where lines of one set differ."""
        found: dict[tuple[dns.name.Name, str], tuple[int, frozenset[dns.rdata.Rdata]]] = {}
        for line in self.lines:
            ttl, values = found.get((line.owner, line.type), (line.ttl, frozenset()))
            found[line.owner, line.type] = (min(ttl, line.ttl), values | {line.rdata})
        return found

    def wanted(self, type: str, record: Mapping[str, JSON]) -> Mapping[dns.rdata.Rdata, str]:
        """Values to how they are written. Raises Unwritable."""
        try:
            return {self._rdata(type, text, self.zone): text for text in rdata_texts(type, record)}
        except dns.exception.DNSException as error:
            raise Unwritable(f"{type} has a value that a zone file cannot hold: {error}") from None

    def edits(self, owner: dns.name.Name, type: str, record: Mapping[str, JSON] | None) -> Iterator[Splice]:
        there = [line for line in self.lines if (line.owner, line.type) == (owner, type)]
        if not there and self.generates:
            raise Unwritable("the file has `$GENERATE` or `$INCLUDE`: the record may come from there")
        if record is None:
            yield from self._without(there)
            return
        wanted = dict(self.wanted(type, record))
        ttl = int(record.get("ttl", DEFAULT_TTL))
        gone = [line for line in there if wanted.pop(line.rdata, None) is None]
        for line in there:
            yield from self._with_ttl(line, ttl)
        paired = list(zip(gone, list(wanted.items()), strict=False))
        for line, (rdata, text) in paired:
            yield Splice(line.rdata_at.start, line.rdata_at.end, text)
            wanted.pop(rdata)
        yield from self._without(gone[len(paired) :])
        if wanted:
            yield self._added(owner, type, ttl, list(wanted.values()))

    def _with_ttl(self, line: Line, ttl: int) -> Iterator[Splice]:
        if line.ttl == ttl:
            return
        if line.ttl_at is not None:
            yield Splice(line.ttl_at.start, line.ttl_at.end, str(ttl))
        else:
            yield Splice(line.type_at.start, line.type_at.start, f"{ttl} ")

    def _without(self, gone: Sequence[Line]) -> Iterator[Splice]:
        """Whole lines; a record behind that has its name from one of them gets it written out."""
        for line in gone:
            yield Splice(line.entry.start, line.entry.end, "")
        for before, line in zip([None, *self.lines], self.lines, strict=False):
            if line.own_name or line in gone or before is None or before not in gone:
                continue
            first = line.entry.words[0].span.start
            name = self._relative(line.owner, line.origin)
            yield Splice(line.entry.start, first, f"{name} ".ljust(first - line.entry.start))

    def _added(self, owner: dns.name.Name, type: str, ttl: int, texts: Sequence[str]) -> Splice:
        """Behind the last record of the set, of the name, or of the file."""
        near = [line for line in self.lines if line.owner == owner]
        same = [line for line in near if line.type == type]
        after = (same or near or self.lines)[-1] if self.lines else None
        at = after.entry.end if after is not None else len(self.text)
        origin = after.origin if after is not None else self.zone
        break_before = "" if at == 0 or self.text[:at].endswith(("\n", "\r")) else self.newline
        name = self._relative(owner, origin)
        new = [f"{name}\t{ttl}\tIN\t{type}\t{text}{self.newline}" for text in texts]
        following = next((line for line in self.lines if line.entry.start >= at), None)
        if following is not None and not following.own_name and following.owner != owner:
            raise Unwritable("the record behind has its name from the one before it")
        return Splice(at, at, break_before + "".join(new))

    def _relative(self, owner: dns.name.Name, origin: dns.name.Name) -> str:
        return owner.relativize(origin).to_text() if owner.is_subdomain(origin) else owner.to_text()

    def _lines(self) -> Iterator[Line]:
        origin, default = self.zone, DEFAULT_TTL
        owner: dns.name.Name | None = None
        for entry in entries_of(self.text):
            words = [each.text for each in entry.words]
            try:
                match words[0].upper():
                    case "$ORIGIN":
                        origin = dns.name.from_text(words[1], origin)
                    case "$TTL":
                        default = dns.ttl.from_text(words[1])
                    case "$GENERATE" | "$INCLUDE":
                        self.generates = True
                    case _:
                        line = self._line(entry, owner, origin, default)
                        owner = line.owner
                        yield line
            except (dns.exception.DNSException, IndexError, ValueError) as error:
                number = self.text.count("\n", 0, entry.start) + 1
                raise Invalid(f"this is no record: {error}", place=Place(self.file, number)) from None

    def _line(self, entry: Entry, owner: dns.name.Name | None, origin: dns.name.Name, default: int) -> Line:
        words = list(entry.words)
        own_name = not entry.indented
        if own_name:
            owner = dns.name.from_text(words.pop(0).text, origin)
        if owner is None:
            raise ValueError("it has no name, and there is none before it")
        ttl, ttl_at = default, None
        while words[0].text.upper() in CLASSES or words[0].text[0].isdigit():
            word = words.pop(0)
            if word.text.upper() not in CLASSES:
                ttl, ttl_at = dns.ttl.from_text(word.text), word.span
        kind = words.pop(0)
        type = dns.rdatatype.to_text(dns.rdatatype.from_text(kind.text))
        span = Span(words[0].span.start, words[-1].span.end)
        rdata = self._rdata(type, " ".join(word.text for word in words if word.text not in "()"), origin)
        return Line(entry, owner, own_name, origin, type, kind.span, ttl, ttl_at, rdata, span)

    def _rdata(self, type: str, text: str, origin: dns.name.Name) -> dns.rdata.Rdata:
        read = dns.rdata.from_text(dns.rdataclass.IN, type, text, origin, relativize=False)
        return _joined(read)


def _joined(rdata: dns.rdata.Rdata) -> dns.rdata.Rdata:
    """A text in several strings says the same as in one: octoDNS joins them too."""
    strings = getattr(rdata, "strings", None)
    if strings is None:
        return rdata
    whole = b"".join(strings)
    parts = tuple(whole[start : start + 255] for start in range(0, max(1, len(whole)), 255))
    return rdata.replace(strings=parts)
