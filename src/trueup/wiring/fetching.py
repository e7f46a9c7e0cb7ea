"""Fetching: the queues that the control repository names, each with the credentials that it says."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from trueup.adapters.credentials.granting import AssumedRoles
from trueup.engine.fetching import Fetching
from trueup.manifests.manifest import EventSource
from trueup.model.errors import Invalid
from trueup.ports.events import EventQueue
from trueup.wiring.assembly import Installation

SESSION = "events"


class Queues:
    """Kept while their declaration stays as it is."""

    def __init__(self, installed: Installation) -> None:
        self._installed = installed
        self._roles = AssumedRoles()
        self._kept: dict[EventSource, EventQueue] = {}

    def now(self) -> Mapping[str, EventQueue]:
        declared = self._installed.site.catalog.manifest.events
        wanted = {source: each for source, each in declared.items() if each.queue}
        self._kept = {each: self._kept.get(each) or self._made(each) for each in wanted.values()}
        return {source: self._kept[each] for source, each in wanted.items()}

    def _made(self, declared: EventSource) -> EventQueue:
        try:
            module = import_module("trueup.adapters.events.sqs")
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in ("boto3", "botocore"):
                raise
            raise Invalid("a queue of events needs boto3", hint="pip install 'trueup[aws]'") from None
        keys: Callable[[], Mapping[str, str]] = partial(self._keys, declared)
        queue: EventQueue = module.SqsQueue(declared.queue, declared.region, declared.endpoint, keys)
        return queue

    def _keys(self, declared: EventSource) -> Mapping[str, str]:
        source = declared.credentials
        if source is None or not (source.aws_role or source.profile):
            return {}
        if source.profile:
            return {"AWS_PROFILE": source.profile}
        said = {"AWS_REGION": declared.region, **({"AWS_ENDPOINT_URL": declared.endpoint} if declared.endpoint else {})}
        clock = self._installed.site.clock
        keys, _ = self._roles.assume(source, source.aws_role or "", SESSION, said, ambient=os.environ, clock=clock)
        return keys


def fetching(installed: Installation) -> Fetching:
    site = installed.site
    return Fetching(installed.store, site.signals, Queues(installed).now, site.clock, installed.worker)
