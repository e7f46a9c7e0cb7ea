"""Inside the subprocess: our own walk over octoDNS's public calls, one zone at one target at a time.

The same steps as `Manager.sync`, which returns a number and never its plans, checks `always-dry-run` only while it
applies, and applies with a wrong checksum: populate, process, validate, plan; and apply for one plan alone. What
octoDNS compares last is caught by a processor of our own, behind all others, so that nothing is asked for twice.
"""

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from octodns.manager import ManagerException
from octodns.processor.ownership import OwnershipProcessor
from octodns.provider.plan import Plan
from octodns.record.change import Update
from octodns.zone import Zone

from trueup.drivers.dns.process.compared import Compared, Warned, name_of
from trueup.drivers.dns.process.ownership import Live, Marker, Owners, Rules, owners
from trueup.drivers.dns.walked import Name
from trueup.model.values import JSON

CHUNK = 200
"""Records in one line of output."""


class StepFailed(Exception):
    """Wraps what a step of the walk raised, with where that was: `source`, `target`, `apply` or `config`."""

    def __init__(self, during: str, zone: str, provider: str, error: Exception) -> None:
        super().__init__(during)
        self.during, self.zone, self.provider, self.error = during, zone, provider, error


@dataclass
class Planned:
    """One zone at one target, with what octoDNS needs to apply it."""

    zone: str
    target: Any
    plan: Any
    """None: nothing to do."""
    compared: Compared
    exists: bool
    warnings: list[str]

    def restricted(self, only: Collection[Name] | None) -> Any:
        """The plan with these changes alone; all of them: None."""
        if only is None:
            return self.plan
        wanted = set(map(tuple, only))
        changes = [change for change in self.plan.changes if name_of(change.record) in wanted]
        return Plan(self.plan.existing, self.plan.desired, changes, self.plan.exists, meta=self.plan.meta)


@dataclass
class Walk:
    manager: Any
    rules: Rules
    settled: Mapping[tuple[str, str], Collection[Name]]
    """Zone and target ("" is its first one) to names of S."""
    destroy: bool = False
    """Nothing is wanted any more."""
    warned: Warned = field(default_factory=Warned)
    _kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _expand(self.manager)
        self._aliased = {config["alias"] for config in self._zones.values() if "alias" in config}
        for zone, config in self._zones.items():
            if "alias" in config and config["alias"] not in self._zones:
                error = ManagerException(f"it is an alias of {config['alias']}, which no source lists")
                raise StepFailed("config", zone, "", error)

    @property
    def _zones(self) -> Any:
        return self.manager.config["zones"]

    def pairs(self) -> list[tuple[str, str]]:
        """Every zone with each of its targets: zones that others are made of first, reverse zones last."""
        names = sorted(self._zones, key=lambda name: (name.endswith(".arpa."), "alias" in self._zones[name], name))
        return [(name, target) for name in names for target in self.targets(name)]

    def targets(self, zone: str) -> Sequence[str]:
        return list(self._origin(zone).get("targets") or [])

    def settings(self, zone: str) -> Mapping[str, JSON]:
        return dict(self._zones[zone])

    def plan(self, zone: str, target: str) -> Planned:
        """Raises StepFailed."""
        desired, processors, sources = self._desired(zone), self._processors(zone), self._sources(zone)
        provider = self._provider(zone, target)
        lenient = bool(self._origin(zone).get("lenient", False))
        compared = Compared(partial(self._owners, zone, target))
        try:
            plan = provider.plan(desired, processors=[*processors, compared], lenient=lenient)
            for processor in processors:
                plan = processor.process_plan(plan, sources=sources, target=provider, lenient=lenient)
            plan = with_metadata(plan, compared, provider)
            exists = self._exists(plan, compared, zone, provider)
        except Exception as error:
            raise StepFailed("target", zone, target, error) from error
        return Planned(zone, provider, plan, compared, exists, self.warned.taken())

    def _owners(self, zone: str, target: str, live: Iterable[Live], wanted: Collection[Name]) -> Owners:
        processors = [each for each in self._processors(zone) if isinstance(each, OwnershipProcessor)]
        marker = Marker(processors[-1].txt_name, processors[-1].txt_value) if processors else None
        plain = "" if target == self.targets(zone)[0] else target
        return owners(zone, live, wanted, self.settled.get((zone, plain), ()), replace(self.rules, marker=marker))

    def apply(self, planned: Planned, only: Collection[Name] | None) -> int:
        """How many changes the provider says that it made. Raises StepFailed."""
        plan = planned.restricted(only)
        try:
            return int(planned.target.apply(plan))
        except Exception as error:
            raise StepFailed("apply", planned.zone, planned.target.id, error) from error

    def live(self, zone: str, provider: str) -> Any:
        """What a provider has of a zone, asked for alone. Raises StepFailed."""
        found = Zone(zone, [])
        try:
            self.manager.providers[provider].populate(found, lenient=True)
        except Exception as error:
            raise StepFailed("target", zone, provider, error) from error
        return found

    def _desired(self, zone: str) -> Any:
        """With the processors of sources behind it. Zones that others are made of are kept."""
        if zone in self._kept:
            return self._kept[zone]
        if zone.endswith(".arpa.") and self.manager.auto_arpa:
            self._fill_arpa()
        try:
            desired = self._populated(zone)
        except StepFailed:
            raise
        except Exception as error:
            raise StepFailed("source", zone, "", error) from error
        if zone in self._aliased:
            self._kept[zone] = desired
        return desired

    def _populated(self, zone: str) -> Any:
        desired = self.manager.get_zone(zone)
        if self.destroy:
            return desired
        origin, config = self._origin(zone), self._zones[zone]
        lenient, sources = bool(origin.get("lenient", False)), self._sources(zone)
        if "alias" in config:
            for record in self._desired(config["alias"]).records:
                desired.add_record(record.copy(zone=desired), lenient=lenient)
        else:
            for source in sources:
                source.populate(desired, lenient=lenient)
        for processor in self._processors(zone):
            desired = processor.process_source_zone(desired, sources=sources, lenient=lenient)
        desired.validate(lenient=lenient)
        return desired

    def _fill_arpa(self) -> None:
        """Reverse records are made of all the others, once."""
        if "" not in self._kept:
            self._kept[""] = None
            for name in self._zones:
                if not name.endswith(".arpa."):
                    self._desired(name)

    def _origin(self, zone: str) -> Any:
        """The entry that says where a zone goes and how: an alias has none of its own."""
        config = self._zones[zone]
        return self._zones[config["alias"]] if "alias" in config else config

    def _sources(self, zone: str) -> list[Any]:
        return [self._provider(zone, name) for name in self._zones[zone].get("sources") or []]

    def _processors(self, zone: str) -> list[Any]:
        own = self._origin(zone).get("processors") or []
        manager = self.manager
        names = [*manager.global_processors, *own, *manager.global_post_processors]
        unknown = [name for name in names if name not in manager.processors]
        if unknown:
            error = ManagerException(f"Zone {zone}, unknown processor: {unknown[0]}")
            raise StepFailed("config", zone, "", error)
        return [manager.processors[name] for name in names]

    def _provider(self, zone: str, name: str) -> Any:
        if name not in self.manager.providers:
            raise StepFailed("config", zone, name, ManagerException(f"Zone {zone}, unknown provider: {name}"))
        return self.manager.providers[name]

    def _exists(self, plan: Any, compared: Compared, zone: str, provider: Any) -> bool:
        if plan is not None and plan.exists is not None:
            return bool(plan.exists)
        if compared.existing is not None and compared.existing.records:
            return True
        return bool(provider.populate(Zone(zone, []), target=True, lenient=True))


