"""Applies of real Terraform that go wrong: failures, lost leases, lost workers, locks, lost directories."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conformance.workers import apply_and_die, entries_in
from tests.terraform.jobs import Diary, Place, tree
from trueup.model.errors import LostLease, Rejected, Unavailable
from trueup.model.plan import Address, Outcome, StepId
from trueup.system.attempts import attempts
from trueup.system.supervised import proven_gone


@pytest.fixture
def place(tmp_path: Path, terraform: Path) -> Place:
    return Place(tmp_path, {"PATH": f"{terraform.parent}:/usr/bin:/bin", "HOME": str(tmp_path)})


def chain(*commands: str) -> dict[str, str]:
    """Resources r0, r1, ... one after the other, each running a command when it is created."""
    blocks = []
    for number, command in enumerate(commands):
        after = f"  depends_on = [terraform_data.r{number - 1}]\n" if number else ""
        provisioner = f'  provisioner "local-exec" {{\n    command = {json.dumps(command)}\n  }}\n' if command else ""
        blocks.append(f'resource "terraform_data" "r{number}" {{\n  input = {number}\n{after}{provisioner}}}\n')
    return {"app/main.tf": "".join(blocks)}


def test_a_partly_failed_apply_says_what_became_of_each_address(place: Place) -> None:
    """What was done, what failed and what was never begun are told apart, with the failure in words."""
    journal = Diary()
    applied = place.apply(chain("", "echo no space here; exit 3", ""), journal)
    assert not applied.complete
    assert applied.outcomes == {"terraform_data.r0": Outcome.DONE, "terraform_data.r1": Outcome.FAILED}
    assert "exit status 3" in applied.error
    assert journal.reported() == {"terraform_data.r0": Outcome.DONE, "terraform_data.r1": Outcome.FAILED}
    assert [each.event for each in journal.entries][0::5] == ["begin", "end"]
    assert "terraform_data.r0" in applied.resources and "terraform_data.r2" not in applied.resources
    # The failed resource exists and is tainted: the next plan replaces it.
    plan = place.plan(chain("", "true", ""))
    assert {each.address: each.action for each in plan.changes} == {
        "terraform_data.r1": "replace",
        "terraform_data.r2": "create",
    }


def test_events_carry_the_identity_of_what_was_made(place: Place) -> None:
    """The journal has an address's id as soon as the live system gave one."""
    journal = Diary()
    applied = place.apply(chain(""), journal)
    done = next(each for each in journal.entries if each.outcome is Outcome.DONE)
    assert done.identity == applied.resources["terraform_data.r0"].identity != ""


def test_losing_the_lease_stops_terraform_before_the_next_resource(place: Place) -> None:
    """LostLease leaves the apply only when nothing of Terraform runs any more, and the state is safe."""
    with pytest.raises(LostLease):
        place.apply(chain("sleep 600", ""), Diary(lose_at=1))
    assert proven_gone(attempts(place.base / "evidence")[-1])
    state = json.loads(place.vault.versions[-1])
    assert [each["name"] for each in state["resources"]] == ["r0"]


def test_an_apply_past_its_limit_is_interrupted(place: Place) -> None:
    """The answer names the limit and the setting; what was begun is not called done."""
    applied = place.apply(chain("sleep 600", ""), spec={"applyTimeout": "1s"}, fence=_Lease(6))
    assert not applied.complete and "applyTimeout" in applied.error
    assert applied.outcomes["terraform_data.r0"] is not Outcome.DONE


class _Lease:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def renew(self) -> None:
        """Always granted."""


