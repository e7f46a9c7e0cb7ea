"""Commands over HTTP against a real site: a control repository in Git, SQLite, the local forge, real Terraform."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import Served, Trueup
from tests.cli.nouns import EFFECT, PORT
from trueup.cli.waiting import poll
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftId, DriftState, Origin
from trueup.model.errors import Unavailable
from trueup.model.plan import Address, Loss
from trueup.model.run import Run, RunId, RunKind, RunState

PROD = "infra//environments/prod/app"
GROUP = Address("aws_security_group.web")
DRIFT, RUN = DriftId("dft-3f9a1c22d0"), RunId("run-7kq2m4x8ab")


def _blocked(served: Served) -> Run:
    """A drift on prod/app, and a run that would undo it."""
    site, stack = served.site, served.site.stack(PROD)
    now = site.clock.now()
    lost = Difference(("ingress", "0a1b2c3d4e5f"), Cause.GHOST_REVERT, None, PORT, None)
    seen = now - timedelta(hours=6)
    site.put_drift(
        Drift(
            DRIFT,
            stack.id,
            GROUP,
            "aws_security_group",
            (lost,),
            "f",
            DriftState.OPEN,
            seen,
            now,
            origin=Origin("anna", now, "e"),
        )
    )
    return site.put_run(_run(served, RunState.BLOCKED, losses=(Loss(GROUP, lost, DRIFT),)))


def _run(served: Served, state: RunState, **more: object) -> Run:
    now = served.site.clock.now()
    stack = served.site.stack(PROD).id
    run = Run(RUN, stack, RunKind.DELIVERY, state, served.site.control.head(), now, now, "carla", authors=("carla",))
    return replace(run, effect=EFFECT, approvals_needed=2, **more)  # type: ignore[arg-type]


def test_stacks_are_a_table_or_exactly_what_the_api_says(trueup: Trueup) -> None:
    """The same document as a table, as JSON and as YAML; the option works before and behind the command."""
    table = trueup("stack", "list")
    assert table.code == 0
    assert table.out.splitlines()[0].split() == ["STACK", "MODE", "STANDING", "CHECK", "CHECKED", "DRIFTS", "RUN"]
    assert PROD in table.out
    assert "\x1b" not in table.out
    behind, before = trueup("stack", "list", "-o", "json"), trueup("--output", "json", "stack", "list")
    between = trueup("stack", "-o", "json", "list")
    assert behind.out == before.out == between.out
    document = json.loads(behind.out)
    assert [each["name"] for each in document] == [line.split()[0] for line in table.out.splitlines()[1:]]
    yaml = trueup("stack", "list", "--output", "yaml")
    assert YAML(typ="safe", pure=True).load(yaml.out) == document


@pytest.mark.parametrize("typed", ["infra//environments/prod/app", "prod/app", "environments/prod/app"])
def test_a_stack_answers_to_its_name_and_to_an_ending(trueup: Trueup, typed: str) -> None:
    """People type as little as is clear."""
    assert json.loads(trueup("stack", "show", typed, "-o", "json").out)["name"] == PROD


def test_a_stack_answers_to_the_beginning_of_its_id(trueup: Trueup, served: Served) -> None:
    """Also without the letters that say that it is a stack's id."""
    id = served.site.stack(PROD).id
    for typed in (id, id[:12], id.partition("-")[2][:9]):
        assert json.loads(trueup("stack", "show", typed, "-o", "json").out)["id"] == id


def test_an_unclear_or_unknown_stack_is_named_with_what_there_is(trueup: Trueup) -> None:
    """Wrong input is 2, and the message has the candidates."""
    unclear, unknown = trueup("stack", "show", "app"), trueup("stack", "show", "prod/ap")
    assert (unclear.code, unknown.code) == (2, 2)
    assert "environments/dev/app" in unclear.err and "environments/prod/app" in unclear.err
    assert "prod/ap" in unknown.err


