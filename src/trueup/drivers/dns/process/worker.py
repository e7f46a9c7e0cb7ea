"""The subprocess of one job: the only place that runs octoDNS. Started by client.py with one argument, the file with
its order; answers in lines of JSON; what it applies it is told through a pipe, zone by zone.

octoDNS keeps its validators in classes, its secrets in the environment and its paths relative to the working
directory: one process, one Manager, one job.
"""

import gc
import importlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import octodns.yaml
from octodns.manager import Manager
from octodns.processor.base import BaseProcessor
from octodns.provider.plan import _PlanOutput
from octodns.record.validator import RecordValidator, ValueValidator
from octodns.secret.base import BaseSecrets
from octodns.source.base import BaseSource
from octodns.zone.validator import ZoneValidator

from trueup.drivers.dns.process import compared, patches
from trueup.drivers.dns.process.complaints import complaint
from trueup.drivers.dns.process.ownership import Rules, of_programs
from trueup.drivers.dns.process.walk import CHUNK, Planned, StepFailed, Walk
from trueup.model.values import JSON

ROLES: Mapping[str, tuple[type, ...]] = {
    "providers": (BaseSource,),
    "processors": (BaseProcessor,),
    "secret_handlers": (BaseSecrets,),
    "validators": (RecordValidator, ValueValidator, ZoneValidator),
    "plan_outputs": (_PlanOutput,),
}


class NotAllowed(Exception):
    """A class that plays none of octoDNS's roles, or a configuration that is another one than was checked."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a provider prints is no answer of ours
    order = json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    warnings.simplefilter("ignore")
    gc.set_threshold(200_000, 20, 20)  # tens of thousands of records stay: looking through them again is a third of it
    try:
        _obey(order, answers)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client translates it
        say(answers, error=complaint(error))
    answers.close()


def say(answers: IO[str], **what: JSON) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _obey(order: Mapping[str, JSON], answers: IO[str]) -> None:
    patches.install()
    os.chdir(order["workdir"])
    _require_checked(order)
    settled = {(zone, target): frozenset(map(tuple, names)) for zone, target, names in order["settled"]}
    walk = Walk(Manager(order["config"]), Rules(*order["external_dns"]), settled, destroy=order["destroy"])
    logging.getLogger().addHandler(walk.warned)
    match order["command"]:
        case "plan":
            _plan(walk, order, answers)
        case "apply":
            _apply(walk, order, answers)
        case "live":
            found = walk.live(order["zone"], order["provider"])
            others = of_programs(found.name, compared.texts_of(found.records), walk.rules)
            say(answers, others=[[*name, who] for name, who in sorted(others.items())])
            _tell_records(answers, sorted(each for each in found.records if compared.name_of(each) not in others))
    say(answers, done=_versions(order))


def _require_checked(order: Mapping[str, JSON]) -> None:
    """What octoDNS will load is what was checked, and whatever it builds plays its role. Raises NotAllowed."""
    with open(order["config"], encoding="utf-8") as file:
        document = octodns.yaml.safe_load(file, enforce_order=False)
    if _canonical(document) != _canonical(order["document"]):
        raise NotAllowed("octoDNS reads the configuration otherwise than it was checked: is a key in it twice?")
    for section, class_name, owned in order["classes"]:
        module, _, name = class_name.rpartition(".")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise NotAllowed(f"there is no {class_name}: {error}") from error
        if not owned and not (isinstance(found, type) and issubclass(found, ROLES[section])):
            raise NotAllowed(f"{class_name} is none of octoDNS's {section}")


def _canonical(value: JSON) -> str:
    return json.dumps(_texts(value), sort_keys=True, default=str)


def _texts(value: JSON) -> JSON:
    if isinstance(value, Mapping):
        return {str(key): _texts(child) for key, child in value.items()}
    return [_texts(child) for child in value] if isinstance(value, list) else value


def _plan(walk: Walk, order: Mapping[str, JSON], answers: IO[str]) -> None:
    """Of every zone, or of those in the order. What is wrong in the code of several zones is said at once."""
    wanted = None if order["only"] is None else {tuple(each) for each in order["only"]}
    for zone, target in walk.pairs():
        if wanted is not None and (zone, target) not in wanted:
            continue
        try:
            _tell(answers, walk, walk.plan(zone, target))
        except StepFailed as failed:
            say(answers, error=complaint(failed))
            if failed.during != "source":
                return


def _apply(walk: Walk, order: Mapping[str, JSON], answers: IO[str]) -> None:
    """Plans a zone, waits for the word, applies exactly that plan. The pipe's end means that nobody waits any more."""
    with open(order["words"], encoding="utf-8") as words:
        for zone, target in order["only"]:
            planned = walk.plan(zone, target)
            _tell(answers, walk, planned)
            say(answers, ready=[zone, target])
            word = words.readline()
            if not word:
                return
            only = json.loads(word)["only"]
            say(answers, applied=walk.apply(planned, only) if planned.plan is not None else 0)


def _tell(answers: IO[str], walk: Walk, planned: Planned) -> None:
    """One zone at one target: what it is, its records, its changes."""
    target, seen, settings = planned.target, planned.compared, walk.settings(planned.zone)
    wanted = {(record.name, record._type): record for record in seen.desired.records}
    live = [record for record in seen.existing.records if compared.is_ours(record, wanted, target.id)]
    say(
        answers,
        zone=planned.zone,
        target=target.id,
        plain=walk.targets(planned.zone)[0] == target.id,
        provider=f"{type(target).__module__}.{type(target).__name__}",
        exists=planned.exists,
        existing=len(seen.existing.records),
        update_share=_share(settings.get("update_pcent_threshold"), target.update_pcent_threshold),
        delete_share=_share(settings.get("delete_pcent_threshold"), target.delete_pcent_threshold),
        never=_never(settings, target),
        warnings=planned.warnings,
        others=len(seen.owners.others),
        contested=[[*name, who] for name, who in seen.owners.contested.items()],
        meta=str(planned.plan.meta) if planned.plan is not None and planned.plan.meta else None,
    )
    _tell_records(answers, sorted(live))
    changes = planned.plan.changes if planned.plan is not None else []
    for chunk in _chunks(changes):
        say(answers, changes=[compared.changed(change) for change in chunk])


def _tell_records(answers: IO[str], records: Sequence[Any]) -> None:
    for chunk in _chunks(records):
        say(answers, records=[[record.name, record._type, compared.plain(record)] for record in chunk])


def _never(settings: Mapping[str, JSON], target: Any) -> str:
    if settings.get("always-dry-run"):
        return "`always-dry-run` is set for the zone"
    return f"`apply_disabled` is set for {target.id}" if target.apply_disabled else ""


def _share(zone: JSON, provider: float) -> float:
    """A zone's own threshold has no effect in octoDNS 1.22 (it sets it on the wrong zone): it has here."""
    return float(provider if zone is None else zone)


def _versions(order: Mapping[str, JSON]) -> Mapping[str, str]:
    found = {}
    for name in sorted({"octodns", *(each[1].split(".", 1)[0] for each in order["classes"])}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _chunks(found: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (found[start : start + CHUNK] for start in range(0, len(found), CHUNK))


if __name__ == "__main__":
    main()
