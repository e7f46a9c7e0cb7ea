"""Plain Terraform beside Trueup: what a commit explains is not drift, and what none explains is said."""

import pytest

from tests.stories.small import WEB, SmallOffice, named
from trueup.model.drift import CheckState, DriftState, Resolution
from trueup.model.errors import Refused
from trueup.model.run import RunState


def test_a_foreign_apply_of_a_merged_commit_settles_itself(small: SmallOffice) -> None:
    """Somebody applies what was merged: the books follow that commit, nobody is asked, nothing is drift."""
    small.adopt()
    commit = small.edit(WEB, "core", "shop", by="ben", message="Give it to the shop")
    small.apply_by_hand()
    small.look()
    assert small.check("web") == []
    assert small.stack().settled == commit
    (told,) = small.ledger("foreign.")
    assert told.draft.kind == "foreign.apply" and told.draft.commit == commit
    assert small.check("web") == [] and len(small.ledger("foreign.")) == 1, "said once"


def test_an_older_commit_explains_too_while_the_newest_is_pending(small: SmallOffice) -> None:
    """The head moved on since: the commit that was applied is found behind it."""
    small.adopt()
    applied = small.edit(WEB, "core", "shop", by="ben", message="Give it to the shop")
    small.apply_by_hand()
    small.edit(WEB, "shop", "legal", by="ben", message="Give it to legal")
    small.look()
    assert small.check("web") == []
    assert small.stack().settled == applied
    check = small.last_check()
    assert check is not None and check.pending == 1 and check.state is CheckState.CLEAN


def test_a_foreign_apply_that_no_commit_explains_stays_drift(small: SmallOffice) -> None:
    """Somebody applied code that was never pushed: said once, and open until a person decides."""
    small.adopt()
    small.edit(WEB, "core", "pirate", by="ben", message="Never merged", branch="elsewhere")
    small.apply_by_hand(at="origin/elsewhere")
    (drift,) = small.check("web")
    assert drift.state is DriftState.OPEN
    assert [each.label for each in drift.differences] == ["tags.Owner"]
    small.check("web")
    assert [entry.draft.kind for entry in small.ledger("foreign.")] == ["foreign.unexplained"]


def test_a_foreign_apply_that_undid_a_hand_made_change_is_said(small: SmallOffice) -> None:
    """A port opened by hand, then somebody's plain apply: gone, and the ledger says who lost what."""
    small.adopt()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    before = small.stack().settled
    small.edit(WEB, "core", "shop", by="ben", message="Give it to the shop")
    small.apply_by_hand()
    small.look()
    small.check("web")
    (told,) = small.ledger("foreign.")
    assert told.draft.kind == "foreign.unexplained"
    assert "undid" in told.draft.summary and drift.address in told.draft.summary
    (lost,) = small.ledger("drift.reverted-by")
    assert lost.draft.summary.startswith("REVERTED aws_security_group.web ingress 8443/tcp from 10.0.0.0/8, added on")
    assert "never codified; undone on" in lost.draft.summary
    assert (lost.draft.details["drift"], lost.draft.commit) == (drift.id, small.site.catalog.head("infra"))
    assert small.drift(drift.id).resolution is Resolution.UNDONE
    assert small.stack().settled == before, "a person looks at it first"
    small.check("web")
    assert small.stack().settled == before, "and it still waits when the drift is gone"
    assert len(small.ledger("drift.reverted-by")) == 1, "said once"
    small.site.adoption.adopt(small.stack().id, named("anna"), "the port is not needed any more")
    assert small.stack().settled != before
    assert small.check("web") == []
    with pytest.raises(Refused, match="nobody wrote beside us"):
        small.site.adoption.adopt(small.stack().id, named("anna"), "again")


def test_a_refresh_of_the_state_is_no_drift_and_hides_no_ghost(small: SmallOffice) -> None:
    """`apply -refresh-only` writes the state and changes nothing; a ghost revert is still recognised after it."""
    small.adopt()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    small.by_hand("apply", "-refresh-only", "-input=false", "-auto-approve")
    (still,) = small.check("web")
    assert still.id == drift.id and still.fingerprint == drift.fingerprint
    assert [entry.draft.kind for entry in small.ledger("foreign.")] == ["foreign.refresh"]
    small.edit(WEB, "core", "shop", by="ben", message="Give it to the shop")
    small.govern("deliver")
    run = small.newest("web")
    assert run.state is RunState.BLOCKED and [loss.drift for loss in run.losses] == [drift.id]
    assert small.open_ports == {443, 8443}


def test_a_port_that_code_wants_by_now_was_not_undone_by_the_apply(small: SmallOffice) -> None:
    """The code was made to want the port and somebody applied that beside us: nothing was lost."""
    small.adopt()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    small.govern("propose")
    block = '  ingress {\n    protocol    = "tcp"\n    from_port   = 8443\n    to_port     = 8443\n'
    block += '    cidr_blocks = ["10.0.0.0/8"]\n  }\n\n  tags = {'
    commit = small.edit(WEB, "  tags = {", block, by="mira", message="Keep 8443 open")
    small.apply_by_hand()
    small.look()
    assert small.check("web") == []
    assert small.drift(drift.id).resolution is Resolution.FOREIGN, "explained by a commit that wants it"
    assert small.stack().settled == commit
    assert "undid" not in " ".join(entry.draft.summary for entry in small.ledger())
