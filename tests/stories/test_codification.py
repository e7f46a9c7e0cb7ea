"""A hand-made change becomes code that is proven, or a draft that says what a person should write."""

from pathlib import Path

from tests.stories.small import WEB, SmallOffice, code_of_web, named, on_aws, open_small
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.drift import DriftState, Resolution
from trueup.model.request import RequestState

MODULE = "modules/group/main.tf"
CALL = """
module "group" {
  source = "../../modules/group"
  name   = "GROUP"
}
"""
SHARED = """
variable "name" {
  type = string
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "web"

  tags = {
    Owner = "core"
  }
}
"""


def test_what_cannot_be_written_by_itself_becomes_a_draft_with_the_evidence(
    cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """An interpolated value: declined with the reason and a suggestion; the drift stays open and guarded."""
    code = 'locals {\n  team = "core"\n}\n' + code_of_web("GROUP", owner="${local.team}-web")
    with open_small(cloud, terminal, tmp_path, code) as office:
        office.adopt()
        office.govern("propose")
        office.tag("Owner", "pirate")
        (drift,) = office.check("web")
        codified = office.site.codification.codify([drift.id], named("mira"), "they own it now")
        assert not codified.proven and codified.done == ()
        (declined,) = codified.declined
        assert declined.address == drift.address and declined.reason
        request = office.forge.get(codified.request.number)
        assert request.draft and "draft evidence" in request.labels
        assert f"{WEB}:18" in declined.reason and f"{WEB}:18" in request.body and "pirate" in request.body
        assert declined.suggestion and f"```hcl\n{declined.suggestion}\n```" in request.body
        evidence = office.terminal.git(office.bare, "show", f"{request.head}:.trueup/evidence/{drift.id}.md")
        assert evidence.strip() == request.body.strip()
        assert f"+++ b/{WEB}" not in office.forge.diff(request.number), "no edit that nobody proved"
        assert office.drift(drift.id).state is DriftState.OPEN
        assert office.ledger("drift.draft")[0].draft.actor == "mira"


def test_a_codification_lives_and_dies_with_its_change_request(small: SmallOffice) -> None:
    """Closed unmerged: open again. Merged in mode propose: the next check settles it, and nothing was applied."""
    small.adopt()
    small.govern("propose")
    small.open_a_port(8443)
    (drift,) = small.check("web")
    first = small.site.codification.codify([drift.id], named("mira"), "keep it open")
    assert first.proven, first.findings
    assert small.drift(drift.id).state is DriftState.CODIFYING
    small.forge.close(first.request.number, named("carla"), "not like this")
    small.look()
    assert small.drift(drift.id).state is DriftState.OPEN
    assert small.ledger("drift.reopened")[0].draft.request == first.request.number

    second = small.site.codification.codify([drift.id], named("mira"), "keep it open")
    merged = small.merge(second.request, approved_by="anna")
    assert merged.state is RequestState.MERGED
    small.look()
    assert small.check("web") == []
    ended = small.drift(drift.id)
    assert (ended.state, ended.resolution) == (DriftState.RESOLVED, Resolution.CODIFIED)
    assert small.stack().settled == merged.merged_commit
    assert small.open_ports == {443, 8443} and small.ledger("run.finished") == []


def test_an_edit_that_would_change_a_neighbour_is_not_proposed(
    cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """Two stacks share a module: a literal in it cannot be changed for one of them, and the draft says so."""
    with open_small(cloud, terminal, tmp_path, CALL, more={MODULE: SHARED}) as office:
        twin = on_aws(CALL.replace("GROUP", f"{office.group_name}-twin"), f"states-{office.group_name}", "twin")
        office.pushed({f"live/twin/{name}": text for name, text in twin.items()}, message="The same for another team")
        office.adopt()
        office.govern("propose")
        office.tag("Owner", "pirate")
        (drift,) = office.check("web")
        codified = office.site.codification.codify([drift.id], named("mira"), "they own it now")
        assert not codified.proven
        assert any("infra//live/twin" in finding.message for finding in codified.findings), codified.findings
        assert MODULE not in office.forge.diff(codified.request.number)
        assert office.drift(drift.id).state is DriftState.OPEN
