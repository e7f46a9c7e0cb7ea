"""`mode: observe`: a role that can read catalogs and the history is enough; the server's own log shows only reads."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.deliveries import Journal, Stack
from tests.database.servers import OWNER, READER, SUPERUSER, Server, running, standby
from trueup.cli.server_log import records
from trueup.drivers.database.client import dialect_of
from trueup.drivers.database.dialect import Options
from trueup.drivers.database.driver import DatabaseDriver
from trueup.model.errors import Rejected
from trueup.model.plan import Address

LOGGED = {
    "log_statement": "all",
    "logging_collector": "on",
    "log_destination": "jsonlog,csvlog",
    "log_directory": "log",
    "log_filename": "server",
}


@pytest.fixture(scope="module")
def talkative() -> Iterator[Server]:
    """Writes down every statement."""
    with running(15, LOGGED) as server:
        yield server


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_observing_only_reads(talkative: Server, postgres15: Server, tmp_path: Path, kind: str) -> None:
    """Plan, check, token and a look at the lock: no write, no lock, by a role that could do neither."""
    with talkative.fresh_database() as name:
        stack = Stack(talkative, name, tmp_path, {"V1__users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);"})
        assert stack.deliver().complete
        talkative.execute(f"GRANT SELECT ON flyway_schema_history TO {READER}", name)
        talkative.execute("CREATE INDEX by_hand ON users (id)", name)
        stack.files["V2__phone.sql"] = "ALTER TABLE users ADD phone text;"
        stack.spec |= {"plan_url": talkative.url(name, READER), "scratch": postgres15.url()}
        job, driver = stack.job(evidence=None), DatabaseDriver()
        with driver.observe(job) as observation:
            plan = observation.plan()
        assert Address("migration.2") in {change.address for change in plan.changes}
        assert driver.token(job) == driver.token(job) and driver.locked_by(job) is None
        log = talkative.directory / "data" / "log" / f"server.{kind}"
        entries = [each for each in records(log.read_text()) if f"@{name}/" in each["userIdentity"]["arn"]]
    by_reader = [each for each in entries if f":{READER}@" in each["userIdentity"]["arn"]]
    assert len(by_reader) > 5 and all(each["readOnly"] for each in by_reader)
    wrote = {each["eventName"] for each in entries if "/trueup run-7" in each["userIdentity"]["arn"]}
    assert {"CREATE TABLE users", "SELECT pg_try_advisory_lock($1)"} <= wrote


def test_a_role_that_may_not_read_the_history_is_told_what_it_lacks(server: Server, database: str) -> None:
    """In the server's words."""
    server.execute("CREATE TABLE flyway_schema_history (installed_rank int)", database)
    url = server.url(database, READER)
    with dialect_of(url).connect(url, Options()) as found, pytest.raises(Rejected, match="permission denied") as caught:
        found.query("SELECT * FROM flyway_schema_history")
    assert "GRANT SELECT ON flyway_schema_history TO" in caught.value.hint


def test_a_replica_is_read_and_never_delivered_to(tmp_path: Path) -> None:
    """A real standby: plans work there; an apply is refused before anything is begun, with what to do."""
    with running(15) as primary:
        stack = Stack(primary, "postgres", tmp_path, {"V1__users.sql": "CREATE TABLE users (id bigint PRIMARY KEY);"})
        primary.execute(f"GRANT ALL ON SCHEMA public TO {OWNER}")
        assert stack.deliver().complete
        with standby(primary) as follower:
            replica = Stack(follower, "postgres", tmp_path, {**stack.files, "V2__x.sql": "CREATE TABLE x (id int);"})
            assert Address("table.public.users") in replica.snapshot()
            replica.journal = Journal()
            with pytest.raises(Rejected, match="read-only replica") as caught:
                replica.deliver()
            assert "primary" in caught.value.hint and not replica.journal.entries


def test_a_server_that_requires_tls_is_spoken_to_with_it(tmp_path: Path) -> None:
    """Without TLS it refuses; with it, the certificate is checked against the authority and the name."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is absent: apt-get install openssl")
    key, certificate = tmp_path / "server.key", tmp_path / "server.crt"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *subject],
        check=True,
        capture_output=True,
    )
    files = {
        "server.key": key.read_text(),
        "server.crt": certificate.read_text(),
        "pg_hba.conf": "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
    }
    with running(15, {"ssl": "on"}, files) as server:
        url = server.url("postgres", SUPERUSER)
        with dialect_of(url).connect(f"{url}?sslmode=verify-full&sslrootcert={certificate}", Options()) as found:
            assert found.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]
        environment = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(certificate)}
        with dialect_of(url).connect(url, Options(environment=environment)):
            pass
        for way, words in (("sslmode=disable", "no encryption"), ("sslmode=verify-full", "root certificate")):
            with pytest.raises(Rejected, match=words) as caught, dialect_of(url).connect(f"{url}?{way}", Options()):
                pass
            assert "ssl" in caught.value.hint
