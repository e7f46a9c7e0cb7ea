"""Running an apply under the supervisor: events to the journal, states to safety, outcomes by address."""

import contextlib
import getpass
import shutil
import socket
import time
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
from trueup.model.errors import TrueupError
from trueup.model.plan import Address, Applied, LiveIdentity, Outcome, Plan, Resource, StepId
from trueup.model.shape import Shape
from trueup.ports.driver import Fence, Job, Journal
from trueup.system.processes import Exit
from trueup.system.supervised import Ended, JobFiles, Supervised

ERRORED = "errored.tfstate"


@dataclass
class _Unfenced:
    """For an apply that nobody else can take over."""

    seconds: float

    def renew(self) -> None:
        """Nothing to renew."""


@dataclass
class _Deadline:
    """Renews the lease, and interrupts once when the apply takes too long."""

    fence: Fence
    seconds: float
    started: float = field(default_factory=time.monotonic)
    passed: bool = False

    def renew(self, running: Supervised) -> None:
        self.fence.renew()
        if not self.passed and time.monotonic() - self.started > self.seconds:
            self.passed = True
            running.interrupt()


def evidence_of(job: Job[Any]) -> Path:
    return job.evidence or workdir_of(job).base / "evidence"


def attempts(evidence: Path) -> list[JobFiles]:
    """One for each apply that was begun with this evidence, oldest first."""
    found = sorted(evidence.glob("apply-*"), key=lambda each: int(each.name.partition("-")[2]))
    return [JobFiles(each) for each in found]


def apply(prepared: Prepared, plan: Plan, shapes: Mapping[str, Shape], journal: Journal) -> Applied:
    """Applies the plan file. Once begun, the outcome is in the answer; only LostLease is raised."""
    step = plan.steps[0].id
    evidence = evidence_of(prepared.job)
    with terraform.disk(evidence, "preparing the apply"):
        evidence.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = JobFiles(evidence / f"apply-{len(attempts(evidence)) + 1}")
        files.directory.mkdir(mode=0o700)
    prepared.client.workdir.errored_state.unlink(missing_ok=True)
    # The directory is there before `begin`: recovery tells "never started" from "started on another machine" by it.
    journal.begin(step)
    progress, problems = Progress(plan.changes), list[Problem]()
    deadline = _Deadline(prepared.job.fence or _Unfenced(prepared.apply_seconds), prepared.apply_seconds)
    try:
        ended = _run(prepared, files, deadline, progress, problems, _Reporter(journal, step))
    finally:
        save_errored_state(prepared, evidence)
        if prepared.kept is not None:
            prepared.kept.mirror()
    applied = _conclude(prepared, plan, shapes, progress, problems, ended, deadline)
    journal.end(step)
    return applied


@dataclass
class _Reporter:
    journal: Journal
    step: StepId

    def report(self, address: Address, outcome: Outcome, identity: str) -> None:
        self.journal.report(self.step, address, outcome, identity)


def _run(
    prepared: Prepared,
    files: JobFiles,
    deadline: _Deadline,
    progress: Progress,
    problems: list[Problem],
    reporter: _Reporter,
) -> Ended:
    spec, client = prepared.job.spec, prepared.client
    parallelism = spec.parallelism or prepared.job.limits.parallelism
    options = [f"-parallelism={parallelism}"] if parallelism else []
    lock = f"-lock-timeout={int(spec.lock_timeout.total_seconds())}s"
    command = client.command("apply", "-json", "-input=false", lock, *options, str(client.workdir.plan_file))
    with Supervised(command, files, lease_seconds=deadline.fence.seconds) as running:
        for _, line in running.lines(lambda: deadline.renew(running)):
            message = client.hear(line, problems)
            event = progress.take(message) if message else None
            if event is not None:
                if prepared.kept is not None:
                    prepared.kept.mirror()
                reporter.report(event.address, event.outcome, event.identity)
        return running.wait()


def save_errored_state(prepared: Prepared, evidence: Path) -> Path | None:
    """A state that Terraform could not write to its backend is copied to where it cannot be lost."""
    kept = evidence / ERRORED
    left = prepared.client.workdir.errored_state
    if left.exists():
        shutil.copy2(left, kept)
        kept.chmod(0o600)
    return kept if kept.exists() else None


def _conclude(
    prepared: Prepared,
    plan: Plan,
    shapes: Mapping[str, Shape],
    progress: Progress,
    problems: list[Problem],
    ended: Ended,
    deadline: _Deadline,
) -> Applied:
    complete = ended.code == 0 and ended.ended_by == "itself"
    resources, live, trouble = state_after(prepared, plan, shapes)
    outcomes = progress.outcomes(complete=complete, ended_by_itself=ended.ended_by == "itself")
    if complete and not trouble:
        return Applied(True, resources, outcomes, live)
    words = [prepared.client.translator.redact(join_words(problems))] if problems else []
    if deadline.passed:
        words.append(f"the apply took longer than its limit of {deadline.seconds:g} seconds; raise `applyTimeout`")
    elif ended.ended_by != "itself":
        words.append(f"the apply was interrupted: {ended.ended_by}")
    elif not complete and not problems:
        words.append(str(prepared.client.failure(Exit(ended.code, ended.tail), [], "applying")))
    unsaved = save_errored_state(prepared, evidence_of(prepared.job)) is not None
    return Applied(False, resources, outcomes, live, "\n".join([*words, *trouble]), unsaved=unsaved)


def state_after(
    prepared: Prepared, plan: Plan | None, shapes: Mapping[str, Shape]
) -> tuple[dict[Address, Resource], LiveIdentity, list[str]]:
    """S as the writes left it, from the state that they wrote; and what is wrong where it could not be written.
    Never from a refresh, which would absorb somebody's concurrent change."""
    client = prepared.client
    errored = save_errored_state(prepared, evidence_of(prepared.job))
    if errored is not None:
        document = client.show_state(errored)
        trouble = [
            f"the backend did not take the new state: it is kept in {errored.name} of this run's evidence, and the "
            "state's lock may remain; recovery writes it back"
        ]
        return resources_of_state(document, shapes, prepared.hider), identity_in(errored.read_bytes()), trouble
    try:
        live = identity_in(client.pull())
        return resources_of_state(client.show_state(), shapes, prepared.hider), live, []
    except TrueupError as error:
        before = dict(plan.real) if plan else {}
        return before, plan.basis.live if plan else LiveIdentity(), [f"the state cannot be read: {error.message}"]


def me() -> str:
    """As Terraform names the holder of a lock: user@host."""
    with contextlib.suppress(OSError, KeyError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return f"@{socket.gethostname()}"
