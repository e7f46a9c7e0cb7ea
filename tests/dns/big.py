"""A zone of many records, on a PowerDNS and in an octoDNS repository beside it, the same on both sides."""

import sqlite3

from tests.dns.jobs import CONFIG, ZONE, config
from tests.dns.powerdns import PowerDNS

NAME = "example.com."


def records(count: int) -> list[tuple[str, str, str]]:
    """Name, type and value: addresses, texts and aliases, in the order in which octoDNS wants them."""
    found = []
    for number in range(count):
        name = f"n{number:06}"
        match number % 4:
            case 0:
                found.append((name, "CNAME", f"target-{number}.example.net."))
            case 1:
                found.append((name, "TXT", f"site-verification={number:032x}"))
            case _:
                found.append((name, "A", f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"))
    return found


def as_code(server: PowerDNS, count: int) -> dict[str, str]:
    zone = "".join(f"{name}:\n  ttl: 300\n  type: {type}\n  value: {value}\n" for name, type, value in records(count))
    return {CONFIG: config(server.provider(timeout=120)), ZONE: f"---\n{zone}"}


def fill(server: PowerDNS, count: int) -> None:
    """Into the server's database: through its API this takes longer than what is measured."""
    server.create(NAME)
    server.set(NAME, NAME, "NS")
    with sqlite3.connect(server.database) as database:
        (zone,) = database.execute("SELECT id FROM domains WHERE name = ?", (NAME.rstrip("."),)).fetchone()
        rows = [
            (zone, f"{name}.{NAME}".rstrip("."), type, f'"{value}"' if type == "TXT" else value.rstrip("."))
            for name, type, value in records(count)
        ]
        database.executemany(
            "INSERT INTO records (domain_id, name, type, content, ttl, disabled, auth) VALUES (?, ?, ?, ?, 300, 0, 1)",
            rows,
        )
    database.close()
