"""PowerDNS' API for reading, at the place and with the key that a provider's settings name.

Format: https://doc.powerdns.com/authoritative/http-api/index.html.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import httpx

from trueup.drivers.dns.signal import resolved
from trueup.model.errors import Rejected, Unavailable
from trueup.model.values import JSON

AGAIN = frozenset({429, 500, 502, 503, 504})
"""Answers after which trying again later may help."""


@dataclass(frozen=True)
class PowerDNS:
    """One server, while its connections are open. Threads may share it."""

    where: str
    http: httpx.Client

    def serials(self) -> dict[str, int]:
        """Of every zone, as its database has them, in one call. Raises Unavailable, Rejected."""
        return {str(each["name"]): int(each["serial"]) for each in self.get("/zones")}

    def zone(self, name: str) -> JSON:
        return self.get(f"/zones/{_escaped(name)}")

    def metadata(self, zone: str) -> JSON:
        return self.get(f"/zones/{_escaped(zone)}/metadata")

    def get(self, path: str) -> JSON:
        """Raises Unavailable, Rejected."""
        try:
            answer = self.http.get(path)
        except httpx.HTTPError as error:
            raise Unavailable(f"PowerDNS at {self.where} does not answer: {error}") from None
        if answer.status_code in AGAIN:
            raise Unavailable(f"PowerDNS at {self.where} answers {answer.status_code}: {answer.text[:200]}")
        if answer.status_code != 200:
            hint = "the variable of `api_key` holds another key than the server" if answer.status_code == 401 else ""
            raise Rejected(f"PowerDNS at {self.where} answers {answer.status_code} to {path}", hint=hint)
        return answer.json()


@contextmanager
def connected(settings: Mapping[str, JSON], environment: Mapping[str, str]) -> Iterator[PowerDNS]:
    """With a provider's settings as they are written: `env/NAME` stands for a variable. Raises Rejected for settings
    that name no server."""
    given = {name: resolved(value, environment) for name, value in settings.items()}
    where = f"{given.get('scheme') or 'http'}://{given.get('host')}:{given.get('port') or 8081}"
    try:
        http = httpx.Client(
            base_url=f"{where}/api/v1/servers/{quote(str(given.get('server_id') or 'localhost'))}",
            headers={"X-API-Key": str(given.get("api_key") or "")},
            timeout=float(given.get("timeout") or 5),
            verify=given.get("ssl_verify") is not False,
            trust_env=False,
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise Rejected(f"{where} is no address of a PowerDNS: {error}") from None
    with http:
        yield PowerDNS(where, http)


def _escaped(zone: str) -> str:
    """PowerDNS's own escapes: `=2F` is a slash, before 4.8 the only one."""
    return quote_plus(zone).replace("%", "=")
