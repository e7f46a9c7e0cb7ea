"""Asks the authoritative name servers whether they answer what was applied, until they do or a deadline passes."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset
from dns.rdtypes.txtbase import TXTBase

from trueup.drivers.dns.prepared import Prepared
from trueup.drivers.dns.servers.serials import addresses
from trueup.drivers.dns.signal import Server, named, primary
from trueup.drivers.dns.walked import WalkedZone, ZoneChange
from trueup.drivers.dns.zonefiles.presentation import rdata_texts
from trueup.drivers.dns.zonefiles.splices import Unwritable
from trueup.model.values import JSON

MOST = 200
"""Names asked for at each server: of a bigger change the first ones stand for all."""
NAMES = frozenset(map(dns.rdatatype.from_text, ("CNAME", "DNAME", "MX", "NS", "PTR", "SRV")))
"""Types whose values are names and numbers: capitals mean nothing there."""
TIMEOUT = 2.0
"""Seconds for one question."""
PAUSE = 0.2
LONGEST_PAUSE = 2.0


@dataclass(frozen=True)
class RecordSet:
    """What a server should answer for one name and type."""

    name: str
    type: str
    texts: frozenset[str]
    """Values as a zone file writes them, normalised; none: there should be no such record."""

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


def missing(prepared: Prepared, zone: WalkedZone, changes: Sequence[ZoneChange], deadline: float) -> Sequence[str]:
    """What some server does not answer when the deadline (time.monotonic) has passed; empty where nobody can be
    asked: then what the provider's API has is all that is known."""
    if deadline <= time.monotonic():
        return ()
    left = {server: list(record_sets_of(zone, changes)) for server in servers_of(prepared, zone)}
    pause = PAUSE
    while True:
        left = {server: found for server, asked in left.items() if (found := _unanswered(server, asked))}
        if not left or time.monotonic() >= deadline:
            return [f"{server}: {each}" for server, sets in left.items() for each in sets]
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(pause * 2, LONGEST_PAUSE)


def record_sets_of(zone: WalkedZone, changes: Sequence[ZoneChange]) -> Iterator[RecordSet]:
    """Of what a name server can be asked for: neither rules nor types that only a provider knows."""
    for change in changes[:MOST]:
        name = f"{change.name}.{zone.zone}" if change.name else zone.zone
        try:
            kind = dns.rdatatype.from_text(change.type)
            texts = normal(kind, rdata_texts(change.type, change.after)) if change.after is not None else frozenset()
        except (Unwritable, dns.exception.DNSException, ValueError):
            continue
        # A server answers any name below a wildcard that goes, and what replaces a record may be a wildcard's.
        if not change.name.startswith("*") and (texts or change.before is not None):
            yield RecordSet(name, change.type, texts)


def servers_of(prepared: Prepared, zone: WalkedZone) -> Sequence[Server]:
    """Those of the spec; else the server of an RFC 2136 provider; else the zone's own NS, as far as their names are
    known here."""
    block = prepared.config.providers[zone.target]
    own = primary(block.class_name, block.settings, prepared.client.environment)
    if prepared.spec.nameservers:
        wanted = [named(text) for text in prepared.spec.nameservers]
    elif own is not None:
        wanted = [own]
    else:
        names: JSON = zone.records.get(("", "NS"), {})
        wanted = [Server(str(name).rstrip(".")) for name in names.get("values", ())]
    known = addresses(wanted)
    return [Server(known[server][0], server.port) for server in wanted if known[server]]


def _unanswered(server: Server, wanted: Sequence[RecordSet]) -> list[RecordSet]:
    return [each for each in wanted if not _answers(server, each)]


def _answers(server: Server, wanted: RecordSet) -> bool:
    asked = dns.message.make_query(wanted.name, wanted.type, flags=0)
    try:
        answer, _ = dns.query.udp_with_fallback(asked, server.host, timeout=TIMEOUT, port=server.port)
    except (dns.exception.DNSException, OSError, EOFError):
        return False
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return False
    kind = dns.rdatatype.from_text(wanted.type)
    found = {alike(rdata) for rrset in answer.answer if rrset.rdtype == kind for rdata in rrset}
    if not wanted.texts:
        return not any(str(rrset.name) == wanted.name for rrset in answer.answer if rrset.rdtype == kind)
    return found == wanted.texts


def normal(kind: dns.rdatatype.RdataType, texts: Iterator[str]) -> frozenset[str]:
    """As dnspython writes them, so that both sides are alike."""
    made = dns.rrset.from_text_list("x.", 0, dns.rdataclass.IN, kind, list(texts))
    return frozenset(alike(rdata) for rdata in made)


def alike(rdata: dns.rdata.Rdata) -> str:
    """A value as it is compared: texts however they are cut into strings, and with or without the backslashes that some
    of octoDNS's providers keep in theirs; names in small letters."""
    if isinstance(rdata, TXTBase):
        text = b"".join(rdata.strings).decode(errors="backslashreplace")
        return '"' + re.sub(r'\\(["\\])', r"\1", text) + '"'
    return rdata.to_text().lower() if rdata.rdtype in NAMES else rdata.to_text()
