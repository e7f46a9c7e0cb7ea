"""Reports: what change requests are told about their proposals. One sticky comment and one status for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from trueup.engine.errands import Errands
from trueup.model.drift import Drift, DriftId
from trueup.model.errors import TrueupError
from trueup.model.request import Status
from trueup.model.run import Run, RunKind, RunState
from trueup.model.stack import Mode, Stack
from trueup.ports.forge import Forge
from trueup.ports.store import RunFilter, Store
from trueup.render.comments import run_markdown
from trueup.render.values import counted

CONTEXT = "trueup"
"""The one aggregate status that branch protection refers to."""
REPORTED = "reported"


@dataclass(frozen=True)
class Reports:
    store: Store
    errands: Errands
    forges: Callable[[str], Forge | None]

    def publish(self) -> None:
        """Tells the forge about proposals that ended since the last time; one that cannot be told is tried again."""
        ended = frozenset({RunState.FINISHED, RunState.FAILED, RunState.REFUSED})
        with self.store.transaction() as tx:
            wanted = RunFilter(states=ended, kinds=frozenset({RunKind.PROPOSAL}), limit=200)
            fresh = [run for run in tx.runs(wanted) if REPORTED not in run.notes]
            stacks = {stack.id: stack for stack in tx.stacks()}
        for run in reversed(fresh):
            stack = stacks[run.stack]
            forge = self.forges(stack.repository)
            try:
                said = self._tell(forge, run, stack) if forge is not None else "no forge"
            except TrueupError as error:
                self.store.log(run.id, [f"the change request could not be told: {error}"])
                continue
            self._note(run, said)

    def _tell(self, forge: Forge, run: Run, stack: Stack) -> str:
        """In mode observe nothing is written, to the forge neither."""
        if run.request is None or not self.errands.declaration(stack).mode.allows(Mode.PROPOSE):
            return "not in this mode"
        text = run_markdown(run, stack.name, self._drifts(run))
        forge.comment(run.request, "trueup", text, marker=f"trueup:{stack.id}")
        forge.set_status(run.revision, CONTEXT, self._status(run, stack))
        return "told"

    def _drifts(self, run: Run) -> list[Drift]:
        """The records that its losses name."""
        with self.store.transaction() as tx:
            found = [tx.drift(DriftId(id)) for id in dict.fromkeys(loss.drift for loss in run.losses) if id]
        return [drift for drift in found if drift is not None]

    def _status(self, run: Run, stack: Stack) -> Status:
        """Of all proposals of this commit together."""
        with self.store.transaction() as tx:
            wanted = RunFilter(kinds=frozenset({RunKind.PROPOSAL}), request=run.request)
            siblings = [each for each in tx.runs(wanted) if each.revision == run.revision]
        state, words = summary(siblings)
        return Status(state, words)

    def _note(self, run: Run, said: str) -> None:
        with self.store.transaction() as tx:
            current = tx.run(run.id)
            if current is not None:
                tx.put_run(replace(current, notes={**current.notes, REPORTED: said}))


def summary(runs: Sequence[Run]) -> tuple[Literal["pending", "success", "failure"], str]:
    """One status for all stacks of a change request; at most 140 characters."""
    failed = sum(run.state in (RunState.FAILED, RunState.REFUSED) for run in runs)
    open_ones = sum(not run.state.ended for run in runs)
    blocked = sum(bool(run.losses) for run in runs)
    stopped = sum(any(finding.stops for finding in run.findings) for run in runs)
    changes = sum(len(run.changes) for run in runs)
    if failed:
        return "failure", f"{failed} of {len(runs)} stacks could not be planned"
    if open_ones:
        return "pending", f"{open_ones} of {len(runs)} stacks are still being planned"
    if blocked:
        return "failure", f"{blocked} of {len(runs)} stacks would undo changes made by hand"
    if stopped:
        return "failure", f"{stopped} of {len(runs)} stacks would be refused: the comment says why"
    return "success", f"{counted(changes, 'change', 'changes')} in {counted(len(runs), 'stack', 'stacks')}"
