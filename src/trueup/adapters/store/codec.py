"""Nouns to JSON text and back. A noun's fields are its stored form: a new field needs a default."""

from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from trueup.model.baseline import Baseline
from trueup.model.break_glass import BreakGlass
from trueup.model.drift import Check, Drift
from trueup.model.errors import Broken
from trueup.model.ledger import Checkpoint, Draft
from trueup.model.notice import Notification
from trueup.model.run import Run
from trueup.model.signal import LiveEvent, Wake
from trueup.model.stack import Stack
from trueup.ports.driver import JournalEntry

NounT = TypeVar("NounT")


class Codec(Generic[NounT]):
    def __init__(self, noun: type[NounT]) -> None:
        self._name = noun.__name__.lower()
        self._adapter = TypeAdapter(noun)

    def dump(self, value: NounT) -> bytes:
        return self._adapter.dump_json(value)

    def text(self, value: NounT) -> str:
        return self.dump(value).decode()

    def load(self, stored: bytes | str) -> NounT:
        """Raises Broken: what we stored ourselves must be readable."""
        try:
            return self._adapter.validate_json(stored)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise Broken(f"a stored {self._name} cannot be read: {where}: {first['msg']}") from error


STACK = Codec(Stack)
RUN = Codec(Run)
JOURNAL_ENTRY = Codec(JournalEntry)
BASELINE = Codec(Baseline)
DRIFT = Codec(Drift)
CHECK = Codec(Check)
BREAK_GLASS = Codec(BreakGlass)
DRAFT = Codec(Draft)
CHECKPOINT = Codec(Checkpoint)
NOTIFICATION = Codec(Notification)
LIVE_EVENT = Codec(LiveEvent)
WAKE = Codec(Wake)
