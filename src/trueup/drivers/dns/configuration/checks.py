"""What may be in a configuration at all: whose classes it builds, what its zones name, and how a proposal's differs
from the one that people agreed to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trueup.drivers.dns.configuration.config import FILE_CLASSES, SECTIONS, Block, Config, Zone
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON

OCTODNS = re.compile(r"octodns(_[a-z0-9_]+)?(\.[A-Za-z_]\w*)+")
"""octoDNS itself and the packages of its family. What role a class must play is checked where it is built (ROLES in
process/worker.py)."""
INDIFFERENT = frozenset({"max_workers"})
"""Keys of `manager:` that change nothing but speed."""


def check(config: Config, allow: Sequence[str]) -> None:
    """Raises Invalid with file and line."""
    for block in config.blocks:
        if not OCTODNS.fullmatch(block.class_name) and block.class_name not in allow:
            raise Invalid(
                f"`{block.class_name}` belongs to none of octoDNS's packages: a configuration may not run any code",
                place=block.place,
                hint=f"if it is yours: `allow: [{block.class_name}]` at the stack's entry in the control repository",
            )
    for zone in config.zones:
        _check_zone(zone, config)


def package_of(class_name: str) -> str:
    """Of PyPI: `octodns_cloudflare.CloudflareProvider` is in octodns-cloudflare."""
    return class_name.split(".", 1)[0].replace("_", "-")


def _check_zone(zone: Zone, config: Config) -> None:
    if not zone.dynamic and not zone.name.endswith("."):
        raise Invalid(f"the zone `{zone.name}` misses its dot at the end", place=zone.place, hint=f"{zone.name}.:")
    if zone.alias:
        sources = config.entries(zone.alias)
        if not sources or sources[0].alias:
            what = "is an alias itself" if sources else "does not exist"
            raise Invalid(f"the zone `{zone.name}` is an alias of `{zone.alias}`, which {what}", place=zone.place)
        return
    try:
        re.compile(str(zone.settings.get("regex") or ""))
    except re.error as error:
        raise Invalid(f"the `regex` of the zone `{zone.name}` is none: {error}", place=zone.place) from None
    for key in ("sources", "targets"):
        if key not in zone.settings:
            raise Invalid(f"the zone `{zone.name}` misses `{key}`", place=zone.place)
    built_in = {"auto-arpa"} if config.manager.get("auto_arpa") else set()
    for name in (*zone.sources, *zone.targets):
        if name not in config.providers and name not in built_in:
            known = ", ".join(sorted(config.providers))
            raise Invalid(
                f"the zone `{zone.name}` names the provider `{name}`, which is not there",
                place=zone.place,
                hint=f"providers: {known}",
            )
    for name in zone.processors:
        if name not in config.processors and name not in built_in:
            raise Invalid(f"the zone `{zone.name}` names the processor `{name}`, which is not there", place=zone.place)
    for name in zone.targets:
        if config.providers[name].class_name in FILE_CLASSES:
            raise Invalid(
                f"the zone `{zone.name}` has the target `{name}`, which writes files: nothing live is compared with it",
                place=zone.place,
                hint="name a DNS provider as target; `trueup dns import` writes files",
            )


@dataclass(frozen=True)
class Deviation:
    """Something that a proposal's configuration says otherwise than the default branch's."""

    what: str
    place: Place


def deviations(proposed: Config, agreed: Config | None) -> Sequence[Deviation]:
    """Everything that decides whose code runs, with which secrets, against which host. None: nothing was agreed."""
    if agreed is None:
        place = Place(proposed.path, 1)
        return [Deviation("the configuration is new: nobody agreed to its providers and variables yet", place)]
    return [*_blocks(proposed, agreed), *_manager(proposed, agreed), *_variables(proposed, agreed)]


def _blocks(proposed: Config, agreed: Config) -> Iterator[Deviation]:
    before = {(block.section, block.name): block for block in agreed.blocks}
    for block in proposed.blocks:
        known = before.get((block.section, block.name))
        if known is None:
            yield Deviation(f"`{block.name}` in `{block.section}` is new", block.place)
        elif known.class_name != block.class_name:
            yield Deviation(f"`{block.name}` is of another class than `{known.class_name}`", block.place)
        else:
            yield from _settings(block, known, proposed)


def _settings(block: Block, known: Block, proposed: Config) -> Iterator[Deviation]:
    for key in sorted({*block.settings, *known.settings}):
        if block.settings.get(key) != known.settings.get(key) or (key in block.settings) != (key in known.settings):
            place = proposed.places.get((*_path_of(block), key), block.place)
            yield Deviation(f"`{key}` of `{block.name}` is another one", place)


def _path_of(block: Block) -> tuple[str, ...]:
    return (block.section, block.name) if block.section in SECTIONS else ("manager", block.section, block.name)


def _manager(proposed: Config, agreed: Config) -> Iterator[Deviation]:
    mine, theirs = _decisive(proposed.manager), _decisive(agreed.manager)
    for key in sorted({*mine, *theirs}):
        if mine.get(key) != theirs.get(key):
            place = proposed.places.get(("manager", key), Place(proposed.path, 1))
            yield Deviation(f"`{key}` of `manager` is another one", place)


def _decisive(manager: Mapping[str, JSON]) -> Mapping[str, JSON]:
    return {key: value for key, value in manager.items() if key not in {*INDIFFERENT, "plan_outputs"}}


def _variables(proposed: Config, agreed: Config) -> Iterator[Deviation]:
    for name, place in proposed.variables.items():
        if name not in agreed.variables:
            yield Deviation(f"the variable {name} is asked for, which the default branch does not do", place)
