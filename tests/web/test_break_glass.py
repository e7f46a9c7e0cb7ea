"""/break-glass: opened, confirmed, extended, closed and shown; credentials only to whoever opened it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.break_glass.glass import DEV, NO_SECOND, PROD, Glass, open_glass
from tests.web import nouns
from tests.web.calling import calling
from trueup.model.break_glass import Because
from trueup.model.run import RunState
from trueup.web.tokens import Scope

AT = "/api/v1/break-glass"
DOWN = {"because": "outage", "reason": "checkout is down"}


@pytest.fixture
def glass(tmp_path: Path) -> Iterator[Glass]:
    with open_glass(tmp_path, NO_SECOND) as made:
        yield made


@pytest.fixture
def people(glass: Glass) -> Iterator[dict[str, httpx.Client]]:
    """Somebody elsewhere, each with their own token."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                calling(glass.bench.app, "203.0.113.7", Authorization=f"Bearer {glass.bench.token(name)}")
            )
            for name in ("anna", "ben")
        }


def test_from_the_request_to_the_page(glass: Glass, people: dict[str, httpx.Client]) -> None:
    """Asked for, confirmed by another one, extended, closed; each answer is the page as it is by then."""
    anna, ben = people["anna"], people["ben"]
    asked = anna.post(AT, json={**DOWN, "stack": "prod/app", "second": "ben", "ticket": "INC-1"})
    assert (asked.status_code, asked.json()["state"], asked.json()["asked"]) == (201, "requested", "ben")
    id = asked.json()["id"]
    assert anna.post(f"{AT}/{id}/confirm").status_code == 403
    opened = ben.post(f"{AT}/{id}/confirm").json()
    assert (opened["state"], opened["second"], opened["names"]) == ("open", "ben", [PROD])
    assert [each["id"] for each in ben.get(AT).json()] == [id]
    assert ben.get(AT, params={"env": "dev"}).json() == []
    extended = ben.post(f"{AT}/{id}/extend", json={"reason": "longer", "ttl": 3600}).json()
    assert extended["extension"]["person"] == "ben"
    drift = glass.drifted(name=PROD, not_before=glass.clock.now())
    page = anna.get(f"{AT}/{id}").json()
    assert [change["id"] for change in page["changes"]] == [drift.id]
    assert page["changes"][0]["codified_where"] == "undecided"
    for part in (f"# Break-glass {id}", "checkout is down", "INC-1", "aws_security_group", "8443"):
        assert part in page["markdown"], page["markdown"]
    assert "before" not in page
    assert anna.post(f"{AT}/{id}/close").json()["state"] == "closed"
    assert "was not looked at since it ended" in ben.get(f"{AT}/{id}").json()["owed"][0]
    assert ben.get(AT, params={"state": "closed"}).json()[0]["id"] == id


def test_what_is_wrong_is_answered_as_such(glass: Glass, people: dict[str, httpx.Client]) -> None:
    """Unknown ids, half a period, unknown reasons, a token that may only read."""
    anna = people["anna"]
    assert anna.get(f"{AT}/bg-none").status_code == 404
    half = anna.post(AT, json={**DOWN, "because": "down", "stack": DEV, "began": "2026-01-05T02:10:00+01:00"})
    assert (half.status_code, half.json()["error"]["hint"]) == (422, "--from 02:10 --to 03:00")
    assert anna.post(AT, json={**DOWN, "because": "lunch", "stack": DEV}).status_code == 422
    assert anna.post(AT, json={**DOWN, "stack": DEV, "ttl": 0}).status_code == 422
    reader = glass.bench.token("anna", Scope.READ)
    with calling(glass.bench.app, Authorization=f"Bearer {reader}") as reading:
        assert reading.get(AT).status_code == 200
        assert reading.post(AT, json={**DOWN, "stack": DEV}).status_code == 403
    period = {"began": "2026-01-05T02:10:00+01:00", "ended": "2026-01-05T03:00:00+01:00"}
    written = anna.post(AT, json={"because": "down", "reason": "nothing answered", "environment": "dev", **period})
    assert (written.status_code, written.json()["retroactive"], written.json()["state"]) == (201, True, "closed")


def test_credentials_do_not_travel_where_others_can_read_them(glass: Glass, people: dict[str, httpx.Client]) -> None:
    """Plain HTTP from elsewhere is refused before anything is asked for, also behind a proxy that took it so; on this
    machine the next question is who asks."""
    made = glass.open()
    at = f"{AT}/{made.id}/credentials"
    refused = people["anna"].post(at, json={})
    assert refused.status_code == 403 and "others can read" in refused.json()["error"]["message"]
    token = glass.bench.token("anna")
    with calling(glass.bench.app, Authorization=f"Bearer {token}") as here:
        told = here.post(at, json={}, headers={"X-Forwarded-Proto": "https, http"})
        assert "others can read" in told.json()["error"]["message"]
        for headers in ({}, {"X-Forwarded-Proto": "https"}):
            message = here.post(at, json={}, headers=headers).json()["error"]["message"]
            assert "no break-glass role is configured" in message
        other = here.post(at, json={"stack": "prod/app"}).json()["error"]["message"]
        assert "does not cover that stack" in other
    ben = glass.bench.token("ben")
    with calling(glass.bench.app, Authorization=f"Bearer {ben}") as here:
        assert f"{made.id} is not ben's" in here.post(at, json={}).json()["error"]["message"]
    assert glass.kinds() == ["opened"], "nothing was lent"


def test_no_credentials_before_the_second_person_nor_after_the_end(
    glass: Glass, people: dict[str, httpx.Client]
) -> None:
    """Requested, over by the clock although no round was made yet, closed."""
    token = glass.bench.token("anna")
    with calling(glass.bench.app, Authorization=f"Bearer {token}") as here:

        def said(id: str) -> str:
            return str(here.post(f"{AT}/{id}/credentials", json={}).json()["error"]["message"])

        assert "waits for its second person" in said(glass.open(name=PROD).id)
        made = glass.open()
        glass.clock.advance(3601)
        assert "its time is over" in said(made.id)
        glass.round()
        assert "it is expired" in said(made.id)


def test_a_run_says_what_it_waits_for(glass: Glass, people: dict[str, httpx.Client]) -> None:
    """Approved, and held by somebody who works by hand; and a run is urgent by two people's word."""
    made = glass.open(environment="prod", because=Because.SECURITY)
    run = nouns.waiting_run(glass.bench, state=RunState.APPROVED)
    anna, ben = people["anna"], people["ben"]
    assert f"break-glass {made.id} of anna is open" in ben.get(f"/api/v1/runs/{run.id}").json()["held"]
    first = anna.post(f"/api/v1/runs/{run.id}/urgent", json={"reason": "this is the fix"})
    assert (first.status_code, first.json()["urgency"]["second"]) == (200, "")
    assert anna.post(f"/api/v1/runs/{run.id}/urgent").status_code == 403
    assert ben.post(f"/api/v1/runs/{run.id}/urgent").json()["urgency"]["second"] == "ben"