def test_tools_of_one_driver_are_not_asked_of_another(trueup: Trueup) -> None:
    """`trueup dns lint` of a database would be its own lint, and would say that nothing is wrong."""
    for words in (("db", "lint"), ("dns", "lint"), ("db", "watch", "status")):
        refused = trueup(*words, "prod/app")
        assert refused.code == 2 and f"is no stack for `trueup {words[0]}`: its driver is `terraform`" in refused.err


def test_filters_reach_the_api(trueup: Trueup) -> None:
    """Environment, standing and mode."""
    found = json.loads(trueup("stack", "list", "--env", "prod", "--standing", "unadopted", "-o", "json").out)
    assert {each["environment"] for each in found} == {"prod"}
    assert json.loads(trueup("stack", "list", "--mode", "propose", "-o", "json").out) == []
    assert trueup("stack", "list", "--mode", "propose").out.startswith("There are no stacks.")


def test_pausing_goes_into_the_ledger_with_a_name_and_a_reason(trueup: Trueup) -> None:
    """`--as` says who; without a reason the command line itself says what is missing."""
    assert trueup("stack", "pause", "prod/app").code == 2
    paused = trueup("stack", "pause", "prod/app", "--as", "anna", "--reason", "by hand today")
    assert paused.code == 0
    assert "anna: by hand today" in paused.out
    told = trueup("what-changed", "--since", "2026-01-01")
    assert "anna" in told.out and "by hand today" in told.out
    assert trueup("stack", "resume", "prod/app", "--as", "Jürgen").code == 0
    last = json.loads(trueup("ledger", "list", "-o", "json").out)[-1]
    assert (last["kind"], last["actor"]) == ("stack.resumed", "Jürgen")


def test_a_plan_with_changes_ends_with_three_when_asked(trueup: Trueup) -> None:
    """`--exit-code` tells scripts; without it showing a plan is no failure."""
    assert trueup("stack", "plan", "dev/app").code == 0
    found = trueup("stack", "plan", "dev/app", "--exit-code")
    assert found.code == 3
    assert "terraform_data.one" in found.out


def test_adopting_shows_first_and_settles_with_a_reason(trueup: Trueup, served: Served) -> None:
    """The list of previews, one of them, the settled one, and nothing left to ask for."""
    listed = trueup("adopt")
    assert listed.code == 0
    assert [line.split()[1] for line in listed.out.splitlines()[1:4]] == ["absent"] * 3
    assert "Nothing is settled yet" in trueup("adopt", "dev/app").out
    settled = trueup("adopt", "dev/app", "--as", "anna", "--reason", "first day")
    assert settled.code == 0, settled.err
    assert served.site.stack("infra//environments/dev/app").standing == "settled"
    again = trueup("adopt", "dev/app", "--as", "anna", "--reason", "first day")
    assert again.code == 1
    assert "has books already" in again.err


def test_adopting_all_asks_and_nobody_is_there(trueup: Trueup, served: Served) -> None:
    """In a script it must be said that no question is wanted; then every stack is settled."""
    assert trueup("adopt", "--all").code == 2
    asked = trueup("adopt", "--all", "--reason", "first day")
    assert asked.code == 2
    assert "--yes" in asked.err
    assert trueup("adopt", "--all", "--yes", "--as", "anna", "--reason", "first day").code == 0
    assert json.loads(trueup("stack", "list", "--standing", "unadopted", "-o", "json").out) == []


def test_a_blocked_run_says_what_it_would_undo_and_the_three_ways_on(trueup: Trueup, served: Served) -> None:
    """Which rule, whose, and the commands to copy."""
    _blocked(served)
    shown = trueup("run", "show", "7kq2")
    assert shown.code == 0
    for words in (
        "applying  would REMOVE 8443/tcp from 0.0.0.0/0",
        "made by   anna",
        f"drift     {DRIFT}, open",
        f'trueup drift codify {DRIFT} --reason "..."',
        f"trueup stack check {PROD}",
        f'trueup run release {RUN} --losing {GROUP} --reason "..."',
    ):
        assert words in shown.out


