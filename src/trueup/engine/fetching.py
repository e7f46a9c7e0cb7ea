"""Fetching: events that wait in a queue are fetched by the process that leads, stored, and only then deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

from trueup.engine.scheduler import LEADER
from trueup.engine.signals import Signals, Taken
from trueup.model.errors import Invalid, TrueupError
from trueup.ports.events import EventQueue, Message
from trueup.ports.store import Conflict, Store
from trueup.settings import EVENTS_PAUSE
from trueup.system.clock import Clock

LOG = "events"
"""Where the store keeps what was said of messages and queues."""


@dataclass
class Fetching:
    store: Store
    signals: Signals
    queues: Callable[[], Mapping[str, EventQueue]]
    """By source, as the control repository declares them now."""
    clock: Clock
    holder: str
    """This process, as the scheduler's lease names it."""

    def run(self, stop: Event) -> None:
        """Until `stop` is set. What does not answer is said once a while and tried again."""
        while not stop.is_set():
            try:
                heard = self.round()
            except (TrueupError, Conflict) as error:
                self.store.log(LOG, [str(error)])
                heard = 0
            if not heard:
                self.clock.wait(stop, EVENTS_PAUSE)

    def round(self) -> int:
        """Fetches once from every queue; how many messages there were. None but the leader listens."""
        if self.store.leaseholder(LEADER) != self.holder:
            return 0
        return sum(self._fetch(source, queue) for source, queue in self.queues().items())

    def _fetch(self, source: str, queue: EventQueue) -> int:
        messages = queue.receive()
        bad = [message for message in messages if not self._take(source, [message])]
        if bad:
            self.store.log(LOG, [f"{len(bad)} messages of the queue for {source} are no events: dropped"])
        queue.delete(messages)
        return len(messages)

    def _take(self, source: str, messages: Sequence[Message]) -> Taken | None:
        """A message that is no event is dropped: it would come back for ever, and keep nothing else waiting less."""
        documents = [message.document for message in messages if message.document is not None]
        try:
            return self.signals.take(source, documents) if len(documents) == len(messages) else None
        except Invalid as error:
            self.store.log(LOG, [f"a message of the queue for {source}: {error.message}"])
            return None
