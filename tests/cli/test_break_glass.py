"""`trueup break-glass` and `run urgent` in a terminal: what people type, read, and are told to do next."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.cli.conftest import Trueup
from trueup.cli.borrowing import built, run_with
from trueup.cli.client import confidential
from trueup.cli.invocation import Invocation, Output
from trueup.cli.when import earlier, seconds
from trueup.model.errors import Invalid, Refused

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=1)))
DEV = "infra//environments/dev/app"


def test_opened_shown_extended_closed_and_listed(trueup: Trueup) -> None:
    """Each answer is the page, with the exact commands for what comes next."""
    opened = trueup(
        "break-glass",
        "open",
        "-s",
        "dev/app",
        "--because",
        "outage",
        "-r",
        "checkout is down",
        "--ttl",
        "30m",
        "--as",
        "anna",
    )
    assert opened.code == 0, opened.err
    for part in ("open", "anna", "outage", "checkout is down", DEV, "Nothing that a check has seen."):
        assert part in opened.out
    (listed,) = json.loads(trueup("break-glass", "list", "-o", "json").out)
    id = listed["id"]
    assert f"trueup break-glass exec {id} -- COMMAND" in opened.out
    assert f'trueup break-glass extend {id} --reason "..."' in opened.out
    short = id.removeprefix("bg-")[:5]
    assert "extended" in trueup("break-glass", "extend", short, "--ttl", "1h", "-r", "longer", "--as", "ben").out
    again = trueup("break-glass", "extend", short, "-r", "longer", "--as", "ben")
    assert (again.code, "once is all" in again.err) == (1, True)
    closed = trueup("break-glass", "close", short, "--as", "anna")
    assert "was not looked at since it ended" in closed.out and "Ways on" not in closed.out
    text = trueup("break-glass", "show", id, "--markdown").out
    assert text.startswith(f"# Break-glass {id}\n") and "checkout is down" in text
    assert id in trueup("break-glass", "list").out
    assert "No break-glass is open" in trueup("break-glass", "list", "--state", "lapsed").out


def test_what_is_wrong_tells_what_to_type(trueup: Trueup) -> None:
    """No scope, two scopes, no span, nobody by that name, nothing to run."""
    base = ("break-glass", "open", "--because", "outage", "-r", "down", "--as", "anna")
    neither = trueup(*base)
    assert (neither.code, "--stack NAME, or --env NAME" in neither.err) == (2, True)
    assert trueup(*base, "--stack", "dev/app", "--env", "dev").code == 2
    assert "is no span of time" in trueup(*base, "--stack", "dev/app", "--ttl", "soon").err
    long = trueup(*base, "--stack", "dev/app", "--ttl", "1d")
    assert (long.code, "--ttl 4h or less" in long.err) == (1, True)
    assert "trueup break-glass list" in trueup("break-glass", "show", "bg-0000000000").err
    nobody = trueup("break-glass", "open", "--because", "outage", "-r", "down", "--env", "dev")
    assert (nobody.code, "--as NAME" in nobody.err) == (1, True)


def test_written_down_afterwards(trueup: Trueup) -> None:
    """With times of day; marked as such."""
    words = ("--env", "dev", "--because", "down", "-r", "nothing answered", "--as", "anna")
    done = trueup("break-glass", "open", *words, "--from", "2026-01-05T02:10Z", "--to", "2026-01-05T03:00Z")
    assert "closed, written down afterwards" in done.out, done.err
    half = trueup("break-glass", "open", *words, "--from", "2026-01-05T02:10Z")
    assert (half.code, "--from 02:10 --to 03:00" in half.err) == (2, True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("02:10", "2026-11-22T02:10:00+01:00"),
        ("9:30", "2026-11-22T09:30:00+01:00"),
        ("23:00", "2026-11-21T23:00:00+01:00"),
        ("90m", "2026-11-22T08:00:00+01:00"),
        ("2026-11-20T03:00", "2026-11-20T03:00:00+01:00"),
    ],
)
def test_a_time_of_day_is_the_newest_such(typed: str, meant: str) -> None:
    """Of what is past; everything else is read as elsewhere."""
    assert earlier(typed, NOW) == meant


def test_spans_and_times_that_are_none() -> None:
    """As people type them, and nothing else."""
    assert [seconds(text) for text in ("90s", "30m", "1h30m", "1 d", "2h 5min")] == [90, 1800, 5400, 86400, 7500]
    for text in ("", "soon", "30", "m", "1h!", "-5m"):
        with pytest.raises(Invalid, match="no span"):
            seconds(text)
    for text in ("25:00", "12:60", "noon"):
        with pytest.raises(Invalid):
            earlier(text, NOW)


def test_a_command_gets_the_keys_and_nothing_of_who_else_one_is() -> None:
    """Our tokens and the person's own cloud never; what was asked for by name, and the lent keys above all."""
    own = {
        "PATH": "/bin",
        "HOME": "/home/anna",
        "LC_ALL": "C",
        "TRUEUP_TOKEN": "t",
        "AWS_PROFILE": "root",
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_REGION": "us-east-1",
        "GITHUB_TOKEN": "g",
        "TF_VAR_zone": "z",
    }
    lent = {"AWS_ACCESS_KEY_ID": "lent", "AWS_REGION": "eu-central-1"}
    made = built(own, lent, ["TF_VAR_*", "TRUEUP_TOKEN", "AWS_PROFILE"])
    assert made == {
        "PATH": "/bin",
        "HOME": "/home/anna",
        "LC_ALL": "C",
        "TF_VAR_zone": "z",
        "AWS_EC2_METADATA_DISABLED": "true",
        **lent,
    }
    with pytest.raises(Invalid, match="there is no command no-such-command"):
        run_with(lent, ["no-such-command"], [])


def test_credentials_are_not_asked_for_in_clear() -> None:
    """A server elsewhere needs TLS; this machine does not."""

    def asked(server: str) -> None:
        confidential(Invocation(Output.TABLE, server, "", Path(), "", ""))

    for server in ("", "https://trueup.example.com", "http://127.0.0.1:8642", "http://localhost:1", "http://[::1]:1"):
        asked(server)
    for server in ("http://trueup.example.com", "http://10.0.0.1:8642", "http://127.0.0.1.example.com"):
        with pytest.raises(Refused, match="is not TLS"):
            asked(server)