class Watching(Diary):
    """Sees what the vault holds when an address is begun."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.seen: dict[str, list[str]] = {}

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        super().report(step, at, outcome, identity)
        newest = self.place.vault.newest()
        if outcome is Outcome.UNCERTAIN:
            self.seen[at] = [each["name"] for each in json.loads(newest)["resources"]] if newest else []


def test_a_state_without_a_backend_survives_the_loss_of_its_directory(place: Place, tmp_path: Path) -> None:
    """The vault has the state after every resource, and a wiped directory is restored from it."""
    journal = Watching(place)
    place.apply(chain("", ""), journal)
    # r1 itself may be there already: nothing slows its creation. Whatever else, exactly r0 is.
    assert [name for name in journal.seen["terraform_data.r1"] if name != "r1"] == ["r0"]
    newest = place.vault.newest()
    assert newest is not None and [each["name"] for each in json.loads(newest)["resources"]] == ["r0", "r1"]
    subprocess.run(["rm", "-rf", str(tmp_path / "work")], check=True)
    assert place.plan(chain("", "")).empty


def test_a_newer_state_in_the_directory_is_stored_before_it_is_used(place: Place) -> None:
    """A worker that died between the write and the vault leaves the newest state in its directory: it is kept."""
    place.apply(chain(""))
    older = list(place.vault.versions)
    place.apply(chain("", ""))
    place.vault.versions[:] = older
    with place.driver.open(place.job(chain("", ""))) as session:
        assert session.plan().empty
    assert len(place.vault.versions) == len(older) + 1


@pytest.mark.parametrize("die_at", [1, 2, 3, 4, 5])
def test_a_worker_killed_at_any_entry_is_recovered(place: Place, die_at: int) -> None:
    """Killed with -9 at begin, in the middle and at the end: nothing is applied twice, nothing is guessed."""
    proof = place.base / "made"
    files = chain(f"echo r0 >> {proof}", f"echo r1 >> {proof}")
    job = place.job(files)
    assert apply_and_die(place.driver, job, place.base / "journal", die_at) == -signal.SIGKILL
    journal = entries_in(place.base / "journal")
    evidence = place.driver.recover(job, journal)
    assert evidence.gone and evidence.applied is not None
    made = proof.read_text().split() if proof.exists() else []
    for name in made:
        assert f"terraform_data.{name}" in evidence.applied.resources
    assert Outcome.UNCERTAIN not in evidence.applied.outcomes.values() or evidence.advice
    with place.driver.open(replace(job, evidence=place.base / "second")) as session:
        session.apply(session.plan(), Diary())
        assert session.plan().empty
    # What was interrupted while its provisioner ran is tainted, and Terraform makes it again.
    outcomes = evidence.applied.outcomes
    again = [name for name in made if outcomes.get(Address(f"terraform_data.{name}")) is not Outcome.DONE]
    assert sorted(proof.read_text().split()) == sorted(["r0", "r1", *again])


def test_recovery_of_an_apply_that_ended_well_is_complete(place: Place) -> None:
    """When only the worker's last word is missing, the apply counts as complete."""
    job = place.job(chain(""))
    place.apply(chain(""))
    place.base.joinpath("journal").write_text("")
    evidence = place.driver.recover(job, Diary().entries)
    assert evidence.gone and evidence.applied is not None and evidence.applied.complete
    assert evidence.applied.outcomes == {"terraform_data.r0": Outcome.DONE}


def test_recovery_elsewhere_concludes_nothing(place: Place, tmp_path: Path) -> None:
    """On a machine that has no trace of an apply that was begun, nobody can say that it ended."""
    diary = Diary()
    place.apply(chain(""), diary)
    evidence = place.driver.recover(place.job(chain(""), evidence=tmp_path / "elsewhere"), diary.entries)
    assert not evidence.gone and evidence.applied is None and evidence.advice


@dataclass
class Meddling(Diary):
    """Somebody is at the files in the moment in which the apply begins."""

    act: Callable[[], object] = lambda: None

    def begin(self, step: StepId) -> None:
        super().begin(step)
        self.act()


def test_an_apply_whose_supervisor_cannot_start_says_so(place: Place) -> None:
    """Once begun nothing is raised: no program was started, nothing was written, and the answer says why."""
    place.apply(chain(""))
    evidence = place.base / "evidence"

    def spoil() -> None:
        shutil.rmtree(evidence)
        evidence.write_text("in the way")

    journal = Meddling(act=spoil)
    applied = place.apply(chain("", ""), journal)
    assert not applied.complete and "the supervisor cannot be started in" in applied.error
    assert applied.outcomes == {} and set(applied.resources) == {"terraform_data.r0"}
    assert [each.event for each in journal.entries] == ["begin", "end"]
    evidence.unlink()
    assert place.apply(chain("", "")).complete


def test_lost_evidence_is_made_again(place: Place) -> None:
    """An emptied directory is no reason to fail: the supervisor makes what it needs."""
    journal = Meddling(act=lambda: shutil.rmtree(place.base / "evidence"))
    assert place.apply(chain(""), journal).complete
    assert proven_gone(attempts(place.base / "evidence")[-1])


