"""Leases: one run at a time writes to a stack. Time is the database's; a holder that cannot renew must stop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from trueup.model.errors import LostLease, Unavailable
from trueup.model.run import RunId
from trueup.model.stack import StackId
from trueup.ports.store import Lease, Store
from trueup.settings import LEASE_SECONDS


def cancelled(run: RunId) -> str:
    """Name of the fact that says who asked a run to stop."""
    return f"cancel:{run}"


class Held:
    """ports.driver.Fence: a lease that is renewed in the background while its block runs."""

    def __init__(self, store: Store, lease: Lease, seconds: float, run: RunId) -> None:
        self._store, self.lease, self._seconds, self._run = store, lease, seconds, run
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{lease.stack}", daemon=True)

    @property
    def seconds(self) -> float:
        return self._seconds

    def renew(self) -> None:
        """Also where an apply hears that a person asked it to stop."""
        with self._store.transaction() as tx:
            person = tx.fact(cancelled(self._run))
        if person is not None:
            raise LostLease(f"{person} asked {self._run} to stop")
        if self._lost.is_set() or not self._store.renew(self.lease, self._seconds):
            self._lost.set()
            raise LostLease(f"the lease of {self.lease.holder} on {self.lease.stack} is lost")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        """Half a lease without success ends the apply: its supervisor notices by itself. Nothing is raised here."""
        while not self._stop.wait(self._seconds / 4):
            try:
                self.renew()
            except LostLease:
                return
            except Unavailable:
                continue  # the database may answer again before the lease is over


class Leases:
    def __init__(self, store: Store, worker: str, seconds: float = LEASE_SECONDS) -> None:
        self._store, self._worker, self._seconds = store, worker, seconds

    @contextmanager
    def hold(self, stack: StackId, run: RunId, *, wanted: bool) -> Iterator[Held | None]:
        """The lease for the block, or None when the phase needs none. Raises Unavailable while somebody else has it."""
        if not wanted:
            yield None
            return
        lease = self._store.acquire(stack, f"{self._worker}/{run}", self._seconds)
        if lease is None:
            holder = self._store.leaseholder(stack) or "somebody else"
            raise Unavailable(f"{holder} is at work on this stack", hint="this run goes on when that one is done")
        held = Held(self._store, lease, self._seconds, run)
        held.start()
        try:
            yield held
        finally:
            held.stop()
            self._store.release(lease)
