"""/ledger: what changed, who did it, who agreed; its proofs, and its export."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from trueup.model.values import JSON
from trueup.ports.store import LedgerFilter
from trueup.render.encoding import to_json
from trueup.web import shown
from trueup.web.bodies import Export
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Administering, Reading, Visit

router = APIRouter(prefix=f"{PREFIX}/ledger", tags=["ledger"])

Page = Annotated[int, Query(ge=1, le=10_000)]


@router.get("")
def list_entries(
    visit: Reading,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    stack: str | None = None,
    env: str = "",
    who: str = "",
    kind: Annotated[str, Query(description="A beginning: `drift.` is everything about drift")] = "",
    run: str = "",
    after: Annotated[int | None, Query(description="Reads on from the entry with this seq")] = None,
    limit: Page = 100,
) -> JSON:
    """Oldest first: the newest `limit` of them, or with `after` the next ones."""
    wanted = LedgerFilter(
        since=since,
        until=until,
        stack=stack_id(visit, stack),
        environment=env,
        actor=who,
        kind=kind,
        run=run,
        limit=limit,
        newest=after is None,
    )
    wanted = wanted if after is None else replace(wanted, after=after)
    with visit.site.store.transaction() as tx:
        return [shown.entry(entry) for entry in tx.entries(wanted)]


@router.get("/verify")
def verify_ledger(visit: Reading) -> JSON:
    """Reads every stored byte and compares it with its hashes and the signed checkpoints."""
    found = visit.offices.verify_ledger()
    return {**to_json(found), "intact": found.intact}


@router.get("/checkpoints")
def list_checkpoints(visit: Reading) -> JSON:
    """Signed heads of the ledger, oldest first."""
    with visit.site.store.transaction() as tx:
        return to_json(list(tx.checkpoints()))


@router.post("/export")
def export_ledger(visit: Administering, body: Export | None = None) -> JSON:
    """Writes what is new as signed commits on a ledger branch."""
    return to_json(visit.offices.export_ledger(body.repository if body else ""))


@router.get("/{seq}")
def show_entry(visit: Reading, seq: Annotated[int, Path(ge=0)]) -> JSON:
    """One entry, and the proof that the ledger as it is now has it."""
    with visit.site.store.transaction() as tx:
        found = tx.entries(LedgerFilter(after=seq - 1, limit=1))
    if not found or found[0].seq != seq:
        raise NotFound(f"the ledger has no entry {seq}", hint="`trueup ledger list` shows them")
    return {**shown.entry(found[0]), "proof": to_json(visit.offices.prove(seq))}


def stack_id(visit: Visit, reference: str | None) -> str:
    return visit.stack(reference).id if reference else ""
