"""Shown: nouns as the API's clients see them: their JSON, with the stack's name wherever its id is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from trueup.engine.adoption import Preview
from trueup.engine.backlog import Proposed
from trueup.engine.break_glass_told import covering
from trueup.engine.break_glass_told import held as because_of
from trueup.engine.codification import Codified
from trueup.engine.coverage import StackCoverage
from trueup.engine.lost import Silence, silences
from trueup.model.drift import Check, Drift, DriftId, DriftState
from trueup.model.ledger import Entry
from trueup.model.plan import AttributedPlan
from trueup.model.run import Run, RunId, RunKind, RunState
from trueup.model.stack import Declaration, Stack, StackId
from trueup.model.values import JSON
from trueup.ports.store import RunFilter
from trueup.render.encoding import to_json
from trueup.render.incident import reasons, shown_entry, shown_span, story, when
from trueup.render.losses import lost_by, ways_on
from trueup.render.text import plan_text
from trueup.stages.incident import Suspect
from trueup.web.visit import Visit

Names = Mapping[StackId, str]
ACTIVE = frozenset(state for state in RunState if not state.ended)
MANY = 100_000


def run(each: Run, names: Names) -> JSON:
    return {**to_json(each), "name": names.get(each.stack, "")}


def runs(visit: Visit, wanted: Sequence[Run]) -> list[JSON]:
    names, lost = visit.names(), silences(visit.site.store, wanted)
    return [{**run(each, names), "worker_lost": to_json(lost.get(each.id))} for each in wanted]


def whole_run(visit: Visit, each: Run) -> JSON:
    """A run by itself: also what it would lose, whose that was, since when, and the ways on."""
    (about,) = runs(visit, [each])
    if not each.losses:
        return about
    with visit.site.store.transaction() as tx:
        drifts = [tx.drift(DriftId(id)) for id in dict.fromkeys(loss.drift for loss in each.losses) if id]
    lost = lost_by(each, [drift for drift in drifts if drift is not None])
    ways = ways_on(each, about["name"], lost) if each.state is RunState.BLOCKED else ()
    return {**about, "lost": to_json(lost), "ways_on": to_json(ways)}


def drift(each: Drift, names: Names) -> JSON:
    about = {"name": names.get(each.stack, ""), "actor": each.actor, "cause": str(each.cause)}
    return {**to_json(each), **about}


def life(visit: Visit, each: Drift) -> JSON:
    """One drift with everything that the ledger says of it, and its earlier lives, newest first."""
    names, backlog = visit.names(), visit.site.backlog
    lives = [drift(one, names) for one in backlog.earlier(each)]
    return {**drift(each, names), "life": [entry(one) for one in backlog.life(each)], "earlier_lives": lives}


def proposed(each: Proposed, names: Names) -> JSON:
    about = codified(each.codified, names) if each.codified else None
    return {**to_json(replace(each, codified=None)), "codified": about}


def check(each: Check, names: Names) -> JSON:
    return {**to_json(each), "name": names.get(each.stack, "")}


def entry(each: Entry) -> JSON:
    """The document that is hashed, flat, and its leaf."""
    return {**to_json(each.document), "leaf": each.leaf}


def suspect(each: Suspect, rank: int) -> JSON:
    """One thing that changed before a moment: when, what, what it undid, and why it stands where it stands."""
    within = each.span.after is not None and not each.before
    ago = when(each.before, within)
    return {
        **shown_entry(each.entry),
        "rank": rank,
        "score": round(each.score, 4),
        "when": ago,
        "happened": shown_span(each.span.until, each.span.after),
        "story": story(each.entry, each.undid, ago),
        "undid": [{"seq": entry.seq, **to_json(entry.draft.details)} for entry in each.undid],
        "because": reasons(each.effect, each.undid, each.nearness, each.entry.draft.name),
    }


def stack(visit: Visit, each: Stack) -> JSON:
    return stacks(visit, [each])[0]


def stacks(visit: Visit, wanted: Sequence[Stack]) -> list[JSON]:
    """Read in one transaction: one moment of the site."""
    declared = visit.declarations()
    with visit.site.store.transaction() as tx:
        drifting = Counter(drift.stack for drift in tx.drifts() if drift.state is not DriftState.IGNORED)
        checks = {check.stack: check for check in tx.checks()}
        at_work = tx.runs(RunFilter(states=ACTIVE, limit=MANY))
    active = {run.stack: run for run in reversed(at_work) if run.kind is not RunKind.PROPOSAL}
    lost = silences(visit.site.store, active.values())
    return [
        {
            **to_json(each),
            **_declared(declared.get(each.name)),
            "check": to_json(checks.get(each.id)),
            "open_drifts": drifting[each.id],
            "active_run": _brief(active[each.id], lost) if each.id in active else None,
        }
        for each in wanted
    ]


def _declared(each: Declaration | None) -> JSON:
    """How the control repository wants it now; nothing of a stack that is gone from it."""
    if each is None:
        return {"mode": None, "respond": None, "format": None, "owner": [], "depends_on": [], "rules": None}
    found = {name: getattr(each, name) for name in ("mode", "respond", "format", "owner", "depends_on")}
    return {**to_json(found), "rules": to_json(each.environment)}


def _brief(each: Run, lost: Mapping[RunId, Silence]) -> JSON:
    return {"id": each.id, "kind": each.kind, "state": each.state, "worker_lost": to_json(lost.get(each.id))}


def plan(each: AttributedPlan, about: Stack) -> JSON:
    """What differs and why, and the same as text. Values are masked where they are secret."""
    changes = [
        {
            "address": change.address,
            "kind": change.kind,
            "identity": change.identity,
            "action": change.planned.action if change.planned else None,
            "reason": change.planned.reason if change.planned else "",
            "differences": [{**to_json(difference), "label": difference.label} for difference in change.differences],
        }
        for change in each.changes
    ]
    return {
        "stack": about.id,
        "name": about.name,
        "revision": each.plan.basis.revision,
        "engine": each.plan.basis.engine,
        "effect": each.plan.effect,
        "basis": each.plan.basis.digest,
        "provisional": each.provisional,
        "empty": each.plan.empty,
        "changes": changes,
        "findings": to_json(each.plan.findings),
        "text": plan_text(each),
    }


def preview(each: Preview) -> JSON:
    """`seen` is what `adopt` is given back."""
    about = plan(each.attributed, each.stack)
    strays = [child for child in each.attributed.plan.children or () if child.managed_by is None]
    about["strays"] = [{"address": child.address, "values": to_json(child.values)} for child in strays]
    return {**about, "state": each.state, "seen": each.seen, "findings": to_json(each.findings)}


def coverage(each: StackCoverage) -> JSON:
    """`share` is 0 to 1."""
    return {
        "stack": each.stack.id,
        "name": each.stack.name,
        "revision": each.revision,
        "share": round(each.share, 3),
        "kinds": to_json(each.kinds),
        "strays": to_json(each.strays),
        "findings": to_json(each.findings),
    }


def codified(each: Codified, names: Names) -> JSON:
    return {**to_json(each), "done": [drift(done, names) for done in each.done]}


def held(visit: Visit, each: Run) -> str:
    """Why nothing is applied although everybody agreed: the stack is paused, or changed by hand just now."""
    with visit.site.store.transaction() as tx:
        row = tx.stack(each.stack)
        glass = covering(tx, row) if row is not None else None
    if each.state.ended or each.state.begun or each.kind is RunKind.PROPOSAL or row is None:
        return ""
    return because_of(glass) if glass is not None else f"the stack is paused: {row.paused}" if row.paused else ""


def why(visit: Visit, each: Run) -> JSON:
    """Whose approvals count and whose do not; what is missing and from whom. Those given in the forge are asked for
    while the run waits for them."""
    tally = visit.site.runs.tally(each)
    return {
        "explanation": tally.explain(),
        "needed": tally.needed,
        "missing": tally.missing,
        "approvers": to_json(tally.approvers),
        "authors": to_json(each.authors),
        "counted": to_json(tally.counted),
        "ignored": [{"approval": to_json(approval), "reason": reason} for approval, reason in tally.ignored],
    }
