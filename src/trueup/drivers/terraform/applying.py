"""Running an apply under the supervisor: events to the journal, states to safety, outcomes by address."""

import contextlib
import getpass
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueup.drivers.terraform import client as terraform
from trueup.drivers.terraform.convert import resources_of_state
from trueup.drivers.terraform.diagnostics import Problem, join_words
from trueup.drivers.terraform.events import Progress
from trueup.drivers.terraform.prepared import Prepared
from trueup.drivers.terraform.state import identity_in
from trueup.drivers.terraform.workdir import workdir_of
from trueup.model.errors import LostLease, TrueupError, Unavailable
from trueup.model.plan import Address, Applied, Outcome, Plan, Resource, StepId
from trueup.model.shape import Shape
from trueup.ports.driver import Fence, Job, Journal
from trueup.system.attempts import Deadline, another_attempt
from trueup.system.processes import Exit
from trueup.system.supervised import Ended, JobFiles, Supervised, proven_gone

ERRORED = "errored.tfstate"


def evidence_of(job: Job[Any]) -> Path:
    return job.evidence or workdir_of(job).base / "evidence"


def apply(prepared: Prepared, plan: Plan, shapes: Mapping[str, Shape], journal: Journal) -> Applied:
    """Applies the plan file. Once begun, the outcome is in the answer, whatever fails; only LostLease is raised."""
    fence = prepared.job.fence
    assert fence is not None
    step = plan.steps[0].id
    evidence = evidence_of(prepared.job)
    with terraform.disk(evidence, "preparing the apply"):
        files = another_attempt(evidence)
    prepared.client.workdir.errored_state.unlink(missing_ok=True)
    journal.begin(step)
    watched = _Watched(Progress(plan.changes), Deadline(fence.renew, prepared.apply_seconds))
    try:
        watched.ended = _run(prepared, fence, files, watched, _Reporter(journal, step))
    except LostLease:
        raise
    except TrueupError as error:
        watched.trouble.append(f"{error.message}\n{error.hint}".strip())
    finally:
        watched.unsaved += _save(prepared, evidence)
    if not proven_gone(files):
        watched.unsaved.append(f"something that the apply started still runs: see {files.status}")
    applied = _conclude(prepared, plan, shapes, watched)
    _Reporter(journal, step).end()
    return applied


@dataclass
class _Watched:
    """What is heard of one apply while it runs, and what goes wrong beside it."""

    progress: Progress
    deadline: Deadline
    problems: list[Problem] = field(default_factory=list)
    ended: Ended | None = None
    """None when it could not be started, or not be watched to its end."""
    trouble: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)
    """Why recovery has to look at what was written."""

    @property
    def by_itself(self) -> bool:
        return self.ended is not None and self.ended.ended_by == "itself"

    @property
    def complete(self) -> bool:
        return self.by_itself and self.ended is not None and self.ended.code == 0


@dataclass
class _Reporter:
    """While the store does not answer the apply goes on: its events are in the supervisor's log, and the lease, which
    cannot be renewed either, ends it in time."""

    journal: Journal
    step: StepId

    def report(self, address: Address, outcome: Outcome, identity: str) -> None:
        with contextlib.suppress(Unavailable):
            self.journal.report(self.step, address, outcome, identity)

    def end(self) -> None:
        with contextlib.suppress(Unavailable):
            self.journal.end(self.step)


def _run(prepared: Prepared, fence: Fence, files: JobFiles, watched: _Watched, reporter: _Reporter) -> Ended:
    spec, client = prepared.job.spec, prepared.client
    parallelism = spec.parallelism or prepared.job.limits.parallelism
    options = [f"-parallelism={parallelism}"] if parallelism else []
    lock = f"-lock-timeout={int(spec.lock_timeout.total_seconds())}s"
    command = client.command("apply", "-json", "-input=false", lock, *options, str(client.workdir.plan_file))
    with Supervised(command, files, lease_seconds=fence.seconds) as running:
        for _, line in running.lines(lambda: watched.deadline.watch(running)):
            message = client.hear(line, watched.problems)
            event = watched.progress.take(message) if message else None
            if event is not None:
                _mirror(prepared)
                reporter.report(event.address, event.outcome, event.identity)
        return running.wait()


def _save(prepared: Prepared, evidence: Path) -> list[str]:
    """Brings everything that was written to where it cannot be lost; says what that failed for."""
    try:
        errored = save_errored_state(prepared, evidence)
    except Unavailable as error:
        left = prepared.client.workdir.errored_state
        return [f"the backend did not take the new state, and {left} could not be copied: {error.message}"]
    if errored is None:
        return _mirror(prepared)
    return [
        f"the backend did not take the new state: it is kept in {errored.name} of this run's evidence, and the state's "
        "lock may remain; recovery writes it back",
        *_mirror(prepared),
    ]


def save_errored_state(prepared: Prepared, evidence: Path) -> Path | None:
    """A state that Terraform could not write to its backend is copied to where it cannot be lost. Raises
    Unavailable."""
    kept = evidence / ERRORED
    left = prepared.client.workdir.errored_state
    with terraform.disk(evidence, "saving the state that the backend did not take"):
        if left.exists():
            evidence.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(left, kept)
            kept.chmod(0o600)
        return kept if kept.exists() else None


def _mirror(prepared: Prepared) -> list[str]:
    if prepared.kept is None:
        return []
    try:
        with terraform.disk(prepared.job.directory, "reading the state"):
            prepared.kept.mirror()
    except Unavailable as error:
        return [f"the state is only in {prepared.kept.file}, nothing else has it: {error.message}"]
    return []


def _conclude(prepared: Prepared, plan: Plan, shapes: Mapping[str, Shape], watched: _Watched) -> Applied:
    """S is as the writes left it, from the state that they wrote. Never from a refresh, which would absorb somebody's
    concurrent change."""
    resources, live = plan.real, plan.basis.live
    try:
        errored = save_errored_state(prepared, evidence_of(prepared.job))
        written = identity_in(errored.read_bytes() if errored else prepared.client.pull())
        resources, live = _state(prepared, shapes, errored), written
    except TrueupError as error:
        watched.unsaved.append(f"the state cannot be read: {error.message}")
    outcomes = watched.progress.outcomes(complete=watched.complete, ended_by_itself=watched.by_itself)
    if watched.complete and not watched.unsaved:
        return Applied(True, resources, outcomes, live)
    words = "\n".join([*_words(prepared, watched), *watched.trouble, *watched.unsaved])
    return Applied(False, resources, outcomes, live, words, unsaved=bool(watched.unsaved))


def _state(prepared: Prepared, shapes: Mapping[str, Shape], errored: Path | None) -> dict[Address, Resource]:
    return resources_of_state(prepared.client.show_state(errored), shapes, prepared.hider)


def _words(prepared: Prepared, watched: _Watched) -> list[str]:
    client, ended = prepared.client, watched.ended
    words = [client.translator.redact(join_words(watched.problems))] if watched.problems else []
    if watched.deadline.passed:
        words.append(watched.deadline.words)
    elif ended is not None and not watched.by_itself:
        words.append(f"the apply was interrupted: {ended.ended_by}")
    elif ended is not None and not watched.complete and not words:
        words.append(str(client.failure(Exit(ended.code, ended.tail), [], "applying")))
    return words


def me() -> str:
    """As Terraform names the holder of a lock: user@host."""
    with contextlib.suppress(OSError, KeyError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return f"@{socket.gethostname()}"
