"""What the libraries below octoDNS raise, from their own exceptions to our errors."""

import dns.exception
import dns.tsig
import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError
from octodns.provider import SupportsException
from octodns_bind import AxfrSourceZoneTransferFailed, Rfc2136ProviderUpdateFailed

from tests.dns.jobs import CONFIG, POWERDNS, tree, with_provider
from trueup.drivers.dns.client_errors import Translator
from trueup.drivers.dns.configuration.config import read
from trueup.drivers.dns.process.complaints import complaint
from trueup.drivers.dns.process.walk import StepFailed
from trueup.model.errors import Invalid, Rejected, TrueupError, Unavailable

TREE = tree(with_provider(**POWERDNS))
TRANSLATOR = Translator(read(TREE, CONFIG), TREE, lambda text: text.replace("hunter2", "***"))


def answered(status: int, body: str) -> requests.HTTPError:
    response = requests.Response()
    response.status_code, response._content = status, body.encode()
    return requests.HTTPError(f"{status} for url: http://192.0.2.53/api?key=hunter2", response=response)


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "ChangeResourceRecordSets")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (answered(401, "Unauthorized"), Rejected, "credentials are not accepted"),
        (answered(403, "forbidden"), Rejected, "credentials are not accepted"),
        (answered(429, "slow down"), Unavailable, "asked too often: slow down"),
        (answered(503, "maintenance"), Unavailable, "answered 503: maintenance"),
        (answered(422, '{"error": "RRset x. IN A: bad"}'), Rejected, "RRset x. IN A: bad"),
        (requests.ConnectionError("refused"), Unavailable, "no answer"),
        (requests.ReadTimeout("5 s"), Unavailable, "no answer"),
        (Exception("PowerDNS unauthorized host=192.0.2.53"), Rejected, "credentials are not accepted"),
        (refused("Throttling", "Rate exceeded"), Unavailable, "asked too often: Rate exceeded"),
        (refused("PriorRequestNotComplete"), Unavailable, "asked too often"),
        (refused("ExpiredToken", "expired"), Rejected, "credentials are not accepted: expired"),
        (refused("AccessDenied"), Rejected, "credentials are not accepted"),
        (refused("InvalidChangeBatch", "it exists"), Rejected, "it exists"),
        (EndpointConnectionError(endpoint_url="http://x"), Unavailable, "no answer"),
        (AxfrSourceZoneTransferFailed("Zone transfer error: REFUSED"), Rejected, "the server refuses"),
        (AxfrSourceZoneTransferFailed("Zone transfer error: NOTAUTH"), Rejected, "the server refuses"),
        (Rfc2136ProviderUpdateFailed("REFUSED"), Rejected, "the server refuses"),
        (dns.tsig.PeerBadSignature(), Rejected, "TSIG key is not accepted"),
        (dns.exception.TooBig(), Rejected, "too big for a message"),
        (EOFError(), Unavailable, "closed the connection"),
        (ConnectionRefusedError(111, "Connection refused"), Unavailable, "no answer"),
        (TimeoutError("timed out"), Unavailable, "no answer"),
        (SupportsException("live: LOC records not supported"), Invalid, "LOC records not supported"),
    ],
)
def test_a_servers_complaint_is_of_one_kind(error: Exception, kind: type[TrueupError], said: str) -> None:
    """What may help when it is tried again, what will not, and nothing of a secret."""
    found = TRANSLATOR.error(complaint(StepFailed("target", "example.com.", "live", error)))
    assert type(found) is kind and said in found.message and found.message.startswith("example.com. at live: ")
    assert "hunter2" not in str(found)


def test_a_source_that_asks_somebody_is_a_server_too() -> None:
    """Not every source is a file: what it says is no mistake in the repository."""
    found = TRANSLATOR.error(complaint(StepFailed("source", "example.com.", "", answered(429, "slow down"))))
    assert isinstance(found, Unavailable)
