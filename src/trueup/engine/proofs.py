"""Proofs: for what an open change request was proven, and whether that still holds."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from trueup.engine.catalog import Catalog
from trueup.engine.deciding import about
from trueup.engine.errands import Errands
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.errors import Refused, TrueupError
from trueup.model.request import ChangeRequest, RequestState, Status
from trueup.model.stack import Stack, StackId
from trueup.ports.forge import Forge
from trueup.ports.store import Store, Transaction
from trueup.render.values import shown

CONTEXT = "trueup/proof"
"""The status of a codifying change request that says whether its proof holds."""
MARKER = "trueup-proof"


@dataclass(frozen=True)
class Proof:
    """What one drift's change request was made from."""

    request: int
    fingerprint: str
    """Of the drift: its paths and the values that were real."""
    closure: str
    """Digest of the stack's files that it was proven with."""
    revision: str
    proven: bool
    outdated: str = ""
    """Why it does not hold any more, as it was said in the change request."""


@dataclass(frozen=True)
class _Outdated:
    drift: Drift
    proof: Proof
    why: str

    @property
    def is_news(self) -> bool:
        return self.why != self.proof.outdated


@dataclass(frozen=True)
class Proofs:
    store: Store
    catalog: Catalog
    errands: Errands
    forges: Callable[[str], Forge | None]

    def keep(self, tx: Transaction, id: DriftId, proof: Proof) -> None:
        tx.put_fact(f"proof:{id}", json.dumps(asdict(proof)))

    def of(self, id: DriftId) -> Proof | None:
        with self.store.transaction() as tx:
            text = tx.fact(f"proof:{id}")
        return Proof(**json.loads(text)) if text else None

    def superseded_by_another(self, forge: Forge, drifts: Sequence[Drift], closure: str) -> tuple[ChangeRequest, ...]:
        """Open change requests of these drifts whose proof does not hold any more: another one takes their place.
        Raises Refused while one is open that holds, or that a person is to finish."""
        old: dict[int, ChangeRequest] = {}
        for drift in drifts:
            proof = self.of(drift.id)
            request = forge.get(proof.request) if proof is not None else None
            if proof is None or request is None or request.state is not RequestState.OPEN:
                if drift.state is DriftState.CODIFYING:
                    raise Refused(f"{drift.id} is being codified already: #{drift.request}", hint="wait for its end")
                continue
            if proof.fingerprint == drift.fingerprint and (proof.closure == closure or not proof.proven):
                what = "is open and proven" if proof.proven else "is open, for a person to finish"
                raise Refused(
                    f"{drift.address} is being codified already: #{request.number} {what}",
                    hint=f"merge or finish #{request.number}, or close it to try again",
                )
            old[request.number] = request
        return tuple(old.values())

    def say_outdated(self) -> None:
        """In every codifying change request whose proof does not hold any more: once for each reason."""
        with self.store.transaction() as tx:
            stacks = {stack.id: stack for stack in tx.stacks()}
            waiting = [drift for drift in tx.drifts() if drift.request is not None]
        for (id, number), drifts in _by_request(waiting).items():
            stack, forge = stacks[id], self.forges(stacks[id].repository)
            outdated = [
                _Outdated(drift, proof, why)
                for drift in drifts
                if (proof := self.of(drift.id)) is not None and proof.proven and proof.request == number
                if (why := "; ".join(self._outdated(drift, proof, stack)))
            ]
            if forge is None or not any(each.is_news for each in outdated):
                continue
            request = forge.get(number)
            if request.state is RequestState.OPEN:
                self._say(forge, request, stack, outdated)
            with self.store.transaction() as tx:
                for each in outdated:
                    self.keep(tx, each.drift.id, replace(each.proof, outdated=each.why))

    def _outdated(self, drift: Drift, proof: Proof, stack: Stack) -> Iterator[str]:
        if drift.fingerprint != proof.fingerprint:
            now = ", ".join(f"{each.label or drift.address} is {shown(each.real)}" for each in drift.differences)
            yield f"what is real changed again: {now}"
        head = self.catalog.head(stack.repository)
        if head == proof.revision or self.catalog.manifest.declaration(stack.name) is None:
            return
        try:
            same = self.errands.read(self.errands.source_at(stack, head)).closure.digest == proof.closure
        except TrueupError:
            same = False
        if not same:
            yield f"the branch has other files of {stack.name} by now: it was {proof.revision[:12]}, and is {head[:12]}"

    def _say(self, forge: Forge, request: ChangeRequest, stack: Stack, outdated: Sequence[_Outdated]) -> None:
        again = " ".join(each.drift.id for each in outdated)
        lines = [
            "**The proof of this change request does not hold any more:**",
            "",
            *(f"* `{each.drift.address}`: {each.why}" for each in outdated),
            "",
            f"`trueup drift codify {again}` writes and proves it again, in another change request that takes the place "
            "of this one.",
        ]
        forge.comment(request.number, "trueup", "\n".join(lines), marker=MARKER)
        forge.set_status(request.head, CONTEXT, Status("failure", f"outdated: {outdated[0].why}"[:140]))
        with self.store.transaction() as tx:
            for each in outdated:
                if each.is_news:
                    address = each.drift.address
                    summary = f"the proof of #{request.number} for {address} on {stack.name} does not hold any more"
                    details = {"drift": each.drift.id, "address": address, "why": each.why}
                    draft = about(stack, "drift.proof-outdated", f"{summary}: {each.why}")
                    tx.record(replace(draft, request=request.number, details=details))


def _by_request(drifts: Sequence[Drift]) -> Mapping[tuple[StackId, int], Sequence[Drift]]:
    found: dict[tuple[StackId, int], list[Drift]] = {}
    for drift in drifts:
        if drift.request is not None:
            found.setdefault((drift.stack, drift.request), []).append(drift)
    return found
