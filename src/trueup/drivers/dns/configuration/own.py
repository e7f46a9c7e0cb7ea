"""The configuration of a plain directory of zone files, made by us: one source, one provider, a zone for a file."""

import posixpath
from collections.abc import Iterator, Mapping

from trueup.drivers.dns.configuration.config import Config, parsed
from trueup.drivers.dns.configuration.loading import Document
from trueup.drivers.dns.spec import ZonesSpec
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON
from trueup.ports.tree import Tree

BIND_ENDINGS = (".zone", ".db")
SOURCE, TARGET = "zones", "target"


def own_config(tree: Tree, path: str, spec: ZonesSpec) -> Config:
    """Raises Invalid when the directory holds no zone, or two kinds of files."""
    names = [entry.path.removeprefix(f"{path}/" if path else "") for entry in tree.entries(path)]
    yaml = dict(_yaml_zones(names))
    bind = dict(_bind_zones(names))
    kind = spec.files or ("bind" if bind and not yaml else "yaml")
    if spec.files is None and yaml and bind:
        raise Invalid(
            f"`{path}` holds zones in YAML ({len(yaml)}) and of BIND ({len(bind)})",
            place=Place(path),
            hint="say which count: `files: yaml` or `files: bind`",
        )
    zones = yaml if kind == "yaml" else bind
    if not zones:
        raise Invalid(
            f"`{path}` holds no zone file",
            place=Place(path),
            hint="name a file for its zone: example.com.yaml, or example.com.zone for BIND's",
        )
    endings = sorted(set(zones.values()))
    if kind == "bind" and len(endings) > 1:
        raise Invalid(f"the zone files of `{path}` end in {' and '.join(endings)}: use one of them", place=Place(path))
    source = _yaml_source(path, zones) if kind == "yaml" else _bind_source(path, endings[0])
    entry = {"sources": [SOURCE], "targets": [TARGET], "processors": list(spec.processors), "lenient": spec.lenient}
    document = {
        "providers": {SOURCE: source, TARGET: dict(spec.provider)},
        "processors": {name: dict(block) for name, block in spec.processors.items()},
        "zones": dict.fromkeys(sorted(zones), entry),
    }
    places = {("zones", zone): Place(posixpath.join(path, _file(zone, ending))) for zone, ending in zones.items()}
    return parsed(Document(document, _places(document, Place(path)) | places), path, own=True)


def _yaml_zones(names: list[str]) -> Iterator[tuple[str, str]]:
    """`example.com.yaml`, and the directories `example.com.` of a split zone."""
    for name in names:
        directory, _, rest = name.partition("/")
        if rest and directory.endswith(".") and rest.endswith(".yaml"):
            yield directory, "/"
        elif not rest and name.endswith(".yaml") and "." in name.removesuffix(".yaml"):
            yield name.removesuffix("yaml"), "yaml"


def _bind_zones(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        ending = next((each for each in BIND_ENDINGS if name.endswith(each)), "")
        if ending and "/" not in name:
            yield f"{name.removesuffix(ending)}.", ending


def _file(zone: str, ending: str) -> str:
    return zone if ending == "/" else f"{zone}{ending}" if ending == "yaml" else f"{zone.rstrip('.')}{ending}"


def _yaml_source(path: str, zones: Mapping[str, str]) -> dict[str, JSON]:
    split = {"split_extension": "."} if "/" in zones.values() else {}
    return {"class": "octodns.provider.yaml.YamlProvider", "directory": path or ".", **split}


def _bind_source(path: str, ending: str) -> dict[str, JSON]:
    return {"class": "octodns_bind.ZoneFileProvider", "directory": path or ".", "file_extension": ending}


def _places(value: JSON, place: Place, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], Place]:
    """Of values that no file says: the directory's."""
    found = {path: place}
    for key, child in value.items() if isinstance(value, Mapping) else ():
        found |= _places(child, place, (*path, str(key)))
    return found