def test_releasing_needs_an_address_that_would_be_lost(trueup: Trueup, served: Served) -> None:
    """The server's refusal arrives with its hint; the right address queues the run."""
    _blocked(served)
    wrong = trueup("run", "release", RUN, "--losing", "aws_vpc.main", "--as", "ben", "--reason", "test")
    assert wrong.code == 2
    assert str(GROUP) in wrong.err
    right = trueup("run", "release", RUN, "--losing", GROUP, "--as", "ben", "--reason", "test", "-o", "json")
    assert json.loads(right.out)["state"] == "queued"


def test_why_says_how_many_approvals_are_missing(trueup: Trueup, served: Served) -> None:
    """An author is refused, a colleague counts, and a claimed name is declared as one."""
    served.site.put_run(_run(served, RunState.AWAITING_APPROVAL))
    assert "2 of 2 approvals missing" in trueup("run", "show", RUN, "--why").out
    own = trueup("run", "approve", RUN, "--as", "carla")
    assert own.code == 1
    assert own.err.startswith("refused: carla is an author")
    first = trueup("run", "approve", RUN, "--as", "ben", "--note", "checked")
    assert first.code == 0
    assert "1 of 2 approvals missing" in first.out
    assert "only claimed" in first.err


def test_an_unclear_run_is_named(trueup: Trueup, served: Served) -> None:
    """Two runs that begin alike: the message names both."""
    served.site.put_run(_run(served, RunState.FINISHED))
    served.site.put_run(replace(_run(served, RunState.FINISHED), id=RunId("run-7kq2m4x8ac")))
    unclear = trueup("run", "show", "run-7kq2")
    assert unclear.code == 2
    assert "run-7kq2m4x8ab" in unclear.err and "run-7kq2m4x8ac" in unclear.err
    assert trueup("run", "show", "zzz").code == 2


def test_logs_are_followed_to_the_end(trueup: Trueup, served: Served) -> None:
    """`--follow` prints every line once and ends with the run."""
    served.site.put_run(_run(served, RunState.FINISHED))
    served.site.installation.store.log(RUN, ["Initializing...", "Apply complete!"])
    assert trueup("run", "logs", RUN).out == "Initializing...\nApply complete!\n"
    assert trueup("run", "logs", RUN, "--follow").out == "Initializing...\nApply complete!\n"


def test_drifts_are_listed_tolerated_and_told(trueup: Trueup, served: Served) -> None:
    """3 when there are open ones and it was asked; what the engine refuses is a refusal here."""
    _blocked(served)
    assert trueup("drift", "list", "--exit-code").code == 3
    assert "8443/tcp" in trueup("drift", "show", "3f9a").out
    refused = trueup("drift", "tolerate", "3f9a", "--until", "14d", "--reason", "vendor", "--as", "ben")
    assert refused.code == 1
    assert "trueup adopt" in refused.err
    assert trueup("drift", "tolerate", "3f9a", "--until", "soon", "--reason", "vendor").code == 2
    assert json.loads(trueup("drift", "list", "--env", "dev", "-o", "json").out) == []


def test_a_change_request_is_opened_approved_and_merged(trueup: Trueup, served: Served) -> None:
    """Its author may not approve it; the number alone is enough with one repository."""
    served.site.control.commit("tag", {"environments/prod/app/note.txt": "x"}, "Note", served.site.control.head())
    opened = trueup("request", "open", "--head", "tag", "--title", "Note it", "--as", "carla", "-o", "json")
    assert opened.code == 0, opened.err
    assert json.loads(opened.out)["number"] == 1
    assert "Note it" in trueup("request", "list").out
    assert "+x" in trueup("request", "show", "infra#1").out
    assert trueup("request", "approve", "1", "--as", "carla").code == 1
    assert trueup("request", "approve", "#1", "--as", "ben").code == 0
    assert trueup("request", "comment", "1", "--body", "fine", "--as", "ben").code == 0
    merged = trueup("request", "merge", "1", "--as", "carla", "-o", "json")
    assert json.loads(merged.out)["state"] == "merged"
    assert trueup("request", "show", "nope").code == 2
    assert trueup("request", "list", "nope").code == 2


