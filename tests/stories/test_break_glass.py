"""Break-glass on the real thing: opened, worked under, closed, looked at, written into code, and told on one page."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import serving
from tests.signals.records import envelope
from tests.stories.small import WEB, SmallOffice, code_of_web, data, named, on_aws, open_small, open_with
from tests.terraform.aws import make_bucket
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.engine.break_glass import Wanted
from trueup.engine.break_glass_page import page
from trueup.model.break_glass import Because, BreakGlassId, BreakGlassState, of_session
from trueup.model.drift import DriftState, Resolution
from trueup.model.run import RunState
from trueup.web.access import Access
from trueup.web.app import create_app
from trueup.web.offices import Vitals
from trueup.web.tokens import NewToken, Scope, Tokens
from trueup.wiring.offices import offices

ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CONSOLE = """
import boto3, sys
print(boto3.client("sts").get_caller_identity()["Arn"])
ec2 = boto3.client("ec2")
group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [sys.argv[1]]}])["SecurityGroups"][0]
rule = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
sys.exit(7)
"""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """A person's terminal, elsewhere: a server, a token of their own, and their own environment."""

    office: SmallOffice
    url: str
    tokens: Tokens

    def trueup(self, person: str, *words: str) -> Said:
        wanted = NewToken(person, (Scope.DECIDE,), self.office.site.clock.now() + timedelta(days=1))
        secret = self.tokens.create(wanted, "test")[1]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
        environment = {
            **kept,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "TRUEUP_SERVER": self.url,
            "TRUEUP_TOKEN": secret,
            "AWS_ACCESS_KEY_ID": "AKIAOFTHEPERSON",
            "MY_SECRET": "stays",
        }
        done = subprocess.run(
            [sys.executable, "-m", "trueup", *words], env=environment, capture_output=True, text=True, check=False
        )
        assert secret not in done.stdout + done.stderr
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def desk(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> Iterator[Desk]:
    """One group on AWS, delivered by Trueup, and a role for emergencies."""
    with open_small(cloud, terminal, tmp_path) as office:
        role = cloud.role(f"emergency-{office.group_name}", ANYTHING, cloud.trueup)
        office.deliver()
        credentials = [{**office.rules["credentials"][0], "breakGlass": {"awsRole": role}}]
        office.govern("deliver", sections={"credentials": credentials})
        tokens = Tokens(office.installed.store, office.site.clock)
        vitals = Vitals(lambda: True, lambda: None, lambda: None, office.installed.seal.key_id)
        app = create_app(office.site, Access(tokens), offices(office.installed, office.scheduler), vitals)
        with serving(app) as url:
            yield Desk(office, url, tokens)


def test_what_was_done_by_hand_in_an_emergency_ends_in_code(desk: Desk) -> None:
    """Opened, a delivery waits, a port is opened under a session that carries the id; closed, looked at, proven in a
    change request, merged; the page tells it all, and the waiting delivery never undid it."""
    office = desk.office
    words = ("--because", "outage", "--reason", "checkout is down", "--ttl", "30m", "--ticket", "INC-4711")
    opened = desk.trueup("anna", "break-glass", "open", "--stack", "live/web", *words, "-o", "json")
    assert opened.code == 0, opened.err
    id = BreakGlassId(json.loads(opened.out)["id"])
    office.merged(WEB, "core", "shop", by="ben", message="A routine change")
    waiting = office.finish()
    assert waiting.state is RunState.APPROVED and office.real_tags["Owner"] == "core", "deliveries wait"
    assert f"break-glass {id} of anna is open until" in desk.trueup("ben", "run", "show", waiting.id).out

    done = desk.trueup("anna", "break-glass", "exec", id, "--", sys.executable, "-c", CONSOLE, office.group_name)
    assert (done.code, office.open_ports) == (7, {443, 8443}), done.err
    assert done.out.strip().endswith(f"/trueup-{id}-anna") and of_session(done.out.strip()) == id
    shown = desk.trueup("anna", "break-glass", "exec", id, "--", "env").out
    assert "MY_SECRET" not in shown and "TRUEUP_" not in shown and "AKIAOFTHEPERSON" not in shown
    assert "AWS_SESSION_TOKEN=" in shown, "the command has it; nothing of ours ever printed it"
    (wrote,) = [
        record
        for record in office.cloud.records()
        if of_session(record.identity) == id and not record.failed and record.kind == "write"
    ]
    assert wrote.action == "ec2:AuthorizeSecurityGroupIngress"
    assert office.site.signals.take("aws", [envelope(dict(wrote.event))]).accepted == 1
    refused = desk.trueup("ben", "break-glass", "exec", id, "--", "env")
    assert refused.code == 1 and f"{id} is not ben's" in refused.err

    assert desk.trueup("anna", "break-glass", "close", id).code == 0
    assert "it is closed" in desk.trueup("anna", "break-glass", "exec", id, "--", "env").err
    office.look(4)
    glass = office.site.break_glasses.get(id)
    (written,) = glass.written
    (drift,) = office.check("web")
    assert written.proven and written.drifts == (drift.id,) and drift.state is DriftState.CODIFYING
    assert drift.origin is not None and (drift.actor, drift.origin.break_glass) == ("anna", id)
    request = office.forge.get(written.request)
    assert "8443" in office.forge.diff(request.number) and "checkout is down" in request.body
    assert glass.state is BreakGlassState.FOLLOWED
    assert office.open_ports == {443, 8443} and office.run(waiting).state is RunState.BLOCKED

    office.merge(request, approved_by="carla")
    office.look(3)
    assert office.open_ports == {443, 8443} and office.real_tags["Owner"] == "shop"
    assert office.drift(drift.id).resolution is Resolution.CODIFIED
    told = desk.trueup("ben", "break-glass", "show", id, "--markdown").out
    for part in (
        "checkout is down",
        "INC-4711",
        "anna took credentials",
        "8443",
        "| anna |",
        f"codified in #{request.number}",
    ):
        assert part in told, told
    assert "Nothing." in told.partition("What is owed")[2]
    kinds = [entry.draft.kind.removeprefix("break-glass.") for entry in office.ledger("break-glass.")]
    assert kinds == ["opened", "credentials", "credentials", "closed", "followed"]


def test_what_was_done_while_trueup_was_down_comes_back(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """Nobody looked; somebody applied a merged commit with plain Terraform, somebody else opened a port. Trueup comes
    back: the commit explains the one, the other is drift; written down afterwards, it ends in a change request."""
    name = f"down-{tmp_path.name[-12:].strip('_-0123456789') or 'web'}-{os.getpid()}"
    bucket = make_bucket(cloud, f"states-{name}".lower().replace("_", "-"))
    web, app = on_aws(code_of_web(name), bucket), on_aws(data("one", "first"), bucket, "app")
    files = {
        f"live/{short}/{file}": text for short, code in (("web", web), ("app", app)) for file, text in code.items()
    }
    with open_with(cloud, terminal, tmp_path, files, name=name) as office:
        for short in ("web", "app"):
            office.apply_by_hand(short=short)
        office.look()
        office.adopt("web", "app")
        office.govern("propose")
        began = office.site.clock.now()
        commit = office.edit("live/app/main.tf", "first", "second", by="ben", message="During the outage")
        office.apply_by_hand(short="app")
        office.open_a_port(8443)
        ended = office.site.clock.now()

        office.look()
        assert office.check("app") == [] and office.stack("app").settled == commit
        (foreign,) = office.ledger("foreign.")
        assert foreign.draft.kind == "foreign.apply" and foreign.draft.commit == commit
        (drift,) = office.check("web")
        wanted = Wanted(Because.DOWN, "nothing answered", environment="dev", ticket="INC-4712")
        glass = office.site.break_glasses.record(wanted, named("mira"), began, ended)
        office.look(4)
        glass = office.site.break_glasses.get(glass.id)
        assert glass.state is BreakGlassState.FOLLOWED and glass.retroactive
        (written,) = glass.written
        assert written.proven and written.drifts == (drift.id,)
        with office.site.store.transaction() as tx:
            told = page(tx, glass, office.site.clock.now())
        assert [change.drift.id for change in told.changes] == [drift.id]
        assert [entry.draft.kind for entry in told.beside] == ["foreign.apply"]
