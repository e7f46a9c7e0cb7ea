"""Evidence: all changes of a period with their proofs, reconciled with Git and with the live systems' serials."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from trueup.engine.catalog import Catalog
from trueup.engine.errands import Errands
from trueup.manifests.layouts import FILE
from trueup.model.errors import Broken, TrueupError
from trueup.model.ledger import CHANGES, Checkpoint, Entry, stamp
from trueup.model.stack import Stack, Standing
from trueup.ports.forge import Forge
from trueup.ports.store import LedgerFilter, Store
from trueup.render.incident import noun_of
from trueup.stages.reconcile import LiveStep, live_steps
from trueup.system.history import Commit
from trueup.system.merkle import Proofs, leaf_hash

FORMAT = "trueup-evidence/1"
EVERYTHING = 10**9
EXCEPTIONS: Mapping[str, str] = {
    "run.released": "a hand-made change was released to be undone",
    "run.uncertain": "an apply of which nobody saw the end",
    "run.urgent": "a delivery went ahead of the queue",
    "foreign.unexplained": "an apply beside Trueup that no commit explains",
    "foreign.accepted": "a person accepted what such an apply left",
    "drift.open": "a change by hand",
    "drift.tolerated": "a change by hand was left in place for a while",
    "drift.reverted-by": "an apply beside Trueup undid a change by hand",
    "drift.resolved.reverted": "a change by hand was undone outside of a change request",
    "drift.resolved.vanished": "a change by hand was undone by hand",
    "drift.breached": "a deadline passed",
    "break-glass.": "break-glass",
    "source.rewritten": "a branch was rewritten",
    "stack.unlocked": "a lock of the live system was broken",
    "signals.blind": "nobody listened to the live system's log",
    "check.overdue": "nobody looked for drift",
}
"""What an auditor wants to see by itself: kinds, and what they are."""


@dataclass(frozen=True)
class Period:
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Evidence:
    store: Store
    catalog: Catalog
    errands: Errands
    forges: Callable[[str], Forge | None]

    def collect(self, period: Period) -> Mapping[str, Any]:
        """The same period of the same ledger gives the same document: nothing in it says when it was made, and it is
        signed by the oldest checkpoint that covers it."""
        ledger = self._ledger(period)
        changes = [self._change(entry, ledger) for entry in ledger.period if _is_change(entry)]
        exceptions = [*_exceptions(ledger.period), *_unreviewed(changes)]
        with self.store.transaction() as tx:
            stacks = [each for each in tx.stacks() if each.standing is not Standing.FORGOTTEN]
        steps = [each for each in live_steps(ledger.before_and_in) if period.since <= each.at < period.until]
        gaps = [_step(each) for each in steps if not each.explained]
        unreconciled = [each for stack in stacks for each in self._without_run(stack, period)]
        return {
            "format": FORMAT,
            "from": stamp(period.since),
            "to": stamp(period.until),
            "counts": {
                "changes": len(changes),
                "exceptions": len(exceptions),
                "state_steps": len(steps),
                "state_steps_without_explanation": len(gaps),
                "commits_without_a_run": len(unreconciled),
                "by_kind": dict(sorted(Counter(each.draft.kind for each in ledger.period).items())),
                "entries": len(ledger.period),
            },
            "changes": changes,
            "exceptions": exceptions,
            "state_steps": [_step(each) for each in steps],
            "state_steps_without_explanation": gaps,
            "commits_without_a_run": unreconciled,
            "settings": self._settings(period),
            "entries": [ledger.text(each) for each in ledger.period],
            "around": ledger.around,
            "checkpoint": _checkpoint(ledger.checkpoint),
            "ledger": {"entries": ledger.size, "checkpoint": _checkpoint(ledger.checkpoint)},
        }

    def _ledger(self, period: Period) -> "_Ledger":
        with self.store.transaction() as tx:
            everything = tx.entries(LedgerFilter(until=period.until, limit=EVERYTHING))
            found = [each for each in everything if each.time >= period.since]
            needed = found[-1].seq + 1 if found else 0
            covering = [each for each in tx.checkpoints() if each.size >= max(needed, 1)]
            signed = min(covering, key=lambda each: each.size) if covering else tx.sign_checkpoint()
            bodies = tx.entry_bytes(-1, signed.size if signed else 0)
            proofs = Proofs([leaf_hash(body) for body in bodies])
            if signed is not None and (proofs.size, proofs.root.hex()) != (signed.size, signed.root):
                raise Broken("the ledger is not what was signed", hint="run `trueup ledger verify`: it names the entry")
            return _Ledger(everything, found, bodies, proofs, signed, tx.size())

    def _change(self, entry: Entry, ledger: "_Ledger") -> dict[str, Any]:
        """One change with everything that is asked about it, and the proof of its entry."""
        details = entry.draft.details
        approvals = [*(details.get("approvals") or []), *self._of_request(entry)]
        began = str(details.get("applying") or stamp(entry.time))
        return {
            **_brief(entry),
            "what": noun_of(entry),
            "change_request": self._request(entry),
            "authors": details.get("authors", []),
            "approvals": [{**each, "before_apply": _utc(each["at"]) <= _utc(began)} for each in approvals],
            "releases": details.get("releases", []),
            "effect": details.get("effect"),
            "changes": details.get("changes", []),
            "applied_at": began,
            "result": "converged" if details.get("converged") else entry.draft.kind.partition(".")[2],
            "live_before": details.get("live_before", {}),
            "live": details.get("live", {}),
            "entry": ledger.text(entry),
            "proof": ledger.proof(entry),
        }

    def _of_request(self, entry: Entry) -> list[dict[str, Any]]:
        """Reviews in the forge are part of who agreed, also where the apply asked for its own approval."""
        request = self._request(entry)
        found = request.get("approvals", []) if request else []
        return [{"person": each["person"], "at": each["at"], "via": each["via"]} for each in found]

    def _request(self, entry: Entry) -> dict[str, Any] | None:
        if entry.draft.request is None:
            return None
        try:
            with self.store.transaction() as tx:
                stack = next((each for each in tx.stacks() if each.id == entry.draft.stack), None)
            forge = self.forges(stack.repository) if stack else None
            if forge is None:
                return {"number": entry.draft.request}
            request, people = forge.get(entry.draft.request), self.catalog.manifest.people
        except TrueupError as error:
            return {"number": entry.draft.request, "error": error.message}
        return {
            "number": request.number,
            "title": request.title,
            "author": people.who(request.author),
            "opened_at": stamp(request.opened_at),
            "head": request.head,
            "merged_commit": request.merged_commit,
            "merged_by": request.merged_by,
            "approvals": [
                {"person": people.who(each.by), "at": stamp(each.at), "via": forge.name, "commit": each.commit}
                for each in request.approvals
            ],
        }

    def _settings(self, period: Period) -> list[dict[str, Any]]:
        """Who changed the rules: commits of the period that touched trueup.yaml, oldest first."""
        try:
            home = next(key for key, each in self.catalog.manifest.repositories.items() if each.is_control)
            commits = self.catalog.commits(home, "", self.catalog.head(home), (FILE,))
        except TrueupError as error:
            return [{"error": error.message}]
        return [_commit(each) for each in reversed(commits) if period.since <= each.at < period.until]

    def _without_run(self, stack: Stack, period: Period) -> list[dict[str, Any]]:
        """Commits of the period that changed this stack's files and were in no delivery, nor settled otherwise."""
        try:
            source = self.errands.source_at(stack, self.catalog.head(stack.repository))
            paths = self.errands.read(source).closure.files
            commits = self.catalog.commits(stack.repository, "", source.revision, paths)
        except TrueupError as error:
            return [{"stack": stack.name, "error": error.message}]
        with self.store.transaction() as tx:
            known = tx.entries(LedgerFilter(stack=stack.id, until=period.until, limit=EVERYTHING))
        covered = {each.draft.commit for each in known if _is_change(each)} - {""}
        return [
            {"stack": stack.name, **_commit(each)}
            for each in reversed(commits)
            if period.since <= each.at < period.until
            if not any(self._contains(stack, each.id, later) for later in covered)
        ]

    def _contains(self, stack: Stack, older: str, newer: str) -> bool:
        try:
            return older == newer or self.catalog.mirror(stack.repository).is_ancestor(older, newer)
        except TrueupError:
            return False


