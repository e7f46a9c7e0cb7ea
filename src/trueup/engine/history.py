"""History: what changed, and the evidence that auditors ask for, both read from the ledger."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trueup.engine.catalog import Catalog
from trueup.engine.errands import Errands
from trueup.model.errors import TrueupError
from trueup.model.ledger import Entry
from trueup.model.stack import Stack, Standing
from trueup.ports.store import LedgerFilter, Store

STEPS = ("run.started", "run.superseded", "run.waiting", "run.proposed", "run.queued", "stack.discovered")
"""Entries about the way to a change; left out of `what-changed` unless asked for by kind."""

CHANGES = ("run.finished", "run.failed", "foreign.apply", "stack.codified")
"""Entries that say that the live system, or what is settled of it, is another one."""

EXCEPTIONS = ("run.released", "foreign.", "drift.", "source.rewritten", "stack.unlocked", "run.uncertain")
"""What an auditor wants to see by itself: changes that came another way, and permissions to lose something."""


@dataclass(frozen=True)
class Period:
    since: datetime
    until: datetime


@dataclass(frozen=True)
class History:
    store: Store
    catalog: Catalog
    errands: Errands

    def what_changed(self, wanted: LedgerFilter) -> Sequence[Entry]:
        """Oldest first: deliveries, drifts, foreign applies, decisions."""
        with self.store.transaction() as tx:
            entries = tx.entries(wanted)
        return entries if wanted.kind else [each for each in entries if each.draft.kind not in STEPS]

    def evidence(self, period: Period) -> Mapping[str, Any]:
        """The whole population of changes in a period with who agreed, the exceptions, and what Git says besides:
        commits that touch a settled stack and belong to no run."""
        with self.store.transaction() as tx:
            entries = tx.entries(LedgerFilter(since=period.since, until=period.until, limit=1_000_000))
            stacks = [stack for stack in tx.stacks() if stack.standing is not Standing.FORGOTTEN]
            checkpoints = [each for each in tx.checkpoints() if each.time <= period.until]
            size = tx.size()
        changes = [_change(each) for each in entries if each.draft.kind in CHANGES]
        exceptions = [_brief(each) for each in entries if each.draft.kind.startswith(EXCEPTIONS)]
        unreconciled = [each for stack in stacks for each in self._without_run(stack, period)]
        return {
            "from": period.since.isoformat(),
            "to": period.until.isoformat(),
            "counts": {
                "changes": len(changes),
                "exceptions": len(exceptions),
                "commits_without_a_run": len(unreconciled),
                "by_kind": dict(sorted(Counter(each.draft.kind for each in entries).items())),
            },
            "changes": changes,
            "exceptions": exceptions,
            "commits_without_a_run": unreconciled,
            "ledger": {"entries": size, "checkpoint": checkpoints[-1] if checkpoints else None},
        }

    def _without_run(self, stack: Stack, period: Period) -> list[dict[str, Any]]:
        """Commits of the period that changed this stack's files and were in no delivery, nor settled otherwise."""
        try:
            source = self.errands.source_at(stack, self.catalog.head(stack.repository))
            paths = self.errands.read(source).closure.files
            commits = self.catalog.commits(stack.repository, "", source.revision, paths)
        except TrueupError as error:
            return [{"stack": stack.name, "error": str(error)}]
        with self.store.transaction() as tx:
            ours = {each.draft.commit for each in tx.entries(LedgerFilter(stack=stack.id, limit=1_000_000))}
        mirror = self.catalog.mirror(stack.repository)
        covered = {commit for commit in ours if commit}
        found = []
        for commit in commits:
            within = period.since <= commit.at <= period.until
            if within and not any(each == commit.id or _contains(mirror, commit.id, each) for each in covered):
                found.append(
                    {
                        "stack": stack.name,
                        "commit": commit.id,
                        "author": commit.author_email,
                        "at": commit.at.isoformat(),
                        "subject": commit.subject,
                    }
                )
        return found


def _contains(mirror: Any, older: str, newer: str) -> bool:
    try:
        return bool(mirror.is_ancestor(older, newer))
    except TrueupError:
        return False


def _change(entry: Entry) -> dict[str, Any]:
    draft = entry.draft
    details = draft.details
    return {
        **_brief(entry),
        "authors": details.get("authors", []),
        "approvals": details.get("approvals", []),
        "effect": details.get("effect"),
        "result": "converged" if details.get("converged") else draft.kind.partition(".")[2],
        "changes": details.get("changes", []),
        "live": details.get("live", {}),
        "leaf": entry.leaf,
    }


def _brief(entry: Entry) -> dict[str, Any]:
    draft = entry.draft
    return {
        "seq": entry.seq,
        "at": entry.time.isoformat(),
        "kind": draft.kind,
        "stack": draft.name,
        "environment": draft.environment,
        "who": draft.actor,
        "summary": draft.summary,
        "run": draft.run,
        "commit": draft.commit,
        "request": draft.request,
        "reason": draft.reason,
        "ticket": draft.ticket,
    }
