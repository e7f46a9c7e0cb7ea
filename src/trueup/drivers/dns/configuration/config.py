"""An octoDNS configuration as values with places, read out of the raw YAML before octoDNS ever sees it."""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import idna

from trueup.drivers.dns.configuration.loading import Document, load
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON
from trueup.ports.tree import Tree

SECTIONS = ("providers", "processors", "secret_handlers", "validators")
"""Where a block has a `class`; plan outputs have one too, below `manager`."""
FILE_CLASSES = frozenset(
    {
        "octodns.provider.yaml.YamlProvider",
        "octodns.provider.yaml.SplitYamlProvider",
        "octodns_bind.ZoneFileProvider",
        "octodns_bind.ZoneFileSource",
    }
)
"""Providers of files: sources only. As targets they see nothing existing and plan every record every time."""
SECRET_KEY = re.compile(r"key|token|secret|pass", re.IGNORECASE)
"""Settings whose value nobody may see."""
YAML_CLASSES = frozenset(name for name in FILE_CLASSES if name.endswith("YamlProvider"))


@dataclass(frozen=True)
class Block:
    """Something that octoDNS builds from a class and settings."""

    section: str
    name: str
    class_name: str
    settings: Mapping[str, JSON]
    """Without `class`; `env/NAME` as it is written."""
    place: Place

    @property
    def has_directory(self) -> bool:
        return isinstance(self.settings.get("directory"), str)


@dataclass(frozen=True)
class Zone:
    """One entry of `zones:`; `*` and what begins with it stands for many."""

    name: str
    settings: Mapping[str, JSON]
    place: Place

    @property
    def dynamic(self) -> bool:
        return self.name.startswith("*")

    def stands_for(self, name: str) -> bool:
        """Whether a dynamic entry lets a zone in, of those that its sources list."""
        glob, regex = self.settings.get("glob"), self.settings.get("regex")
        if glob:
            return any(fnmatch.fnmatchcase(each, str(glob)) for each in spellings(name))
        return not regex or any(re.search(str(regex), each) for each in spellings(name))

    @property
    def alias(self) -> str:
        return str(self.settings.get("alias") or "")

    @property
    def sources(self) -> Sequence[str]:
        return _names(self.settings.get("sources"))

    @property
    def targets(self) -> Sequence[str]:
        return _names(self.settings.get("targets"))

    @property
    def processors(self) -> Sequence[str]:
        return _names(self.settings.get("processors"))


@dataclass(frozen=True)
class Config:
    path: str
    """Of the configuration file in the repository; the directory of the zones where the configuration is ours."""
    document: Mapping[str, JSON]
    """All of it, as octoDNS loads it."""
    blocks: tuple[Block, ...]
    zones: tuple[Zone, ...]
    variables: Mapping[str, Place]
    """Environment variables without a default that it cannot do without."""
    secrets: frozenset[str]
    """Environment variables behind settings that are called keys, tokens, passwords."""
    files: frozenset[str]
    """The file and what it includes; none where the configuration is ours."""
    manager: Mapping[str, JSON] = field(default_factory=dict)
    workdir: str = ""
    """Where relative paths start from, in the repository; "" is its root."""
    own: bool = False
    """Made by us from the spec of a plain directory of zone files: there is no file of it in the repository."""
    places: Mapping[tuple[str | int, ...], Place] = field(default_factory=dict)

    @property
    def providers(self) -> Mapping[str, Block]:
        return {block.name: block for block in self.blocks if block.section == "providers"}

    @property
    def yaml_sources(self) -> Sequence[Block]:
        """Providers that read zone files in YAML out of a directory."""
        blocks = self.providers.values()
        return [each for each in blocks if each.class_name in YAML_CLASSES and each.has_directory]

    @property
    def processors(self) -> Mapping[str, Block]:
        return {block.name: block for block in self.blocks if block.section == "processors"}

    def zone(self, name: str) -> Zone | None:
        """By its name in the configuration or, as octoDNS calls it, in IDNA."""
        return self._by_name.get(name) or self._by_name.get(in_idna(name))

    def entries(self, name: str) -> Sequence[Zone]:
        """Its own entry; else the dynamic ones that may stand for it, in their order: which of them does is a matter of
        what their sources list."""
        own = self.zone(name)
        return [own] if own is not None else [each for each in self.zones if each.dynamic and each.stands_for(name)]

    @cached_property
    def _by_name(self) -> Mapping[str, Zone]:
        return {in_idna(zone.name): zone for zone in self.zones}


