"""Codifying while the world moves on: two people, a branch with new commits, a value that changes again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from tests.stories.small import WEB, SmallOffice, named
from tests.terraform.aws import rule
from trueup.engine.codification import Codification, Codified
from trueup.model.drift import DriftState, Resolution
from trueup.model.errors import Refused
from trueup.model.request import RequestState


class Meanwhile:
    """A store beside which something happens once, right before a change request would be opened."""

    def __init__(self, store: Any, happens: Callable[[], object]) -> None:
        self._store, self._happens = store, [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def acquire(self, *given: Any) -> Any:
        while self._happens:
            self._happens.pop()()
        return self._store.acquire(*given)


def interrupted(office: SmallOffice, happens: Callable[[], object]) -> Codification:
    codification = office.site.codification
    store = Meanwhile(codification.books.store, happens)
    return replace(codification, books=replace(codification.books, store=store))


def branches(office: SmallOffice) -> list[str]:
    listed = office.terminal.git(office.bare, "branch", "--list", "trueup/*", "--format=%(refname:short)")
    return listed.split()


def test_of_two_people_who_codify_at_once_one_is_told_the_others_number(small: SmallOffice) -> None:
    """One change request, one branch; nothing of the second attempt is left. Afterwards a third is told the same."""
    small.adopt()
    small.govern("propose")
    small.open_a_port(8443)
    (drift,) = small.check("web")

    def codify(name: str) -> Codified | Refused:
        try:
            return small.site.codification.codify([drift.id], named(name), "we need it")
        except Refused as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(codify, ["anna", "mira"]))
    (won,) = (each for each in outcomes if isinstance(each, Codified))
    (lost,) = (each for each in outcomes if isinstance(each, Refused))
    assert won.proven and f"#{won.request.number}" in lost.message
    assert [request.number for request in small.forge.list()] == [won.request.number]
    assert branches(small) == [won.request.head_branch]
    third = codify("ben")
    assert isinstance(third, Refused) and f"#{won.request.number} is open and proven" in third.message


def test_new_commits_and_new_values_make_another_proof(small: SmallOffice) -> None:
    """Before the change request is open: proven again at the new head, or refused. Afterwards: it says itself that its
    proof does not hold any more, and the next codification takes its place."""
    small.adopt()
    small.govern("propose")
    small.open_a_port(8443)
    (drift,) = small.check("web")

    def changed_again() -> None:
        small.tag("Owner", "pirate")
        small.check("web")

    refused = ""
    try:
        interrupted(small, changed_again).codify([drift.id], named("mira"), "keep it open")
    except Refused as error:
        refused = error.message
    assert "changed again while it was codified" in refused
    assert small.forge.list() == [] and branches(small) == []

    def commit() -> str:
        return small.edit(WEB, "# Who may", "# Those who may", by="ben", message="A comment")

    first = interrupted(small, commit).codify([drift.id], named("mira"), "keep it open")
    assert first.proven and first.request.statuses == {}
    assert "Those who may" in small.terminal.git(small.bare, "show", f"{first.request.head}:{WEB}")
    small.look()
    proof = small.forge.get(first.request.number).statuses["trueup/proof"]
    assert proof.state == "success", proof

    commit_after = small.merged(WEB, "# Those who may", "# All who may")
    told = small.forge.get(first.request.number)
    assert told.statuses["trueup/proof"].state == "failure"
    (comment,) = (each for each in told.comments if each.marker == "trueup-proof")
    assert commit_after[:12] in comment.body and drift.id in comment.body
    assert small.ledger("drift.proof-outdated")[0].draft.request == told.number
    small.look()
    assert len(small.ledger("drift.proof-outdated")) == 1, "said once"

    second = small.site.codification.codify([drift.id], named("anna"), "again")
    assert second.proven and small.forge.get(told.number).state is RequestState.CLOSED
    small.tag("Owner", "captain")
    (again,) = small.check("web")
    assert again.state is DriftState.OPEN
    small.look()
    told = small.forge.get(second.request.number)
    assert "captain" in next(each.body for each in told.comments if each.marker == "trueup-proof")

    third = small.site.codification.codify([drift.id], named("anna"), "the captain now")
    assert third.proven and small.forge.get(second.request.number).state is RequestState.CLOSED
    small.merge(third.request, approved_by="ben")
    small.look()
    assert small.check("web") == [] and small.drift(drift.id).resolution is Resolution.CODIFIED


def test_what_code_may_not_say_becomes_a_draft(small: SmallOffice) -> None:
    """The console takes a description that the provider does not: the draft has its words. Asking again while the
    draft is open is refused with its number."""
    small.adopt()
    small.govern("propose")
    (permission,) = rule(443)
    described: Any = {**permission, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": 'the "front" door'}]}
    small.close_a_port(443)
    console = small.cloud.client("ec2", small.cloud.console)
    (group,) = console.describe_security_groups(Filters=[{"Name": "group-name", "Values": [small.group_name]}])[
        "SecurityGroups"
    ]
    console.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[described])
    (drift,) = small.check("web")
    codified = small.site.codification.codify([drift.id], named("mira"), "as it is")
    assert not codified.proven and codified.request.draft
    assert "doesn't comply" in codified.findings[0].message, codified.findings
    assert "doesn't comply" in small.forge.get(codified.request.number).body.replace("\\", "").replace("&#x27;", "'")
    assert small.drift(drift.id).state is DriftState.OPEN
    try:
        small.site.codification.codify([drift.id], named("anna"), "once more")
        raise AssertionError("a second draft was opened")
    except Refused as error:
        assert f"#{codified.request.number} is open, for a person to finish" in error.message
