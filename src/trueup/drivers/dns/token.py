"""A token: equal while no zone's serial moved and a plan would be made of the same code, inputs and programs.

It starts no program. Whether an equal one proves anything is known only where every zone's serial was seen to move with
our own applies (signal.py); otherwise another one is a signal, and an equal one says nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

from trueup.drivers.dns.servers import powerdns, serials
from trueup.drivers.dns.signal import POWERDNS, ROUTE53, Served, Server, named, primary, proves
from trueup.model.plan import LiveIdentity
from trueup.model.values import JSON, digest


@dataclass(frozen=True)
class Provider:
    """One provider of a configuration, as it is written there: `env/NAME` not yet replaced."""

    class_name: str
    settings: Mapping[str, JSON]


@dataclass(frozen=True)
class Question:
    """What a stack's token is made of."""

    zones: Sequence[Served]
    providers: Mapping[str, Provider]
    """By the names that the zones have as targets."""
    environment: Mapping[str, str]
    nameservers: Sequence[str] = ()
    """Whom to ask, of every zone, whatever the providers are."""
    basis: JSON = None
    """Everything else that a plan is made of; goes in as it is, so without secrets."""


def token_of(question: Question) -> LiveIdentity:
    """Empty where a server does not answer: that is no signal, and the plan will say it. Raises Invalid, Rejected,
    Unavailable."""
    answers = serials_of(question)
    if not question.zones or len(answers) < len(question.zones):
        return LiveIdentity()
    told = sorted([zone.zone, zone.target, serial] for zone, serial in answers.items())
    packages = sorted({each.class_name.partition(".")[0] for each in question.providers.values()} | {"octodns"})
    basis = digest([question.basis, [[name, _version(name)] for name in packages]])
    return LiveIdentity({"serials": digest(told), "basis": basis}, proves=proves(question.zones, answers))


def serials_of(question: Question) -> dict[Served, int | None]:
    """The serial of each zone at its target; None where the zone is not there; missing where nobody answers. Raises
    Invalid, Rejected, Unavailable."""
    found: dict[Served, int | None] = {}
    for target, zones in _by_target(question.zones).items():
        provider = question.providers.get(target)
        if provider is not None and provider.class_name == POWERDNS and not question.nameservers:
            with powerdns.connected(provider.settings, question.environment) as server:
                known = server.serials()
            found |= {zone: known.get(zone.zone) for zone in zones}
        elif provider is not None and provider.class_name == ROUTE53:
            # Its serial stays 1, whatever is edited.
            found |= dict.fromkeys(zones)
        else:
            found |= serials.ask({zone: (zone.zone, servers) for zone, servers in _servers(question, zones).items()})
    return found


def _servers(question: Question, zones: Sequence[Served]) -> Mapping[Served, Sequence[Server]]:
    if question.nameservers:
        return dict.fromkeys(zones, tuple(named(text) for text in question.nameservers))
    own = question.providers.get(zones[0].target)
    known = primary(own.class_name, own.settings, question.environment) if own is not None else None
    if known is not None:
        return dict.fromkeys(zones, (known,))
    world = serials.authoritative(zone.zone for zone in zones)
    return {zone: world[zone.zone] for zone in zones}


def _by_target(zones: Sequence[Served]) -> Mapping[str, Sequence[Served]]:
    found: dict[str, list[Served]] = {}
    for zone in zones:
        found.setdefault(zone.target, []).append(zone)
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return ""
