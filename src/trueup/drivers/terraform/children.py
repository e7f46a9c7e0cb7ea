"""Children of managed resources: what is watched, how a live child is asked for, told apart, and managed. Pure.

A watch is one line of children_table.py. Operations, parameters and answers are named as botocore names them
(https://docs.aws.amazon.com/boto3/latest/reference/services/); attributes as the Terraform provider does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trueup.model.address import Address, watch
from trueup.model.child import Child
from trueup.model.values import JSON


@dataclass(frozen=True)
class Parent:
    """A managed live resource whose children are watched."""

    address: Address
    kind: str
    values: Mapping[str, JSON]
    name: str
    """As the live system is asked for it: `sg-0a1b`, a role's name."""


@dataclass(frozen=True)
class Live:
    """One child as the live system has it."""

    identity: str
    """Equal for the same child seen through any resource that manages it."""
    key: str
    """For people; tells it apart from its siblings."""
    values: Mapping[str, JSON]
    """As the resource that would manage it says them; what is empty is left out."""


@dataclass(frozen=True)
class Call:
    """One read call that lists children of a parent."""

    service: str
    operation: str
    result: str
    """Where the answer has its records; a single value counts as one."""
    by: str
    """The parameter that takes one parent; with `owner`, the filter that takes many."""
    owner: str = ""
    """Where a record of a batched answer, which is a parent with its children, has its name."""
    detail: str = ""
    """A second call for each record that nothing manages, when the first one lists only names."""
    detail_by: str = ""
    """The parameter of the second call that takes the name."""
    absent: tuple[str, ...] = ()
    """Error codes that mean: there is none."""

    @property
    def permissions(self) -> tuple[str, ...]:
        """As policies name them; where the API's name is another one, AWS says so in its refusal."""
        names = (self.operation, self.detail) if self.detail else (self.operation,)
        return tuple(f"{self.service}:{''.join(part.capitalize() for part in name.split('_'))}" for name in names)


@dataclass(frozen=True)
class Watch:
    """One kind of children of one kind of parents."""

    parent: str
    kind: str
    """Of the resource that would manage such a child."""
    call: Call
    reference: str
    """The parent's attribute by which it is asked for and referred to."""
    attribute: str
    """The child's attribute that refers to the parent."""
    read: Callable[[Parent, JSON], Iterable[Live]]
    """From one record: nothing for what AWS made by itself. A bare name gives a child without its details."""
    import_id: Callable[[Mapping[str, JSON]], str]
    label: Callable[[Mapping[str, JSON]], str]
    """What to call it in code, behind the parent's name."""
    managing: Mapping[str, Callable[[Mapping[str, JSON]], Iterable[str]]]
    """Kinds of resources that manage such children, and the identities that one of them manages."""
    inline: Callable[[Mapping[str, JSON]], str] = lambda values: ""
    """The parent's attribute that would have this child inside."""
    inlines: frozenset[str] = frozenset()
    """All of those attributes."""

    def parents(self, resources: Iterable["Managed"]) -> Iterator[Parent]:
        for each in resources:
            name = each.values.get(self.reference)
            if each.kind == self.parent and isinstance(name, str) and name:
                yield Parent(each.address, each.kind, each.values, name)


@dataclass(frozen=True)
class Managed:
    """A resource that a state has, or that the plan takes in."""

    address: Address
    kind: str
    values: Mapping[str, JSON]


@dataclass(frozen=True)
class Gap:
    """Children that could not be looked at, and why."""

    watch: Watch
    parents: tuple[Address, ...]
    why: str
    hint: str = ""


@dataclass(frozen=True)
class Found:
    """What a look brought: children by watch and parent, and where nothing could be seen."""

    live: Mapping[tuple[str, Address], Sequence[Live]] = field(default_factory=dict)
    """By kind of child and parent. A parent without children has an empty sequence."""
    gaps: tuple[Gap, ...] = ()


def managed_in(document: JSON) -> list[Managed]:
    """Every live managed resource of a plan's document, those that it takes in included."""
    return [
        Managed(Address(each["address"]), each["type"], each["change"]["before"])
        for each in document.get("resource_changes", ())
        if each.get("mode") == "managed" and "deposed" not in each and isinstance(each["change"].get("before"), dict)
    ]


def owners(watches: Iterable[Watch], resources: Iterable[Managed]) -> dict[str, Address]:
    """Who manages what: the identity of a child to the resource that has it."""
    kinds: dict[str, list[Callable[[Mapping[str, JSON]], Iterable[str]]]] = {}
    for each in watches:
        for kind, identities in each.managing.items():
            kinds.setdefault(kind, []).append(identities)
    return {
        identity: resource.address
        for resource in resources
        for identities in kinds.get(resource.kind, ())
        for identity in identities(resource.values)
    }


def speaks_for(watch: Watch, parent: Parent, sets: Mapping[Address, frozenset[str]]) -> bool:
    """Whether the code says all such children inside the parent, so that every plan sees them."""
    return bool(watch.inlines) and watch.inlines <= sets.get(parent.address, frozenset())


def children_of(
    watches: Mapping[str, Watch],
    found: Found,
    owned: Mapping[str, Address],
    sets: Mapping[Address, frozenset[str]],
) -> tuple[Child, ...]:
    """Every child that was seen, with who manages it. `watches` by kind of child."""
    children = []
    for (kind, parent), lives in found.live.items():
        said = sets.get(parent, frozenset())
        for live in lives:
            inline = watches[kind].inline(live.values) in said
            owner = parent if inline else owned.get(live.identity)
            children.append(Child(parent, kind, live.key, dict(live.values), live.identity, owner))
    return tuple(sorted(children, key=lambda child: child.address))


def told_by(
    watches: Mapping[str, Watch], found: Found, sets: Mapping[Address, frozenset[str]]
) -> dict[Address, dict[str, str]]:
    """Attributes of parents that their children tell better, for those that the code leaves out."""
    told: dict[Address, dict[str, str]] = {}
    for kind, parent in found.live:
        for name in watches[kind].inlines - sets.get(parent, frozenset()):
            told.setdefault(parent, {})[name] = kind
    return told


def places(found: Found) -> frozenset[str]:
    return frozenset(watch(parent, kind) for kind, parent in found.live)
