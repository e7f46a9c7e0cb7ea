"""What no plan sees: a rule that somebody adds beside rules that are resources of their own."""

from pathlib import Path
from uuid import uuid4

import pytest

from tests.stories.small import WEB, code_of_web, named, on_aws, open_small, open_with
from tests.terraform.aws import make_bucket
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.causes import Cause
from trueup.model.drift import DriftState, Resolution
from trueup.model.errors import Refused
from trueup.model.run import RunState

STANDALONE = """# Who may talk to the web servers.
resource "aws_security_group" "web" {
  name        = "GROUP"
  description = "web"

  tags = {
    Owner = "core"
  }
}

resource "aws_security_group_rule" "https" {
  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = ["10.0.0.0/8"]
}
"""
STRAY = 'aws_security_group.web/aws_security_group_rule["ingress tcp 8443 10.0.0.0/8"]'
OF_ANOTHER = """
data "aws_security_group" "web" {
  name = "GROUP"
}

resource "aws_security_group_rule" "app" {
  security_group_id = data.aws_security_group.web.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 9000
  to_port           = 9000
  cidr_blocks       = ["10.0.0.0/8"]
}
"""
WRITTEN = """
resource "aws_security_group_rule" "web_ingress_8443" {
  security_group_id = aws_security_group.web.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 8443
  to_port           = 8443
  cidr_blocks       = ["10.0.0.0/8"]
}

import {
  to = aws_security_group_rule.web_ingress_8443
"""


def test_a_rule_beside_standalone_rules_is_noticed_written_and_imported(
    cloud: Cloud, terminal: Terminal, tmp_path: Path
) -> None:
    """No plan sees the port: the check does; codify writes resource and import, the delivery takes it in, it stays."""
    with open_small(cloud, terminal, tmp_path, STANDALONE) as office:
        office.open_a_port(22)  # before anybody had books: settled by adoption, and kept through everything
        office.deliver()
        assert office.check("web") == []
        office.open_a_port(8443)
        assert "No changes" in office.by_hand("plan", "-input=false"), "Terraform itself sees nothing"

        (drift,) = office.check("web")
        assert (drift.address, drift.kind) == (STRAY, "aws_security_group_rule")
        assert [each.cause for each in drift.differences] == [Cause.UNMANAGED]
        assert [each.id for each in office.check("web")] == [drift.id], "seen again it is the same drift"
        said = office.ledger("drift.open")[-1].draft.summary
        assert "8443/tcp from 10.0.0.0/8" in said and "no plan sees it" in said
        with pytest.raises(Refused, match="no plan sees"):
            office.site.drifts.revert([drift.id], named("mira"), "close it")

        codified = office.site.codification.codify([drift.id], named("mira"), "keep it open")
        assert codified.proven, codified.findings
        office.merge(codified.request, approved_by="anna")
        assert WRITTEN in office.terminal.git(office.bare, "show", f"main:{WEB}")
        run = office.finish()
        assert run.state is RunState.FINISHED and [str(each.action) for each in run.changes] == ["import"]
        ended = office.drift(drift.id)
        assert (ended.state, ended.resolution) == (DriftState.RESOLVED, Resolution.CODIFIED)
        assert office.check("web") == [] and office.open_ports == {22, 443, 8443}

        office.close_a_port(22)
        (vanished,) = office.check("web")
        assert vanished.differences[0].real is None
        declined = office.site.codification.codify([vanished.id], named("mira"), "it is gone")
        assert not declined.proven and "nothing to write" in declined.declined[0].reason
        office.adopt()
        assert office.drift(vanished.id).resolution is Resolution.ADOPTED and office.check("web") == []
        assert office.ledger("drift.settled")[-1].draft.details["children"] == [vanished.address]


def test_a_parent_is_not_replaced_over_a_stray_rule(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """A delivery that replaces the group would lose the port: blocked until a person lets it go; settled ones too
    belong to the new group then, which is looked at anew."""
    with open_small(cloud, terminal, tmp_path, STANDALONE) as office:
        office.deliver()
        office.open_a_port(8443)
        (drift,) = office.check("web")
        office.merged(WEB, 'description = "web"', 'description = "web servers"')
        run = office.newest("web")
        assert run.state is RunState.BLOCKED
        assert [(each.address, each.drift) for each in run.losses] == [(STRAY, drift.id)]
        assert office.open_ports == {443, 8443}
        released = office.site.runs.release(run.id, named("anna"), [drift.address], "the service moved")
        office.look(3)
        assert office.run(released).state is RunState.FINISHED
        assert office.drift(drift.id).resolution is Resolution.RELEASED
        assert office.open_ports == {443} and office.check("web") == []


def test_a_rule_of_another_stack_is_that_stacks(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """Two stacks, one group: a rule that nobody's books have is drift; once the other stack has books it is managed."""
    name = f"shared-{uuid4().hex[:8]}"
    bucket = make_bucket(cloud, name)
    code = {"web": STANDALONE.replace("GROUP", name), "app": OF_ANOTHER.replace("GROUP", name)}
    files = {
        f"live/{short}/{file}": text for short in code for file, text in on_aws(code[short], bucket, short).items()
    }
    with open_with(cloud, terminal, tmp_path, files, name=name) as office:
        office.apply_by_hand(short="web")
        office.look()
        office.adopt("web")
        office.apply_by_hand(short="app")
        (drift,) = office.check("web")
        assert drift.address.endswith('["ingress tcp 9000 10.0.0.0/8"]')
        office.adopt("app")
        assert office.check("web") == [] and office.drift(drift.id).resolution is Resolution.CODIFIED
        office.close_a_port(9000)
        assert office.check("web") == [], "what vanished is the other stack's, whose plan sees it"
        (ghost,) = office.check("app")
        assert [each.cause for each in ghost.differences] == [Cause.GHOST_REVERT]


def test_the_inline_layout_is_told_by_the_plan(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """Rules that are blocks of the group: the same port is a ghost revert of the group, and nothing is told twice. In
    mode propose the next check settles what a merge took in."""
    with open_small(cloud, terminal, tmp_path, code_of_web("GROUP")) as office:
        office.adopt()
        office.govern("propose")
        office.open_a_port(8443)
        (drift,) = office.check("web")
        assert drift.address == "aws_security_group.web"
        assert [each.cause for each in drift.differences] == [Cause.GHOST_REVERT]


def test_in_mode_propose_the_next_check_settles_an_import(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """Nothing is applied there: that code takes the rule in is enough."""
    with open_small(cloud, terminal, tmp_path, STANDALONE) as office:
        office.adopt()
        office.govern("propose")
        office.open_a_port(8443)
        (drift,) = office.check("web")
        codified = office.site.codification.codify([drift.id], named("mira"), "keep it open")
        assert codified.proven, codified.findings
        merged = office.merge(codified.request, approved_by="anna")
        office.look()
        assert office.check("web") == []
        assert office.drift(drift.id).resolution is Resolution.CODIFIED
        assert office.stack().settled == merged.merged_commit and office.ledger("run.finished") == []
