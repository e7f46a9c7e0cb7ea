"""POST /events/aws: what EventBridge delivers, and everything else that arrives there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signals.records import authorize, envelope
from tests.web.calling import calling
from tests.web.site import Bench, bench
from trueup.model.plan import Address
from trueup.model.signal import Subject
from trueup.settings import LARGEST_BODY
from trueup.web.tokens import Scope

URL = "/api/v1/events/aws"
APP = "infra//environments/dev/app"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        stack = made.stack(APP)
        with made.installation.store.transaction() as tx:
            tx.put_subjects(stack.id, [Subject("sg-0a1b2c3d4e5f60718", Address("aws_security_group.web"))])
        yield made


def test_one_event_or_a_list_is_taken_and_counted(site: Bench) -> None:
    """202 with what became of them, also the second time; the token is a header of its own, as an API key."""
    one = envelope(authorize())
    with calling(site.app, "203.0.113.7", **{"X-API-Key": site.token("bus", Scope.EVENTS)}) as bus:
        taken = bus.post(URL, json=one)
        assert taken.status_code == 202
        assert taken.json() == {"accepted": 1, "duplicate": 0, "ours": 0, "unknown": 0, "ignored": 0}
        unknown = envelope(authorize(22, "sg-0fedcba9876543210"))
        many = bus.post(URL, json=[one, unknown, envelope(authorize(readOnly=True)), one])
        assert many.json() == {"accepted": 0, "duplicate": 1, "ours": 0, "unknown": 1, "ignored": 1}
        assert bus.post(URL, json=[]).json()["accepted"] == 0
    with calling(site.app, Authorization=f"Bearer {site.token('anna', Scope.READ)}") as reader:
        (heard,) = reader.get("/api/v1/events").json()
        assert (heard["source"], heard["counts"]["duplicate"], heard["blind_since"]) == ("aws", 1, None)
        assert reader.get("/readyz").json()["signals"] == [heard]
        assert 'trueup_signals{outcome="unknown",source="aws"} 1.0' in reader.get("/metrics").text


def test_a_token_for_events_is_for_nothing_else(site: Bench) -> None:
    """And a token that decides does not hand in events: who may do that can blame people."""
    for scope, status in ((Scope.EVENTS, 202), (Scope.ADMIN, 202), (Scope.DECIDE, 403), (Scope.READ, 403)):
        with calling(site.app, "203.0.113.7", Authorization=f"Bearer {site.token('x', scope)}") as client:
            assert client.post(URL, json=[]).status_code == status
            assert client.get("/api/v1/stacks").status_code == (403 if scope is Scope.EVENTS else 200)
    with calling(site.app, "203.0.113.7") as nobody:
        assert nobody.post(URL, json=[]).status_code == 401
        assert nobody.post(URL, json=[], headers={"X-API-Key": "guess"}).status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"not json", 400, "not JSON"),
        (b'"text"', 422, "event 1 of 1 is not a JSON object"),
        (b"[1, 2]", 422, "event 1 of 2"),
        (b"{}", 422, "eventID"),
        (json.dumps([envelope(authorize()), {"detail": 1}]).encode(), 422, "event 2 of 2: `detail` is not"),
        (json.dumps([{}] * 1001).encode(), 422, "too many"),
        (b'"' + b"x" * LARGEST_BODY + b'"', 413, "larger than"),
    ],
)
def test_what_is_no_event_is_said_and_nothing_is_half_taken(
    site: Bench, content: bytes, status: int, said: str
) -> None:
    """In our envelope, naming which one and why; the good ones beside it are not taken either."""
    headers = {"Authorization": f"Bearer {site.token('bus', Scope.EVENTS)}", "Content-Type": "application/json"}
    with calling(site.app, "203.0.113.7", **headers) as bus:
        refused = bus.post(URL, content=content)
    assert refused.status_code == status
    assert said in refused.json()["error"]["message"]
    assert site.installation.site.signals.heard() == ()


def test_a_source_that_nobody_understands_is_not_there(site: Bench) -> None:
    """404, with those that are."""
    with calling(site.app, Authorization=f"Bearer {site.token('bus', Scope.EVENTS)}") as bus:
        refused = bus.post("/api/v1/events/moon", json={})
    assert refused.status_code == 404
    assert "known: aws" in refused.json()["error"]["hint"]