def test_an_errored_state_that_cannot_be_read_is_left_to_recovery(place: Place) -> None:
    """The backend did not take the state and its copy is damaged: said, kept, and nothing is concluded from it."""
    place.apply(chain(""))
    files = chain("", "echo '{ half' > errored.tfstate")
    journal = Diary()
    applied = place.apply(files, journal)
    assert not applied.complete and applied.unsaved
    assert "errored.tfstate" in applied.error and "the state cannot be read" in applied.error
    assert set(applied.resources) == {"terraform_data.r0"}
    assert [each.event for each in journal.entries][-1] == "end"
    evidence = place.driver.recover(place.job(files), journal.entries)
    assert evidence.gone and any("errored.tfstate" in line for line in evidence.advice)


class Closed(Diary):
    """A store that stops answering once the apply has begun."""

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        raise Unavailable("the database does not answer")

    def end(self, step: StepId) -> None:
        raise Unavailable("the database does not answer")


def test_a_store_that_stops_answering_does_not_lose_the_outcome(place: Place) -> None:
    """The journal cannot be written: the apply ends as it would, and its answer says what was done."""
    applied = place.apply(chain("", ""), Closed())
    assert applied.complete and set(applied.outcomes) == {"terraform_data.r0", "terraform_data.r1"}


def test_a_state_that_only_the_directory_has_is_not_called_saved(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a backend the vault is the state's only durable place: while it fails, the apply is not complete."""

    def refuse(content: bytes) -> None:
        raise Unavailable("the database does not answer")

    with place.driver.open(place.job(chain(""))) as session:
        plan = session.plan()
        monkeypatch.setattr(place.vault, "store", refuse)
        applied = session.apply(plan, Diary())
    assert not applied.complete and applied.unsaved and "the database does not answer" in applied.error
    monkeypatch.undo()
    assert place.driver.recover(place.job(chain("")), Diary().entries).gone
    assert json.loads(place.vault.versions[-1])["resources"]


@contextmanager
def somebody_applies(place: Place, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's Terraform in the same directory, in the middle of an apply while the context lasts."""
    root = place.base / "work/stk-0000000001/delivery/tree/app"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (root / "zz.tf").write_text(
        f'resource "terraform_data" "zz" {{\n  provisioner "local-exec" {{\n    command = "cat {pipe}"\n  }}\n}}\n'
    )
    environment = {**place.environment, "TF_DATA_DIR": str(tmp_path / "data"), "CHECKPOINT_DISABLE": "1"}
    subprocess.run(["terraform", "init"], cwd=root, env=environment, check=True, capture_output=True)
    process = subprocess.Popen(
        ["terraform", "apply", "-auto-approve"], cwd=root, env=environment, stdout=subprocess.DEVNULL
    )
    with process, pipe.open("w"):
        (root / "zz.tf").unlink()
        yield process


def test_a_lock_of_somebody_else_names_its_holder(place: Place, tmp_path: Path) -> None:
    """A delivery waits for people: the error says who, what and since when; a living process keeps its lock."""
    place.apply(chain(""))
    job = place.job(chain("", ""))
    assert place.driver.locked_by(job) is None
    with somebody_applies(place, tmp_path):
        with place.driver.open(job) as session, pytest.raises(Unavailable) as caught:
            session.plan()
        lock = place.driver.locked_by(job)
        assert lock is not None and lock.operation == "apply" and "@" in lock.holder
        assert lock.holder in str(caught.value) and lock.id in str(caught.value) and "seconds" in str(caught.value)
        with pytest.raises(Rejected, match=lock.id):
            place.driver.unlock(job, lock)
        place.plan(chain("", ""), purpose="check")
    assert place.driver.locked_by(job) is None


def test_outputs_and_token_come_from_the_state(place: Place) -> None:
    """Other stacks get raw outputs with their sensitivity; the token is equal until somebody writes."""
    files = {
        "app/main.tf": 'output "a" {\n  value = [1]\n}\noutput "b" {\n  value = "s3cret!"\n  sensitive = true\n}\n'
    }
    job = place.job(files)
    assert not place.driver.token(job).exists and place.driver.outputs(job) == {}
    place.apply(files)
    token = place.driver.token(job)
    assert token.exists and place.driver.token(job) == token
    assert {name: (each.value, each.sensitive) for name, each in place.driver.outputs(job).items()} == {
        "a": ([1], False),
        "b": ("s3cret!", True),
    }
    assert place.driver.token(replace(job, tree=tree(files, "r2"))) == token
    assert place.driver.token(replace(job, inputs={"a": 1})) != token
    longer = {"app/main.tf": files["app/main.tf"] + 'output "c" {\n  value = 3\n}\n'}
    assert place.driver.token(replace(job, tree=tree(longer, "r3"))) != token
    place.apply(longer)
    place.apply(files)
    assert place.driver.token(job).exists and place.driver.token(job) != token
