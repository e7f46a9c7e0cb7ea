"""Ignores: drift that nobody needs to know of, by rules that people wrote down. It stays guarded all the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from trueup.model.globs import matches, matches_any
from trueup.model.values import Path, dotted


@dataclass(frozen=True)
class Ignore:
    """One rule: a line of a `.driftignore`, or an item of `ignore:` in trueup.yaml. What it does not name is any."""

    by: str
    """How people find it: `.driftignore:3`, or the reason in trueup.yaml."""
    line: str = ""
    """Glob over `type.name.path` or `type.id.path`; it covers everything below what it names."""
    again: bool = False
    """A line with `!`: what it names is drift after all."""
    addresses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    """`aws`: the first word of the resource's type."""
    actors: tuple[str, ...] = ()
    """Who did it, as `people:` names them or as the live system's log does; nobody known is nobody."""
    until: datetime | None = None


@dataclass(frozen=True)
class Place:
    """One path of one resource, with everything that a rule can name."""

    address: str
    kind: str
    identity: str
    """In the live system; empty where it has none."""
    path: Path
    actors: tuple[str, ...] = ()
    """Every name of whoever did it."""


def ignored_by(place: Place, rules: Sequence[Ignore], at: datetime) -> Ignore | None:
    """The rule that covers a place. Of several that match, the last one counts."""
    found: Ignore | None = None
    for rule in rules:
        if (rule.until is None or at < rule.until) and _covers(rule, place):
            found = None if rule.again else rule
    return found


def _covers(rule: Ignore, place: Place) -> bool:
    if rule.line:
        return any(matches(name, rule.line) for name in _names(place))
    wanted = (
        ((place.address,), rule.addresses),
        ((place.kind,), rule.types),
        ((place.kind.partition("_")[0],), rule.providers),
        (tuple(_ways_to(place.path)), rule.paths),
        (place.actors, rule.actors),
    )
    return all(not globs or any(matches_any(text, globs) for text in texts) for texts, globs in wanted)


def _names(place: Place) -> Iterator[str]:
    """What a line may mean: the resource by address or by its id, alone or with each step of the path."""
    for resource in (place.address, f"{place.kind}.{place.identity}" if place.identity else ""):
        if resource:
            yield resource
            yield from (f"{resource}.{way}" for way in _ways_to(place.path))


def _ways_to(path: Path) -> Iterator[str]:
    """`ingress`, then `ingress[0]`, then `ingress[0].from_port`."""
    return (dotted(path[:length]) for length in range(1, len(path) + 1))
