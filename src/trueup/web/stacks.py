"""/stacks: what is reconciled, what differs, and what people decide about it."""

from fastapi import APIRouter

from trueup.engine.ids import new_id
from trueup.engine.jobs import Errand
from trueup.engine.tools import Asked
from trueup.model.stack import Mode, Standing
from trueup.model.values import JSON, Digest
from trueup.render.encoding import to_json
from trueup.stages.attribute import attribute
from trueup.web import shown
from trueup.web.bodies import Adopt, Move, PerhapsReason, Reason, Unlock, Use
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Administering, Deciding, Reading, decided

router = APIRouter(prefix=f"{PREFIX}/stacks", tags=["stacks"])


@router.get("")
def list_stacks(
    visit: Reading, env: str | None = None, standing: Standing | None = None, mode: Mode | None = None
) -> JSON:
    """All stacks by name; forgotten ones only when asked for by that standing."""
    with visit.site.store.transaction() as tx:
        known = tx.stacks()
    wanted = [
        stack
        for stack in known
        if (standing is None and stack.standing is not Standing.FORGOTTEN) or stack.standing is standing
        if env is None or stack.environment == env
    ]
    return [stack for stack in shown.stacks(visit, wanted) if mode is None or stack["mode"] == mode]


@router.get("/{id}")
def show_stack(visit: Reading, id: str) -> JSON:
    """One stack, by id, full name or unambiguous short name (`/` encoded as %2F)."""
    return shown.stack(visit, visit.stack_at(id))


@router.get("/{id}/plan")
def plan_stack(visit: Deciding, id: str) -> JSON:
    """Plans at the branch's head, now, with plan credentials only, and says the cause of every difference."""
    site, stack = visit.site, visit.stack_at(id)
    source = site.errands.source_at(stack, site.catalog.head(stack.repository))
    errand = Errand("check", new_id("pln"), f"check:{stack.id}", slot="plan")
    with site.errands.observed(source, errand) as live:
        return shown.plan(attribute(live.plan(), site.books.baseline(stack.id)), stack)


@router.get("/{id}/coverage")
def cover_stack(visit: Deciding, id: str) -> JSON:
    """Which kinds of its resources are watched beside the plan, which are not and why, and what was found there that
    no code has, each with the code that would manage it. Plans with plan credentials; changes nothing."""
    return shown.coverage(visit.site.coverages.coverage(visit.stack_at(id).id))


@router.get("/{id}/adoption")
def preview_adoption(visit: Deciding, id: str) -> JSON:
    """What would be settled by adopting it now. Plans with plan credentials; writes nothing anywhere."""
    return shown.preview(visit.site.adoption.preview(visit.stack_at(id).id))


@router.post("/{id}/adopt")
def adopt(visit: Deciding, id: str, body: Adopt) -> JSON:
    """Gives a stack its first books."""
    seen = Digest(body.seen) if body.seen else None
    stack = visit.stack_at(id)
    baseline = visit.site.adoption.adopt(stack.id, visit.by, body.reason, seen)
    about = shown.stack(visit, visit.stack(stack.id))
    return {**about, "revision": baseline.basis.revision, "resources": len(baseline.resources)}


@router.get("/{id}/check")
def show_check(visit: Reading, id: str) -> JSON:
    """The newest check."""
    stack = visit.stack_at(id)
    with visit.site.store.transaction() as tx:
        check = tx.check(stack.id)
    if check is None:
        raise NotFound(f"{stack.name} was never checked", hint="`trueup stack check` makes it due")
    return shown.check(check, {stack.id: stack.name})


@router.post("/{id}/check")
def check(visit: Deciding, id: str) -> JSON:
    """Makes the next check due now; a worker takes it up."""
    stack = visit.stack_at(id)
    return shown.check(decided(lambda: visit.site.stacks.check(stack.id, visit.by)), {stack.id: stack.name})


@router.post("/{id}/deliver")
def deliver(visit: Deciding, id: str, body: Reason) -> JSON:
    """Starts a delivery of the branch's head, through the gate."""
    stack = visit.stack_at(id)
    run = decided(lambda: visit.site.stacks.deliver(stack.id, visit.by, body.reason))
    return shown.run(run, {stack.id: stack.name})


@router.post("/{id}/destroy")
def destroy(visit: Deciding, id: str, body: Reason) -> JSON:
    """Starts a run that takes everything down, through the gate."""
    stack = visit.stack_at(id)
    run = decided(lambda: visit.site.stacks.destroy(stack.id, visit.by, body.reason))
    return shown.run(run, {stack.id: stack.name})


@router.post("/{id}/pause")
def pause(visit: Deciding, id: str, body: Reason) -> JSON:
    """No deliveries and no automatic responses until it is resumed."""
    stack = visit.stack_at(id)
    return shown.stack(visit, decided(lambda: visit.site.stacks.pause(stack.id, visit.by, body.reason)))


@router.post("/{id}/resume")
def resume(visit: Deciding, id: str, body: PerhapsReason | None = None) -> JSON:
    """Lets a paused stack be delivered again."""
    stack = visit.stack_at(id)
    return shown.stack(visit, decided(lambda: visit.site.stacks.resume(stack.id, visit.by)))


@router.post("/{id}/forget")
def forget(visit: Administering, id: str, body: Reason) -> JSON:
    """Stops watching an orphan; nothing live is touched."""
    stack = visit.stack_at(id)
    return shown.stack(visit, decided(lambda: visit.site.stacks.forget(stack.id, visit.by, body.reason)))


@router.post("/{id}/move")
def move(visit: Administering, id: str, body: Move) -> JSON:
    """Gives an orphan's books to the stack that is declared at another path."""
    stack, to = visit.stack_at(id), visit.stack(body.to)
    return shown.stack(visit, decided(lambda: visit.site.stacks.move(stack.id, visit.by, to.name)))


@router.get("/{id}/tools")
def list_tools(visit: Reading, id: str) -> JSON:
    """What its driver can do for a person besides the walk: `trueup db` and `trueup dns` use these."""
    return to_json(visit.site.tools.of(visit.stack_at(id).id))


@router.post("/{id}/tools/{tool}")
def use_tool(visit: Deciding, id: str, tool: str, body: Use) -> JSON:
    """Uses one of them, with plan credentials; one that writes takes apply credentials and goes into the ledger."""
    asked = Asked(tool, body.arguments, body.commit, body.reason)
    return to_json(visit.site.tools.use(visit.stack_at(id).id, asked, visit.by))


@router.get("/{id}/lock")
def show_lock(visit: Deciding, id: str) -> JSON:
    """Who holds its lock in the live system; null when nobody does."""
    return to_json(visit.site.stacks.locked_by(visit.stack_at(id).id))


@router.post("/{id}/unlock")
def unlock(visit: Administering, id: str, body: Unlock) -> JSON:
    """Breaks exactly the lock that was looked at."""
    return to_json(visit.site.stacks.unlock(visit.stack_at(id).id, visit.by, body.lock, body.reason))
