"""Errors on their way out: status by kind, and nothing that nobody should see."""

import asyncio
import logging
from collections.abc import Callable

import httpx
import pytest
from starlette.types import Message

from tests.web.calling import calling
from tests.web.site import OWNER, Bench
from trueup.model.errors import (
    Broken,
    Invalid,
    LostLease,
    Place,
    Refused,
    Rejected,
    TrueupError,
    Unavailable,
)
from trueup.ports.store import Conflict
from trueup.settings import LARGEST_BODY
from trueup.web import door

SECRET = "hunter2-very-secret"


def raising(site: Bench, error: Exception) -> httpx.Response:
    """What a route answers in which this is raised."""

    def fail() -> None:
        raise error

    site.app.add_api_route("/api/v1/fail", fail)
    with calling(site.app, Authorization=f"Bearer {OWNER}") as client:
        return client.get("/api/v1/fail")


@pytest.mark.parametrize(
    ("kind", "status"),
    [(Invalid, 422), (Refused, 403), (Rejected, 502), (Unavailable, 503), (Broken, 500), (LostLease, 500)],
)
def test_a_kind_has_a_status(site: Bench, kind: type[TrueupError], status: int) -> None:
    """And the body what is wrong, where, and what to do next."""
    answer = raising(site, kind("the words", place=Place("trueup.yaml", 3, 7), hint="do this"))
    error = answer.json()["error"]
    assert answer.status_code == status
    assert error["kind"] == (kind.__name__.lower() if kind is not LostLease else "broken")
    assert "the words" in error["message"]
    assert error["place"] == {"file": "trueup.yaml", "line": 3, "column": 7}
    assert (answer.headers.get("Retry-After") is not None) == (status == 503)
    if status == 500:
        assert answer.headers["X-Request-Id"] in error["hint"]
    else:
        assert error["hint"] == "do this"


def test_a_lost_race_is_409(site: Bench) -> None:
    """It never reaches a person as what it is inside."""
    answer = raising(site, Conflict("runs run-1 is not at generation 3"))
    assert (answer.status_code, answer.json()["error"]["kind"]) == (409, "unavailable")
    assert "generation" not in answer.text


def test_an_unknown_exception_leaves_an_id_and_nothing_else(site: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The log has it under that id, the answer not a word of it, and the headers are as ever."""
    with caplog.at_level(logging.ERROR, "trueup.web"):
        answer = raising(site, ZeroDivisionError(SECRET))
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    id = answer.headers["X-Request-Id"]
    assert id in answer.json()["error"]["hint"]
    assert any(id in record.getMessage() and record.exc_info for record in caplog.records)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_malformed_is_named_and_not_repeated(owner: httpx.Client) -> None:
    """Not JSON: 400. A wrong or unknown field: 422 with its name."""
    at = "/api/v1/tokens"
    broken = owner.post(at, content=b'{"person": "' + SECRET.encode(), headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["error"]["message"]) == (400, "the body is not JSON")
    wrong = owner.post(at, json={"scopes": [SECRET], "pasword": SECRET})
    assert wrong.status_code == 422
    for field in ("person", "scopes.0", "pasword"):
        assert field in wrong.json()["error"]["message"]
    assert SECRET not in broken.text + wrong.text
    listed = owner.post(at, json=[SECRET])
    assert (listed.status_code, SECRET in listed.text) == (422, False)


def test_what_the_router_does_not_know_is_an_error_like_others(owner: httpx.Client) -> None:
    """No such address, no such method."""
    for answer, status in ((owner.get("/api/v1/nothing"), 404), (owner.delete("/api/v1/stacks"), 405)):
        assert (answer.status_code, answer.json()["error"]["kind"]) == (status, "invalid")
    assert owner.get("/docs").status_code == owner.get("/redoc").status_code == 404


def test_bodies_are_json_and_not_too_large(owner: httpx.Client) -> None:
    """Whatever else is sent is not even parsed."""
    at = "/api/v1/tokens"
    form = owner.post(at, data={"person": "anna"})
    assert form.status_code == 415
    large = owner.post(at, json={"person": "x" * (LARGEST_BODY + 1)})
    assert large.status_code == 413
    assert owner.post("/api/v1/audit-self", json={"records": [{"x": "y" * LARGEST_BODY}]}).status_code == 422


def test_a_body_that_does_not_come_is_given_up(site: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends half of it holds nothing for long."""
    monkeypatch.setattr(door, "BODY_SECONDS", 0.01)
    assert asyncio.run(_status(site.app, [{"type": "http.request", "body": b"{", "more_body": True}])) == 408


async def _status(app: Callable[..., object], messages: list[Message]) -> int:
    found: list[int] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        return await asyncio.Future()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/tokens",
        "raw_path": b"/api/v1/tokens",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {OWNER}".encode()), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)  # type: ignore[misc]
    return found[0]


def test_requests_are_logged_without_what_they_carry(
    site: Bench, owner: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Id, method, template, status, time and who; no query, no token, no name of a stack."""
    with caplog.at_level(logging.INFO, "trueup.web.access"):
        answer = owner.get(f"/api/v1/stacks/{SECRET}?token={SECRET}", headers={"X-Trueup-As": "anna"})
    (record,) = [each for each in caplog.records if each.name == "trueup.web.access"]
    line = record.getMessage()
    assert line.startswith(f"{answer.headers['X-Request-Id']} GET /api/v1/stacks/{{id}} 404")
    assert line.endswith("as 'anna'")
    assert SECRET not in line
    assert OWNER not in line


def test_every_answer_has_the_headers(site: Bench, owner: httpx.Client) -> None:
    """Answered, refused or unknown; and no other origin is invited."""
    with calling(site.app) as stranger:
        for answer in (owner.get("/api/v1/stacks"), stranger.get("/api/v1/stacks"), stranger.get("/healthz")):
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert not any(name.startswith("access-control") for name in answer.headers)
