"""A site where glass can be broken: what people do, and what checks and workers would do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.web.nouns import DEV, PORT, PROD
from tests.web.site import FILES, MANIFEST, Bench, bench
from trueup.engine.break_glass import BreakGlasses, Wanted
from trueup.engine.break_glass_follow_up import FollowUps
from trueup.engine.codification import Codified
from trueup.model.break_glass import Because, BreakGlass, BreakGlassId
from trueup.model.drift import Check, CheckState, Drift, DriftId, DriftState
from trueup.model.errors import TrueupError
from trueup.model.ledger import Draft, Entry
from trueup.model.people import Identity
from trueup.model.plan import Address
from trueup.model.request import NewRequest
from trueup.model.stack import StackId
from trueup.ports.forge import Forge
from trueup.ports.store import LedgerFilter
from trueup.system.clock import FakeClock

NO_SECOND = MANIFEST.replace(
    "prod: {critical: true,",
    "prod: {critical: true, breakGlass: {ttl: 45m, longest: 2h, second: true},",
).replace("anna: {email: [anna@acme.com]}", 'anna: {email: [anna@acme.com], aws: ["*:anna"]}')


class Lost(BaseException):
    """The worker dies here."""


@dataclass
class Scribe:
    """In place of engine.codification: opens real change requests in the site's forge, without planning anything."""

    site: Bench
    proven: bool = True
    error: TrueupError | None = None
    dies: str = ""
    """`unrecorded`: after the change request is open; `recorded`: after the drifts say so."""
    asked: list[list[DriftId]] = field(default_factory=list)

    def forges(self, name: str) -> Forge | None:
        return self.site.installation.site.forges(name)

    def codify(self, ids: list[DriftId], by: Identity, reason: str = "") -> Codified:
        self.asked.append(list(ids))
        if self.error is not None:
            raise self.error
        forge = self.forges("infra")
        assert forge is not None
        branch = f"trueup/codify-{ids[0].removeprefix('dft-')}-{len(self.asked):04}"
        head = self.site.control.head()
        forge.push(branch, head, {f"notes/{ids[0]}.md": b"by hand"}, "Codify", by)
        request = forge.open(NewRequest("Codify", reason, by, branch, "main", draft=not self.proven))
        if self.dies == "unrecorded":
            raise Lost
        with self.site.installation.store.transaction() as tx:
            drifts = [drift for id in ids if (drift := tx.drift(id)) is not None]
            for drift in drifts if self.proven else ():
                tx.put_drift(replace(drift, state=DriftState.CODIFYING, request=request.number))
            kind = "drift.codifying" if self.proven else "drift.draft"
            draft = Draft(kind, str(by), "asked", stack=drifts[0].stack, details={"drifts": list(ids)})
            tx.record(replace(draft, request=request.number))
        if self.dies == "recorded":
            raise Lost
        return Codified(request, self.proven, tuple(drifts))


@dataclass
class Glass:
    bench: Bench
    scribe: Scribe
    follow_ups: FollowUps

    @property
    def clock(self) -> FakeClock:
        return self.bench.clock

    @property
    def glasses(self) -> BreakGlasses:
        return self.bench.installation.site.break_glasses

    def open(self, by: str = "anna", name: str = DEV, **changes: Any) -> BreakGlass:
        usual: dict[str, Any] = {"because": Because.OUTAGE, "reason": "checkout is down"}
        if "environment" not in changes:
            usual["stack"] = self.bench.stack(name).id
        return self.glasses.open(Wanted(**{**usual, **changes}), named(by))

    def again(self, glass: BreakGlass) -> BreakGlass:
        return self.glasses.get(glass.id)

    def waits(self, name: str = DEV) -> BreakGlassId | None:
        """The break-glass that the stack's deliveries wait for."""
        stack = self.bench.stack(name)
        with self.bench.installation.store.transaction() as tx:
            found = self.glasses.covering(tx, stack)
        return found.id if found else None

    def later(self, **span: float) -> datetime:
        """Time goes by (or back), and one round is made."""
        self.clock.advance(timedelta(**span).total_seconds())
        self.round()
        return self.clock.now()

    def round(self) -> None:
        self.follow_ups.round(lambda glass: self.follow_ups.write(glass.id))

    def drifted(self, number: int = 1, name: str = DEV, **changes: Any) -> Drift:
        """A check finds something."""
        at, stack = self.clock.now(), self.bench.stack(name).id
        id, address = DriftId(f"dft-{number:010}"), Address(f"aws_security_group.web{number}")
        drift = Drift(id, stack, address, "aws_security_group", (PORT,), f"f{number}", DriftState.OPEN, at, at)
        return self.bench.put_drift(replace(drift, **changes))

    def looked(self, name: str = DEV, state: CheckState = CheckState.DRIFTED, error: str = "") -> None:
        """A check of the stack begins and ends now."""
        self.clock.advance(1)
        at, stack = self.clock.now(), self.bench.stack(name).id
        due = at + (timedelta(minutes=1) if error else timedelta(minutes=30))
        with self.bench.installation.store.transaction() as tx:
            before = tx.check(stack) or Check(stack, state, at)
            ended = replace(before, state=state, due_at=due, started_at=at, ended_at=at, error=error)
            tx.put_check(ended if error else replace(ended, completed_at=at, planned_at=at))

    def check(self, name: str = DEV) -> Check:
        stack = self.bench.stack(name).id
        with self.bench.installation.store.transaction() as tx:
            found = tx.check(stack)
        assert found is not None
        return found

    def drift(self, id: DriftId) -> Drift:
        with self.bench.installation.store.transaction() as tx:
            found = tx.drift(id)
        assert found is not None
        return found

    def decide(self, id: DriftId, state: DriftState) -> None:
        self.bench.put_drift(replace(self.drift(id), state=state))

    def told(self, kind: str = "break-glass.") -> list[Entry]:
        with self.bench.installation.store.transaction() as tx:
            return list(tx.entries(LedgerFilter(kind=kind)))

    def kinds(self) -> list[str]:
        return [entry.draft.kind.removeprefix("break-glass.") for entry in self.told()]

    def stacks(self, *names: str) -> tuple[StackId, ...]:
        return tuple(self.bench.stack(name).id for name in names)


def named(name: str) -> Identity:
    return Identity("name", name)


@contextmanager
def open_glass(base: Path, manifest: str) -> Iterator[Glass]:
    with bench(base) as site:
        site.control.commit("main", {**FILES, "trueup.yaml": manifest}, "Rules", site.control.head())
        site.installation.intake.take_in(site.installation.site.catalog.refresh())
        scribe = Scribe(site)
        yield Glass(site, scribe, FollowUps(site.installation.site.books, scribe))  # type: ignore[arg-type]


__all__ = ["DEV", "NO_SECOND", "PROD", "Glass", "Lost", "Scribe", "named", "open_glass"]
