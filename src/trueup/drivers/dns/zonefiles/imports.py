"""Import: a live zone as a zone file in YAML, as octoDNS and people like it."""

import posixpath
from collections.abc import Iterator, Mapping
from itertools import groupby

from trueup.drivers.dns.configuration.config import Config
from trueup.drivers.dns.configuration.files import directory_of
from trueup.drivers.dns.convert import DEFAULT_TTL
from trueup.drivers.dns.walked import Name
from trueup.drivers.dns.zonefiles.yaml_writing import NATURAL, Style, lines_of
from trueup.model.values import JSON


def zone_file(records: Mapping[Name, JSON]) -> str:
    """Names in natural order, one record or a list; a TTL that every file provider assumes is left out."""
    ordered = sorted(records, key=lambda key: (NATURAL(key[0]), key[1]))
    names = {
        name: [_record(type, records[name, type]) for _, type in keys]
        for name, keys in groupby(ordered, key=lambda key: key[0])
    }
    lines = [line for name, held in names.items() for line in lines_of({name: _held(held)}, Style(2, 2))]
    return "\n".join(["---", *lines]) + "\n"


def place_of(config: Config, zone: str) -> str:
    """Where the zone's file belongs: below the first source of YAML files; beside the configuration without one."""
    declared = next(iter(config.entries(zone)), None)
    names = [*(declared.sources if declared is not None else ()), *config.providers]
    blocks = (config.providers[name] for name in names if name in config.providers)
    source = next((block for block in blocks if block in config.yaml_sources), None)
    directory = directory_of(source, config.workdir) if source is not None else posixpath.dirname(config.path)
    return posixpath.join(directory, f"{zone}yaml")


def entry_for(config: Config, zone: str, provider: str) -> Iterator[str]:
    """What the configuration needs besides, where it does not know the zone."""
    if not config.own and not config.entries(zone):
        source = next((block.name for block in config.yaml_sources), "config")
        yield f"add to `zones:` of {config.path}:"
        yield from (f"  {line}" for line in lines_of({zone: {"sources": [source], "targets": [provider]}}, Style(2, 2)))


def _held(records: list[dict[str, JSON]]) -> JSON:
    return records[0] if len(records) == 1 else records


def _record(type: str, values: Mapping[str, JSON]) -> dict[str, JSON]:
    record = {"type": type, **values}
    if record.get("ttl") == DEFAULT_TTL:
        record.pop("ttl")
    if len(record.get("values") or ()) == 1:
        record["value"] = record.pop("values")[0]
    return record