def in_idna(name: str) -> str:
    """`müller.example.` is `xn--mller-kva.example.`, label by label; whatever is no such name stays."""
    try:
        return ".".join(label if label.isascii() else idna.encode(label).decode() for label in name.lower().split("."))
    except idna.IDNAError:
        return name


def spellings(name: str) -> Sequence[str]:
    """In IDNA and in its own alphabet: files and patterns may have either."""
    encoded = in_idna(name)
    try:
        own = ".".join(idna.decode(label) if label.startswith("xn--") else label for label in encoded.split("."))
    except idna.IDNAError:
        own = encoded
    return list(dict.fromkeys((encoded, own)))


def read(tree: Tree, path: str) -> Config:
    """Raises Invalid with file and line."""
    return parsed(load(tree, path), path)


def parsed(document: Document, path: str, *, own: bool = False) -> Config:
    root = document.value
    if not isinstance(root, dict):
        raise Invalid("an octoDNS configuration holds `providers:` and `zones:`", place=document.place())
    for name in ("providers", "zones"):
        if not isinstance(root.get(name), dict):
            raise Invalid(f"`{name}:` is missing, or is no mapping", place=document.place(name))
    for name in ("manager", *SECTIONS):
        if not isinstance(root.get(name) or {}, dict):
            raise Invalid(f"`{name}:` is no mapping", place=document.place(name))
    manager, taken = root.get("manager") or {}, list(_taken(document))
    blocks = tuple(_blocks(document))
    return Config(
        path=path,
        document=root,
        blocks=blocks,
        zones=tuple(_zones(document)),
        variables={name: place for name, default, _, place in taken if not default},
        secrets=frozenset(name for name, _, key, _ in taken if SECRET_KEY.search(key)),
        files=frozenset() if own else frozenset(document.files),
        manager=manager,
        own=own,
        places=document.places,
    )


def _blocks(document: Document) -> Iterator[Block]:
    root = document.value
    sections = [((name,), root.get(name) or {}) for name in SECTIONS]
    outputs = (root.get("manager") or {}).get("plan_outputs") or {}
    for path, blocks in [*sections, (("manager", "plan_outputs"), outputs)]:
        for name, settings in blocks.items() if isinstance(blocks, dict) else ():
            place = document.place(*path, name)
            if not isinstance(settings, dict) or not isinstance(settings.get("class"), str):
                raise Invalid(f"`{name}` has no `class`", place=place, hint="class: octodns_powerdns.PowerDnsProvider")
            rest = {key: value for key, value in settings.items() if key != "class"}
            yield Block(path[-1], str(name), settings["class"], rest, document.place(*path, name, "class"))


def _zones(document: Document) -> Iterator[Zone]:
    for name, settings in document.value["zones"].items():
        place = document.place("zones", name)
        if not isinstance(settings, dict):
            raise Invalid(f"the zone `{name}` is no mapping with `sources` and `targets`", place=place)
        yield Zone(str(name), settings, place)


def _taken(document: Document) -> Iterator[tuple[str, str, str, Place]]:
    """Each `env/NAME/default` in a block's settings: name, default, the setting's key, place. Last first, so that of
    several places of one name the first one stays."""
    for path, place in reversed(document.places.items()):
        value = _at(document.value, path)
        if path and path[0] in (*SECTIONS, "manager") and isinstance(value, str) and value.startswith("env/"):
            name, _, default = value.removeprefix("env/").partition("/")
            yield name, default, str(path[-1]), place


def _at(value: JSON, path: tuple[str | int, ...]) -> JSON:
    for step in path:
        value = value[step]
    return value


def _names(value: JSON) -> Sequence[str]:
    return [str(name) for name in value] if isinstance(value, list) else []
