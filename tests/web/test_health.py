"""/healthz, /readyz, /metrics, and the API's description of itself."""

import math
import re

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.store import nouns as stored
from tests.web import nouns
from tests.web.calling import calling
from tests.web.conftest import Person
from tests.web.routes import routes
from tests.web.site import Bench
from trueup.engine.signals import Taken, note
from trueup.model.drift import CheckState
from trueup.ports.store import SEALING_KEY
from trueup.web.metrics import METRICS
from trueup.web.tokens import Scope


def test_healthz_says_that_the_process_is_alive_and_no_more(site: Bench) -> None:
    """To anybody; no version."""
    with calling(site.app, "203.0.113.7") as stranger:
        assert stranger.get("/healthz").json() == {"status": "alive"}


def test_readyz_names_what_is_missing(site: Bench) -> None:
    """Engine, Git, key: each by itself; ready when nothing is missing."""
    with calling(site.app) as local:
        ready = local.get("/readyz")
        assert (ready.status_code, ready.json()["missing"]) == (200, [])
        site.running = False
        stopped = local.get("/readyz")
        assert (stopped.status_code, stopped.json()["missing"]) == (503, ["the engine is not running"])
        site.running = True
        site.clock.advance(3600)
        assert local.get("/readyz").json()["missing"] == ["Git was looked at last 3600 seconds ago"]
        site.looked_at = None
        assert local.get("/readyz").json()["missing"] == ["Git was not looked at yet"]
        site.looked_at = site.clock.now()
        with site.installation.store.transaction() as tx:
            tx.put_fact(SEALING_KEY, "another")
        assert "sealed with the key another" in local.get("/readyz").json()["missing"][0]
        site.installation.options.data.joinpath("trueup.db").write_bytes(b"no database any more" * 1000)
        for rest in site.installation.options.data.glob("trueup.db-*"):
            rest.unlink()
        assert any(each.startswith("the database") for each in local.get("/readyz").json()["missing"])


def test_figures_are_for_this_machine_or_a_token(site: Bench, person: Person) -> None:
    """From elsewhere, or through a proxy on this machine, only with one."""
    for path in ("/readyz", "/metrics"):
        with calling(site.app, "203.0.113.7") as stranger, calling(site.app) as local:
            assert stranger.get(path).status_code == 401
            assert local.get(path).status_code == 200
            for host in ("localhost:8484", "[::1]", "[::1]:8484"):
                assert local.get(path, headers={"Host": host}).status_code == 200
            assert local.get(path, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 401
            assert local.get(path, headers={"Host": "rebound.example:8484"}).status_code == 401
        assert person("anna", Scope.READ).get(path).status_code == 200


def figures(client: httpx.Client) -> dict[tuple[str, ...], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_tell_of_runs_drifts_checks_and_the_ledger(site: Bench, owner: httpx.Client) -> None:
    """By environment, also where there is nothing; silence has an age."""
    nouns.waiting_run(site)
    nouns.finished_runs(site, 2)
    nouns.open_drift(site)
    prod = site.stack(nouns.PROD)
    store = site.installation.store
    with store.transaction() as tx:
        now = site.clock.now()
        tx.put_check(
            stored.replace(stored.a_check(CheckState.CLEAN), stack=prod.id, due_at=now, completed_at=now)  # type: ignore[type-var]
        )
    lease = store.acquire(prod.id, "worker/run", 60)
    assert lease is not None
    store.beat("worker", {})
    site.clock.advance(700)
    found = figures(owner)
    assert found["trueup_runs", "delivery", "awaiting_approval"] == 1
    assert found["trueup_runs", "delivery", "finished"] == 2
    assert (found["trueup_drifts_open", "prod"], found["trueup_drifts_open", "dev"]) == (1, 0)
    assert found["trueup_check_age_seconds", "prod"] == 700
    assert found["trueup_check_age_seconds", "dev"] == math.inf
    assert found["trueup_check_oldest_age_seconds", "prod"] == math.inf
    assert (found["trueup_checks_overdue", "prod"], found["trueup_checks_overdue", "dev"]) == (2, 1)
    assert (found["trueup_leases",], found["trueup_workers",], found["trueup_workers_silent",]) == (1, 1, 0)
    assert found["trueup_ledger_entries",] > 0
    assert found["trueup_stacks", "prod", "unadopted"] == 2


def test_requests_are_timed_by_route_and_not_by_name(site: Bench, owner: httpx.Client) -> None:
    """Names would make a new line each."""
    owner.get("/api/v1/stacks/none")
    owner.get("/wp-login.php")
    found = figures(owner)
    assert found["trueup_http_request_seconds_count", "GET", "/api/v1/stacks/{id}", "404"] == 1
    assert found["trueup_http_request_seconds_count", "GET", "(none)", "404"] == 1


def test_what_is_exposed_is_what_the_table_says(site: Bench, owner: httpx.Client) -> None:
    """Names, kinds and help: documentation is checked against the table."""
    nouns.waiting_run(site)
    with site.installation.store.transaction() as tx:
        note(tx, "aws", Taken(accepted=1), site.clock.now())
    owner.get("/api/v1/stacks")
    text = owner.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) == {metric.name for metric in METRICS}
    for metric in METRICS:
        assert (families[metric.name].type, families[metric.name].documentation) == (metric.type, metric.help)
        labels = {name for sample in families[metric.name].samples for name in sample.labels} - {"le"}
        assert labels == set(metric.labels)


def test_the_api_describes_itself_to_whoever_may_read(site: Bench, person: Person, owner: httpx.Client) -> None:
    """Every route with a summary and a description, each operation under one name of its own, no secret in it."""
    reader = person("anna", Scope.READ)
    document = reader.get("/api/v1/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] and operation["description"] for operation in operations)
    described = {(method.upper(), path) for path, each in document["paths"].items() for method in each}
    assert described == {(route.method, route.template) for route in routes(site.app)} - {
        ("GET", "/api/v1/openapi.json")
    }
    assert all(re.fullmatch(r"[a-z0-9_./{}-]+", path) for path in document["paths"])


def test_the_rest_of_the_site_answers(owner: httpx.Client) -> None:
    """What is installed, and what is to be said of the control repository."""
    assert owner.get("/api/v1/doctor").json()[0]["name"] == "git"
    assert isinstance(owner.get("/api/v1/validate").json(), list)
