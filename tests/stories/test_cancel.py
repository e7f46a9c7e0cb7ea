"""An apply under way can be told to stop, and what it left is said."""

import time
from pathlib import Path
from threading import Thread

import pytest

from tests.stories.small import APP, SmallOffice, data, named
from trueup.model.errors import Refused
from trueup.model.run import RunState

PATIENCE = 60.0


def test_a_cancelled_apply_is_uncertain_until_recovery_has_looked(plain: SmallOffice, tmp_path: Path) -> None:
    """Terraform is interrupted, the run says that nobody saw its end, and recovery settles what is known."""
    begun = tmp_path / "begun"
    plain.govern(sandbox="off")  # it says outside that it has begun
    slow = data("slow", "x", 'provisioner "local-exec" {', f'  command = "touch {begun}; exec sleep 600"', "}")
    before = plain.site.books.baseline(plain.stack("app").id)
    plain.pushed({APP: data("one", "first") + "\n" + slow})
    worker = Thread(target=plain.look, args=(3,))
    worker.start()
    _wait_for(begun)
    _wait_for(begun)
    run = plain.newest("app")
    assert run.state is RunState.APPLYING
    plain.site.runs.cancel(run.id, named("anna"), "wrong day")
    worker.join()

    plain.look(2)
    ended = plain.run(run)
    assert ended.state is RunState.FAILED, ended.error
    kinds = [entry.draft.kind for entry in plain.ledger() if entry.draft.run == run.id]
    assert kinds[-3:] == ["run.cancel", "run.uncertain", "run.failed"]
    settled = plain.site.books.baseline(plain.stack("app").id)
    assert before is not None and settled is not None
    assert settled.resources["terraform_data.one"] == before.resources["terraform_data.one"]
    assert "terraform_data.slow" not in settled.resources or "terraform_data.slow" in settled.uncertain


def test_a_run_that_has_not_begun_is_discarded_instead(plain: SmallOffice) -> None:
    """Cancelling what nobody applies yet leaves nothing uncertain; what ended cannot be cancelled."""
    plain.govern("deliver", approve={"count": 1})
    plain.merged(APP, "first", "second")
    run = plain.newest("app")
    assert run.state is RunState.AWAITING_APPROVAL
    assert plain.site.runs.cancel(run.id, named("anna")).state is RunState.DISCARDED
    with pytest.raises(Refused, match="discarded"):
        plain.site.runs.cancel(run.id, named("anna"))


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)
