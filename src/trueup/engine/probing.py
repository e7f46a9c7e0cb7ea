"""Probing: asks live systems for their cheap token between two checks. Another one than before makes a check due."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event

from trueup.engine.vouching import Vouching
from trueup.model.drift import CheckState
from trueup.model.errors import TrueupError
from trueup.model.stack import Stack, StackId, Standing
from trueup.ports.driver import Probes
from trueup.ports.store import Conflict, Store
from trueup.settings import LEADER_SECONDS
from trueup.stages.vouch import CONCLUDED
from trueup.system.clock import Clock, jittered

PROBER = StackId("prober")
"""The lease of the one process that asks; a stack's id is never this."""
AT_ONCE = 8
"""Stacks that are asked at one time: a live system that does not answer delays few others."""
MOVED = "the live system's token moved"


@dataclass
class Prober:
    store: Store
    vouching: Vouching
    clock: Clock
    holder: str
    _next: dict[StackId, float] = field(default_factory=dict, repr=False)
    """Monotonic seconds before which a stack is not asked again."""

    def run(self, stop: Event, pause: float = 1.0) -> None:
        """Until `stop` is set. A thread of its own: a token may take as long as a live system's silence."""
        under_way: dict[StackId, Future[bool]] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="prober") as pool:
            while not stop.is_set():
                under_way = {id: each for id, each in under_way.items() if not each.done()}
                for stack in self._due_or_say():
                    if stack.id not in under_way:
                        under_way[stack.id] = pool.submit(self._ask_or_say, stack)
                self.clock.wait(stop, pause)

    def round(self) -> int:
        """Asks everything that is due now, one after the other; answers how many checks became due."""
        return sum(self.ask(stack) for stack in self.due())

    def due(self) -> Iterable[Stack]:
        """Settled stacks whose driver wants to be asked, if this process is the one that asks."""
        if self.store.acquire(PROBER, self.holder, LEADER_SECONDS) is None:
            return
        now = self.clock.monotonic()
        with self.store.transaction() as tx:
            settled = [stack for stack in tx.stacks() if stack.standing is Standing.SETTLED]
        for stack in settled:
            driver = self.vouching.errands.jobs.installed(stack.driver)
            interval = driver.probes if isinstance(driver, Probes) else None
            if interval is not None and self._next.get(stack.id, now) <= now:
                self._next[stack.id] = now + jittered(interval.total_seconds())
                yield stack

    def ask(self, stack: Stack) -> bool:
        """Whether a check became due. One that is under way saw an older token than this: it stays to be compared."""
        token = self.vouching.token(stack)
        if not token:
            return False
        with self.store.transaction() as tx:
            check = tx.check(stack.id)
            # A check without one was made before the stack was adopted: the next one has something to compare with.
            if check is None or check.state not in CONCLUDED or check.token == token:
                return False
            now = self.clock.now()
            tx.put_check(replace(check, state=CheckState.DUE, due_at=min(check.due_at, now), reason=MOVED))
        return True

    def _due_or_say(self) -> Iterable[Stack]:
        try:
            return tuple(self.due())
        except (TrueupError, Conflict) as error:
            self.store.log("prober", [f"what is due cannot be read: {error}"])
            return ()

    def _ask_or_say(self, stack: Stack) -> bool:
        try:
            return self.ask(stack)
        except Conflict:
            return False  # a check began or ended in this moment: the next round compares with it
        except TrueupError as error:
            self.store.log("prober", [f"{stack.name}: {error}"])
            return False