def test_the_ledger_is_listed_shown_and_verified(trueup: Trueup) -> None:
    """An intact one says so; an entry is shown with its hashes."""
    trueup("stack", "pause", "prod/app", "--as", "anna", "--reason", "today")
    listed = json.loads(trueup("ledger", "list", "-o", "json").out)
    assert "today" in trueup("ledger", "show", str(listed[-1]["seq"])).out
    verified = trueup("ledger", "verify")
    assert verified.code == 0
    assert "intact" in verified.out
    assert trueup("ledger", "show", "999999").code == 2


def test_reports_are_told(trueup: Trueup) -> None:
    """Evidence of a period, and an audit of a recorder that saw nothing."""
    evidence = trueup("evidence", "--from", "2026-01-01", "--to", "2026-02-01", "-o", "json")
    assert json.loads(evidence.out)["counts"]["changes"] == 0
    assert trueup("evidence", "--from", "2026-01-01", "--to", "2026-02-01").code == 0
    audit = trueup("audit-self")
    assert audit.code == 0
    assert "Trueup wrote nothing." in audit.out
    assert trueup("evidence", "--from", "whenever").code == 2


def test_a_token_is_made_used_and_revoked(trueup: Trueup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text is shown once; it speaks for one person; revoked, it opens nothing."""
    made = json.loads(
        trueup("token", "create", "anna", "--scope", "decide", "--expires", "2026-03-01", "-o", "json").out
    )
    assert made["token"] not in trueup("token", "list").out
    monkeypatch.setenv("TRUEUP_TOKEN", made["token"])
    assert trueup("stack", "pause", "prod/app", "--reason", "mine").code == 0
    other = trueup("stack", "resume", "prod/app", "--as", "ben")
    assert other.code == 1
    assert "anna" in other.err
    assert trueup("token", "revoke", made["id"], "--yes").code == 0
    shut = trueup("stack", "list")
    assert shut.code == 1
    assert "trueup token" in shut.err


def test_a_refresh_takes_in_new_commits(trueup: Trueup, served: Served) -> None:
    """Nothing new, then a new commit, then one whose trueup.yaml is wrong: each is said."""
    assert trueup("refresh").out.strip() == "Nothing new."
    control = served.site.control
    control.commit("main", {"environments/dev/app/note.txt": "x"}, "Note", control.head())
    assert "New commits in" in trueup("refresh").out
    control.commit("main", {"trueup.yaml": "apiVersion: nonsense"}, "Break", control.head())
    broken = trueup("refresh")
    assert broken.code == 1
    assert "trueup.dev/v1" in broken.out


def test_whoami_says_that_a_name_is_only_claimed(trueup: Trueup) -> None:
    """Over the data directory anybody can be anybody; the command says so."""
    said = trueup("whoami", "--as", "anna@acme.com")
    assert "anna" in said.out
    assert "only claimed" in said.out


def test_change_requests_of_a_repository_without_a_forge_hide_none(trueup: Trueup, served: Served) -> None:
    """One that is out of reach is named on standard error."""
    control = served.site.control
    manifest = (
        "apiVersion: trueup.dev/v1\nrepositories:\n  infra: {url: .}\n  far: {url: 'https://example.invalid/x.git'}\n"
    )
    control.commit("main", {"trueup.yaml": manifest}, "Two", control.head())
    trueup("refresh")
    listed = trueup("request", "list")
    assert listed.code == 0
    assert listed.out.startswith("There are no such change requests.")
    assert "left out: far" in listed.err


def test_waiting_for_a_worker_that_never_comes_ends() -> None:
    """With a hint where to look, after hours that a test does not have."""
    pauses: list[float] = []
    with pytest.raises(Unavailable, match="did not end") as caught:
        poll(lambda: "due", lambda _: False, pauses.append)
    assert "trueup doctor" in caught.value.hint
    assert sum(pauses) >= 3 * 3600
