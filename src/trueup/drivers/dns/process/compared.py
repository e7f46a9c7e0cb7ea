"""Inside the subprocess: octoDNS's records, changes and warnings, caught where it compares, and as values of ours."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from octodns.processor.base import BaseProcessor
from octodns.record import Record
from octodns.record.base import ValuesMixin
from octodns.record.change import Change, Create, Delete, Update

from trueup.drivers.dns.convert import values_of
from trueup.drivers.dns.process.ownership import Live, Owners
from trueup.drivers.dns.walked import Name
from trueup.model.values import JSON

VERBS: tuple[tuple[type, str], ...] = ((Create, "create"), (Update, "update"), (Delete, "delete"))

Owning = Callable[[Iterable[Live], Collection[Name]], Owners]
"""Whose the live records of a zone are, beside what the code has (process/ownership.py)."""


class Compared(BaseProcessor):  # type: ignore[misc]
    """Stands behind all processors: takes out what others own, and keeps what octoDNS is about to compare."""

    def __init__(self, owning: Owning) -> None:
        super().__init__("trueup")
        self.owning = owning
        self.desired: Any = None
        self.existing: Any = None
        self.owners = Owners({}, {})

    def process_source_and_target_zones(self, desired: Any, existing: Any, target: Any, lenient: bool = False) -> Any:
        wanted = {name_of(record) for record in desired.records}
        live = {name_of(record): record for record in existing.records}
        self.owners = self.owning(texts_of(live.values()), wanted)
        for name in self.owners.others:
            existing.remove_record(live[name])
        self.desired, self.existing = desired, existing
        return desired, existing


def texts_of(records: Iterable[Any]) -> list[Live]:
    return [(name_of(each), [str(value) for value in each.values] if each._type == "TXT" else ()) for each in records]


class Warned(logging.Handler):
    """Collects what octoDNS warns of while one zone is planned."""

    USUAL = (
        "root NS record supported, but no record is configured",
        "SUPPORTS_DYNAMIC: enable-lua-records",  # of every PowerDNS; dynamic records in the code are refused by name
    )

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not message.startswith(self.USUAL):
            self.messages.append(message)

    def taken(self) -> list[str]:
        taken, self.messages = self.messages, []
        return taken


def name_of(record: Any) -> Name:
    return record.name, record._type


def plain(record: Any) -> JSON:
    """A record's values as Trueup has them."""
    return values_of(record.data, many=isinstance(record, ValuesMixin))


def is_ours(record: Any, wanted: Mapping[Name, Record], target: str) -> bool:
    """What the code tells octoDNS not to look at is nobody's business here either."""
    code = wanted.get(name_of(record), record)
    return not (code.ignored or target in code.excluded or (code.included and target not in code.included))


def changed(change: Change) -> JSON:
    verb = next(verb for kind, verb in VERBS if isinstance(change, kind))
    return {
        "verb": verb,
        "name": change.record.name,
        "type": change.record._type,
        "before": plain(change.existing) if change.existing else None,
        "after": plain(change.new) if change.new else None,
        "context": str(change.new.context or "") if change.new else "",
    }