@dataclass(frozen=True)
class _Ledger:
    before_and_in: Sequence[Entry]
    period: Sequence[Entry]
    bodies: Sequence[bytes]
    proofs: Proofs
    checkpoint: Checkpoint | None
    size: int

    def text(self, entry: Entry) -> str:
        """The stored bytes, which are what is hashed: RFC 8785 is UTF-8."""
        return self.bodies[entry.seq].decode()

    @property
    def around(self) -> dict[str, Any]:
        """The entries right before and right behind the period, which show that nothing of it is left out, and the
        proof of the last one of all: each names the one before it."""
        if not self.period:
            return {"before": None, "after": None, "proof": None}
        first, last = self.period[0].seq, self.period[-1].seq
        before = self.bodies[first - 1].decode() if first else None
        after = self.bodies[last + 1].decode() if last + 1 < len(self.bodies) else None
        return {"before": before, "after": after, "proof": self._proof(last + 1 if after else last)}

    def proof(self, entry: Entry) -> dict[str, Any]:
        return self._proof(entry.seq)

    def _proof(self, seq: int) -> dict[str, Any]:
        """RFC 6962, section 2.1.1, in the tree that the checkpoint signs."""
        path = [node.hex() for node in self.proofs.inclusion(seq)]
        leaf, root = leaf_hash(self.bodies[seq]).hex(), self.proofs.root.hex()
        return {"seq": seq, "leaf": leaf, "size": self.proofs.size, "root": root, "path": path}


