"""Asks name servers for the serials of many zones at once: one SOA query a zone, over UDP."""

import asyncio
import socket
from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver

from trueup.drivers.dns.signal import Server
from trueup.model.errors import Unavailable

AT_ONCE = 50
"""Queries under way: more are dropped by small servers and full sockets."""
TIMEOUT = 2.0
"""Seconds for one answer."""
TRIES = 3

KeyT = TypeVar("KeyT", bound=Hashable)


def ask(wanted: Mapping[KeyT, tuple[str, Sequence[Server]]], tries: int = TRIES) -> dict[KeyT, int | None]:
    """The serial of each zone at the first of its servers that has the zone; None where all that answer have it not.
    A zone whose servers do not answer is missing."""
    known = addresses({server for _, servers in wanted.values() for server in servers})
    return asyncio.run(_ask(wanted, known, tries))


async def _ask(
    wanted: Mapping[KeyT, tuple[str, Sequence[Server]]], known: Mapping[Server, Sequence[str]], tries: int
) -> dict[KeyT, int | None]:
    limit = asyncio.Semaphore(AT_ONCE)
    down: set[tuple[str, int]] = set()

    async def one(zone: str, servers: Sequence[Server]) -> Sequence[int | None]:
        """Of the first server that has it; nothing where none answered."""
        answered = False
        async with limit:
            for at in [(address, server.port) for server in servers for address in known[server]]:
                if at in down:
                    continue
                try:
                    serial = await _serial(zone, *at, tries)
                except Unavailable:
                    # A thousand zones at a server that is down cost no more than the first ones.
                    down.add(at)
                    continue
                answered = True
                if serial is not None:
                    return [serial]
        return [None] if answered else []

    found = await asyncio.gather(*(one(zone, servers) for zone, servers in wanted.values()))
    return {key: answer[0] for key, answer in zip(wanted, found, strict=True) if answer}


async def _serial(zone: str, address: str, port: int, tries: int) -> int | None:
    """None: it is not this server's zone. Raises Unavailable."""
    question = dns.message.make_query(zone, dns.rdatatype.SOA)
    # Whoever is asked answers for itself, not from somebody else's cache.
    question.flags &= ~dns.flags.RD
    for _ in range(tries):
        try:
            answer = await dns.asyncquery.udp(question, address, timeout=TIMEOUT, port=port)
        except (dns.exception.DNSException, OSError):
            continue
        if answer.rcode() != dns.rcode.NOERROR or not answer.flags & dns.flags.AA:
            return None
        asked = question.question[0]
        found = answer.get_rrset(answer.answer, asked.name, asked.rdclass, asked.rdtype)
        return int(found[0].serial) if found else None
    raise Unavailable(f"{address} does not answer")


def addresses(servers: Iterable[Server]) -> dict[Server, Sequence[str]]:
    """By the machine's own resolver; none where it knows none."""
    found: dict[Server, Sequence[str]] = {}
    for server in servers:
        if server.is_address:
            found[server] = (server.host,)
            continue
        try:
            answers = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_DGRAM)
        except OSError:
            answers = []
        found[server] = tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
    return found


def authoritative(zones: Iterable[str], resolver: dns.resolver.Resolver | None = None) -> dict[str, Sequence[Server]]:
    """Where the world finds the zones: the primary that the SOA names, then the name servers. None where the resolver
    knows none; a hidden primary does not answer, and the next is asked."""
    asked = _Asked(resolver or dns.resolver.get_default_resolver())
    names = list(zones)
    with ThreadPoolExecutor(AT_ONCE, "dns-resolve") as pool:
        return dict(zip(names, pool.map(asked.servers, names), strict=True))


@dataclass
class _Asked:
    resolver: dns.resolver.Resolver
    down: bool = False
    """It did not answer once: it is not asked for a thousand zones more."""

    def servers(self, zone: str) -> Sequence[Server]:
        names = [*self._named(zone, "SOA", "mname"), *self._named(zone, "NS", "target")]
        return tuple(dict.fromkeys(Server(name) for name in names))

    def _named(self, zone: str, type: str, field: str) -> list[str]:
        if self.down:
            return []
        try:
            answer = self.resolver.resolve(zone, type, lifetime=TIMEOUT)
        except (dns.exception.Timeout, OSError):
            self.down = True
            return []
        except dns.exception.DNSException:
            return []  # it answers that it knows no such zone, or not where to ask
        return sorted(getattr(value, field).to_text(omit_final_dot=True) for value in answer)