def _expand(manager: Any) -> None:
    """Dynamic zones become what they stand for, in a fixed order: octoDNS's own expansion is private, and its order
    is another one in every process. Raises StepFailed."""
    zones = manager.config["zones"]
    listed: dict[str, set[str]] = {}
    for name in [name for name in zones if name.startswith("*")]:
        config = zones[name]
        candidates: set[str] = set()
        for source in config.get("sources") or []:
            if source not in listed:
                listed[source] = set(_listed(manager, name, source))
            candidates |= listed[source]
        candidates -= set(zones.keys())
        if config.get("glob"):
            candidates = set(fnmatch.filter(candidates, config["glob"]))
        elif config.get("regex"):
            candidates = {each for each in candidates if re.search(config["regex"], each)}
        for each in sorted(candidates):
            zones[each] = config
        del zones[name]


def _listed(manager: Any, zone: str, source: str) -> Iterator[str]:
    provider = manager.providers.get(source)
    try:
        yield from provider.list_zones()
    except AttributeError as error:
        what = ManagerException(f"the dynamic zone {zone} has the source {source}, which cannot list its zones")
        raise StepFailed("config", zone, source, what) from error
    except Exception as error:
        raise StepFailed("source", zone, source, error) from error


def with_metadata(plan: Any, compared: Compared, provider: Any) -> Any:
    """Two records that differ in `octodns:` alone are equal to octoDNS's core: where a provider reads such a setting
    back and the code has another one, that is a change."""
    changed = {name_of(change.record) for change in plan.changes} if plan is not None else set()
    wanted = {(record.name, record._type): record for record in compared.desired.records}
    more = [
        Update(record, wanted[name_of(record)])
        for record in compared.existing.records
        if record.octodns and name_of(record) in wanted and name_of(record) not in changed
        if _contradicts(wanted[name_of(record)].octodns, record.octodns)
    ]
    if not more:
        return plan
    known, exists, meta = (plan.changes, plan.exists, plan.meta) if plan is not None else ([], True, None)
    return Plan(
        compared.existing,
        compared.desired,
        [*known, *more],
        exists,
        update_pcent_threshold=provider.update_pcent_threshold,
        delete_pcent_threshold=provider.delete_pcent_threshold,
        meta=meta,
    )


def _contradicts(wanted: Any, live: Any) -> bool:
    """Whether both say something of one setting, and not the same."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return any(_contradicts(wanted[key], live[key]) for key in wanted.keys() & live.keys())
    return bool(wanted != live)
