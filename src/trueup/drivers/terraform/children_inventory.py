"""Inventory: what is alive under a plan's managed resources, compared with who manages it, and put into the plan."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from trueup.drivers.terraform.children import (
    Found,
    Gap,
    Managed,
    Parent,
    Watch,
    children_of,
    managed_in,
    owners,
    places,
    speaks_for,
    told_by,
)
from trueup.drivers.terraform.children_providers import Reach, reach_of, region_in
from trueup.drivers.terraform.children_table import BY_KIND, MANAGING, PARENTS, TABLE
from trueup.drivers.terraform.configuration import Configuration
from trueup.model.address import Address
from trueup.model.plan import Finding, Plan
from trueup.model.values import JSON
from trueup.ports.driver import Job

_NO_BOTO = "boto3 is not installed"


@dataclass
class Inventory:
    """Of one job: its clients last as long as it does."""

    job: Job[Any]
    _aws: Any = None
    _owned: dict[str, Address] = field(default_factory=dict)

    def look(
        self,
        document: JSON,
        configuration: Configuration,
        reaches: Mapping[str, Reach],
        sets: Mapping[Address, frozenset[str]],
    ) -> Found:
        """Of a plan's document. Nothing is asked where there is nothing to ask for, or where every plan sees it."""
        resources = managed_in(document)
        asked = [
            (watch, parent)
            for watch in TABLE
            for parent in watch.parents(resources)
            if not speaks_for(watch, parent, sets)
        ]
        if not asked:
            return Found()
        self._owned = owners(TABLE, resources)
        live = self._loaded()
        if live is None:
            hint = "pip install 'trueup[aws]'"
            return Found(gaps=tuple(_gaps(asked, _NO_BOTO, hint)))
        groups: dict[tuple[str, Reach, str], list[Parent]] = {}
        for watch, parent in asked:
            reach = reach_of(parent.address, configuration, reaches)
            region = region_in(parent.values, watch.call.service)
            groups.setdefault((watch.kind, reach, region), []).append(parent)
        asks = [
            live.Ask(BY_KIND[kind], tuple(parents), reach, region) for (kind, reach, region), parents in groups.items()
        ]
        self._aws = self._aws or live.Aws(self.job.environment)
        found: Found = self._aws.look(asks, self._owned.__contains__)
        if any(live.identity not in self._owned for lives in found.live.values() for live in lives):
            self._owned = self._elsewhere() | self._owned
        return found

    def added(self, plan: Plan, found: Found, hide: Any) -> Plan:
        """The plan with every child that was seen. Secrets known to the job are hidden."""
        children = children_of(BY_KIND, found, self._owned, plan.sets)
        return replace(
            plan,
            children=tuple(replace(each, values=hide(each.values)) for each in children),
            watched=places(found),
            told=told_by(BY_KIND, found, plan.sets),
            findings=(*plan.findings, *map(_finding, found.gaps)),
        )

    def _elsewhere(self) -> dict[str, Address]:
        """What other stacks manage: asked only where something is left over, because all their books are read."""
        settled = [
            Managed(Address(f"{name}: {address}"), each.kind, each.values)
            for name, address, each in self.job.elsewhere(MANAGING)
            if isinstance(each.values, dict)
        ]
        return owners(TABLE, settled)

    def _loaded(self) -> Any:
        try:
            return import_module("trueup.drivers.terraform.live_aws")
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in ("boto3", "botocore"):
                raise
            return None


def has_parents(document: JSON) -> bool:
    """Whether there is anything to look for."""
    return any(each.get("type") in PARENTS for each in document.get("resource_changes", ()))


def _gaps(asked: Sequence[tuple[Watch, Parent]], why: str, hint: str) -> Iterator[Gap]:
    for kind, watch in BY_KIND.items():
        parents = tuple(parent.address for each, parent in asked if each.kind == kind)
        if parents:
            yield Gap(watch, parents, why, hint)


def _finding(gap: Gap) -> Finding:
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter([gap.watch.parent for _ in gap.parents]).items())
    return Finding("children-unseen", f"{gap.watch.kind} of {kinds} cannot be looked at: {gap.why}", hint=gap.hint)