def _is_change(entry: Entry) -> bool:
    return entry.draft.kind in CHANGES


def _exceptions(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    found = []
    for entry in entries:
        kind, details = entry.draft.kind, entry.draft.details
        why = next((words for name, words in EXCEPTIONS.items() if kind.startswith(name)), None)
        if why is not None:
            by_author = kind == "run.released" and bool(details.get("by_author"))
            found.append({**_brief(entry), "exception": f"{why}, by an author" if by_author else why})
    return found


def _unreviewed(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Deliveries that changed something and that nobody but their authors agreed to, or that nobody proposed."""
    found = []
    for each in changes:
        if each["what"] != "delivery" or not each["changes"]:
            continue
        agreed = {one["person"] for one in each["approvals"] if one["before_apply"]} - set(each["authors"])
        brief = {name: each[name] for name in _BRIEF}
        if not agreed:
            found.append({**brief, "exception": "delivered without the review of anybody but its authors"})
        if each["request"] is None:
            found.append({**brief, "exception": "pushed directly: there was no change request"})
    return found


_BRIEF = ("seq", "at", "kind", "stack", "environment", "who", "summary", "run", "commit", "request", "reason", "ticket")


def _brief(entry: Entry) -> dict[str, Any]:
    draft = entry.draft
    values = (entry.seq, stamp(entry.time), draft.kind, draft.name, draft.environment, draft.actor, draft.summary)
    more = (draft.run, draft.commit, draft.request, draft.reason, draft.ticket)
    return dict(zip(_BRIEF, (*values, *more), strict=True))


def _step(each: LiveStep) -> dict[str, Any]:
    return {**asdict(each), "at": stamp(each.at)}


def _commit(each: Commit) -> dict[str, Any]:
    return {"commit": each.id, "author": each.author_email, "at": stamp(each.at), "subject": each.subject}


def _checkpoint(signed: Checkpoint | None) -> dict[str, Any] | None:
    return {**asdict(signed), "time": stamp(signed.time)} if signed else None


def _utc(text: str) -> str:
    return stamp(datetime.fromisoformat(text))
