"""What a name server answers against what the code says: propagation, a split horizon, a resolver that remembers."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from trueup.drivers.dns.servers.serials import AT_ONCE, TIMEOUT, TRIES, addresses
from trueup.drivers.dns.servers.verify import RecordSet, alike, normal
from trueup.drivers.dns.signal import Server
from trueup.drivers.dns.walked import Name, WalkedZone
from trueup.drivers.dns.zonefiles.presentation import rdata_texts
from trueup.drivers.dns.zonefiles.splices import Unwritable
from trueup.model.errors import Unavailable
from trueup.model.values import JSON

SILENT = "no answer"


@dataclass(frozen=True)
class Wanted:
    """One record set as the code has it."""

    records: RecordSet
    ttl: int


@dataclass(frozen=True)
class Answer:
    texts: frozenset[str]
    ttl: int = 0
    authoritative: bool = False
    """The server's own; otherwise its TTL counts down."""
    error: str = ""


@dataclass(frozen=True)
class Deviation:
    name: str
    type: str
    code: str
    answered: str


def code_of(zone: WalkedZone) -> Mapping[Name, JSON]:
    """Every record set that the code has."""
    changed = {(change.name, change.type): change.after for change in zone.changes}
    return {name: values for name, values in {**zone.records, **changed}.items() if values}


def wanted_of(zone: WalkedZone) -> Iterator[Wanted]:
    """What the code has, of types that a name server can be asked for. Names with a wildcard stand for many."""
    for (name, type), values in sorted(code_of(zone).items()):
        if name.startswith("*"):
            continue
        try:
            texts = normal(dns.rdatatype.from_text(type), rdata_texts(type, values))
        except (Unwritable, dns.exception.DNSException, ValueError):
            continue
        yield Wanted(RecordSet(f"{name}.{zone.zone}" if name else zone.zone, type, texts), int(values["ttl"]))


def deviations(server: Server, wanted: Sequence[Wanted]) -> list[Deviation]:
    """Raises Unavailable where the server answers nothing at all."""
    answers = _asked(server, [each.records for each in wanted])
    if wanted and all(answers[each.records].error == SILENT for each in wanted):
        raise Unavailable(f"{server} does not answer", hint="name another server, or its port behind an @")
    return [found for each in wanted if (found := _deviation(each, answers[each.records])) is not None]


def _deviation(wanted: Wanted, answer: Answer) -> Deviation | None:
    records = wanted.records
    code = f"{wanted.ttl} {', '.join(sorted(records.texts))}"
    if answer.error:
        return Deviation(records.name, records.type, code, answer.error)
    same_time = answer.ttl == wanted.ttl if answer.authoritative else answer.ttl <= wanted.ttl
    if answer.texts == records.texts and same_time:
        return None
    said = f"{answer.ttl} {', '.join(sorted(answer.texts))}" if answer.texts else "nothing"
    return Deviation(records.name, records.type, code, said)


def _asked(server: Server, wanted: Iterable[RecordSet]) -> Mapping[RecordSet, Answer]:
    known = addresses([server])[server]
    if not known:
        raise Unavailable(f"the name {server.host} is not known here", hint="write the server's address")
    return asyncio.run(_ask(known[0], server.port, list(wanted)))


async def _ask(address: str, port: int, wanted: Sequence[RecordSet]) -> Mapping[RecordSet, Answer]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(records: RecordSet) -> Answer:
        async with limit:
            return await _answer(address, port, records)

    return dict(zip(wanted, await asyncio.gather(*(one(each) for each in wanted)), strict=True))


async def _answer(address: str, port: int, records: RecordSet) -> Answer:
    asked = dns.message.make_query(records.name, records.type)
    kind = dns.rdatatype.from_text(records.type)
    for _ in range(TRIES):
        try:
            answer, _ = await dns.asyncquery.udp_with_fallback(asked, address, timeout=TIMEOUT, port=port)
        except (dns.exception.DNSException, OSError, EOFError):
            continue
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return Answer(frozenset(), error=dns.rcode.to_text(answer.rcode()))
        found = [each for each in answer.answer if each.rdtype == kind and str(each.name).lower() == records.name]
        texts = frozenset(alike(rdata) for rrset in found for rdata in rrset)
        return Answer(texts, min((each.ttl for each in found), default=0), bool(answer.flags & dns.flags.AA))
    return Answer(frozenset(), error=SILENT)
