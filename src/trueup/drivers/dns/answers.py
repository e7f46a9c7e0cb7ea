"""What the subprocess answers, line by line, put together to what a walk found."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trueup.drivers.dns.client_errors import Translator, place_in
from trueup.drivers.dns.configuration.config import Config
from trueup.drivers.dns.walked import Guard, Name, Walked, WalkedZone, ZoneChange
from trueup.model.values import JSON
from trueup.system.processes import Stream

MOST_SAID = 20
"""Mistakes that are told at once."""


@dataclass
class Answers:
    config: Config
    complete: bool = False
    errors: list[JSON] = field(default_factory=list)
    zones: list[WalkedZone] = field(default_factory=list)
    records: dict[Name, JSON] = field(default_factory=dict)
    others: dict[Name, str] = field(default_factory=dict)
    """Records that programs wrote, and which ones: of a zone that was asked for alone."""
    changes: list[ZoneChange] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    _head: JSON = None

    def hear(self, log: Callable[[str], None]) -> Callable[[Stream, str], None]:
        def take(stream: Stream, line: str) -> None:
            if stream == "stderr":
                log(line)
            else:
                self.take(line)

        return take

    def take(self, line: str) -> JSON:
        """One line of the answers; what it says."""
        said: dict[str, Any] = json.loads(line)
        if "zone" in said:
            self._finish_zone()
            self._head = said
        elif "others" in said:
            self.others = {(name, type): who for name, type, who in said["others"]}
        for name, type, values in said.get("records", ()):
            self.records[name, type] = values
        self.changes += [self._change(each) for each in said.get("changes", ())]
        if "error" in said:
            self._head = None
            self.errors.append(said["error"])
        if "ready" in said or "done" in said:
            self._finish_zone()
        if "done" in said:
            self.complete, self.versions = True, said["done"]
        return said

    @property
    def late(self) -> bool:
        """Whether a server did not answer in time: it may still be at work."""
        return any("Timeout" in each["classes"][0].rpartition(".")[2] for each in self.errors)

    def walked(self) -> Walked:
        return Walked(tuple(self.zones), self.versions)

    def raise_if_any(self, translator: Translator) -> None:
        """All mistakes as one error."""
        if self.errors:
            raise translator.joined(self.errors[:MOST_SAID], len(self.errors) - MOST_SAID)

    def _change(self, said: JSON) -> ZoneChange:
        place = place_in(said["context"], self.config)
        return ZoneChange(said["verb"], said["name"], said["type"], said["before"], said["after"], place)

    def _finish_zone(self) -> None:
        head = self._head
        if head is None:
            return
        declared = next(iter(self.config.entries(head["zone"])), None)
        self.zones.append(
            WalkedZone(
                zone=head["zone"],
                target=head["target"],
                plain=head["plain"],
                provider=head["provider"],
                exists=head["exists"],
                records=self.records,
                changes=tuple(self.changes),
                guard=Guard(head["existing"], head["update_share"], head["delete_share"]),
                never=head["never"],
                warnings=tuple(head["warnings"]),
                others=head["others"],
                contested={(name, type): who for name, type, who in head["contested"]},
                place=declared.place if declared is not None else None,
                meta=head["meta"],
            )
        )
        self._head, self.records, self.changes = None, {}, []
