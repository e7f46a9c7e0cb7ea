"""How one snapshot becomes another: what is dropped, altered and created, in an order that the database accepts. Pure.

Three phases: what nothing may depend on goes first (views before their tables), then everything is made or altered in
the order of its needs, and what others needed until then (columns, types, functions) goes last.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from trueup.drivers.database.catalog.addresses import parse, split_name
from trueup.drivers.database.ddl.draft import Ddl
from trueup.drivers.database.ddl.order import Names, in_order
from trueup.drivers.database.snapshots import Snapshot
from trueup.model.drift import Declined
from trueup.model.errors import Refused
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON, canonical

_USERS_OF_KEYS = ("view", "materialized_view", "function", "procedure")
"""What GROUP BY a primary key and ON CONFLICT need, no text says."""

_WITH_ROWS = ("table", "foreign_table", "sequence")
"""What is never dropped to be made again."""


class Rebuild(Exception):
    """An object of this kind cannot be altered so: it is dropped and made again, with what depends on it."""


@dataclass(frozen=True)
class Surroundings:
    """Both snapshots, for an object that has to look beside itself."""

    before: Snapshot
    after: Snapshot
    gently: bool = False
    """Without holding up those who read and write, even if that takes longer or a statement of its own."""
    any_order: bool = False
    """The order of columns does not count: what comes back comes at the end."""

    def is_old(self, address: Address) -> bool:
        """It was there before, so that it may be large and in use."""
        return address in self.before


def _nothing(address: Address, old: JSON, new: JSON, around: Surroundings) -> Iterable[Ddl]:
    return ()


@dataclass(frozen=True)
class Maker:
    """The DDL of one kind of object. Each raises Refused for what it cannot write."""

    rank: int
    create: Callable[[Address, JSON, Surroundings], Iterable[Ddl]]
    drop: Callable[[Address, JSON, Surroundings], Iterable[Ddl]]
    alter: Callable[[Address, JSON, JSON, Surroundings], Iterable[Ddl]]
    """Raises Rebuild too."""
    finish: Callable[[Address, JSON, JSON, Surroundings], Iterable[Ddl]] = _nothing
    """The part of an alteration that waits until nothing needs what it takes away."""
    late: bool = False
    """Others are altered so that they do not need it any more, before it is dropped."""
    disturbs: Callable[[JSON, JSON], Collection[str]] = lambda old, new: ()
    """Words (columns) whose users among the views have to stand aside while it is altered."""


class Way:
    """From one snapshot to another."""

    def __init__(self, around: Surroundings, makers: Mapping[str, Maker]) -> None:
        self._around, before, after = around, around.before, around.after
        self._before, self._after, self._makers_of = before, after, makers
        self._needs_before, self._needs_after = _Needs(before), _Needs(after)
        self.declined: list[Declined] = []

    def statements(self) -> tuple[Ddl, ...]:
        """Declines what cannot be written."""
        altered = self._alterations()
        rebuilt = self._rebuilt(altered)
        kept = {address: found for address, found in altered.items() if found is not None and address not in rebuilt}
        drops = self._drops({each for each in self._before if each not in self._after} | rebuilt)
        makes = self._makes({each for each in self._after if each not in self._before} | rebuilt, kept)
        finishing = [each for address in kept for each in self._finishing(address)]
        late = self._late(drops) - rebuilt
        early = [ddl for address, found in drops.items() if address not in late for ddl in found]
        makes.sort(key=lambda each: each.last)
        return (*early, *makes, *finishing, *(ddl for address in drops if address in late for ddl in drops[address]))

    def _alterations(self) -> dict[Address, list[Ddl] | None]:
        """None: it cannot be altered."""
        found: dict[Address, list[Ddl] | None] = {}
        for address in sorted(self._before.keys() & self._after.keys()):
            old, new = self._before[address], self._after[address]
            if old.values == new.values:
                continue
            with self._declining(address):
                try:
                    found[address] = list(self._maker(address).alter(address, old.values, new.values, self._around))
                except Rebuild:
                    found[address] = None
        return found

    def _rebuilt(self, altered: Mapping[Address, list[Ddl] | None]) -> set[Address]:
        """What is dropped and made again, and what depends on that."""
        roots = [address for address, found in altered.items() if found is None]
        for address, found in altered.items():
            words = self._maker(address).disturbs(self._before[address].values, self._after[address].values)
            if found and words:
                users = self._needs_before.users.get(address, ())
                roots += [user for user in users if _is_view(self._before[user], words)]
        rebuilt: set[Address] = set()
        for root in roots:
            with self._declining(root):
                rebuilt |= self._with_users(root)
        return rebuilt

    def _with_users(self, root: Address) -> set[Address]:
        """Raises Refused where somebody's rows would go with it."""
        found: set[Address] = set()
        waiting = [root]
        while waiting:
            address = waiting.pop()
            if address in found or address not in self._after or parse(address).kind not in self._makers_of:
                continue
            if parse(address).kind in _WITH_ROWS:
                raise Refused(
                    f"it would have to be dropped and made again, and {address} needs it",
                    hint="make another one under a new name, and move what needs it there",
                )
            found.add(address)
            waiting += self._needs_before.users.get(address, ())
        return found

    def _drops(self, gone: Collection[Address]) -> dict[Address, list[Ddl]]:
        """In an order in which each can go."""
        found: dict[Address, list[Ddl]] = {}
        for address in reversed(self._ordered(gone, self._needs_before)):
            with self._declining(address):
                found[address] = list(self._maker(address).drop(address, self._before[address].values, self._around))
        return found

    def _late(self, drops: Collection[Address]) -> set[Address]:
        """Of kinds that go last; not a function that takes the rows of a table that goes first."""
        late = {address for address in drops if self._makers_of[parse(address).kind].late}
        early = [address for address in drops if address not in late]
        for address in reversed(list(drops)):  # what is needed before what needs it
            if address in late and any(each in early for each in self._needs_before.of(address)):
                late.discard(address)
                early.append(address)
        return late

    def _makes(self, fresh: Collection[Address], altered: Mapping[Address, list[Ddl]]) -> list[Ddl]:
        made: list[Ddl] = []
        for address in self._ordered({*fresh, *altered}, self._needs_after):
            if address in altered:
                made += altered[address]
                continue
            with self._declining(address):
                made += self._maker(address).create(address, self._after[address].values, self._around)
        return made

    def _finishing(self, address: Address) -> Iterable[Ddl]:
        old, new = self._before[address].values, self._after[address].values
        return self._maker(address).finish(address, old, new, self._around)

    def _ordered(self, addresses: Collection[Address], needs: "_Needs") -> list[Address]:
        ranks = {each: maker.rank if (maker := self._makers_of.get(parse(each).kind)) else 0 for each in addresses}
        return in_order(ranks, {each: needs.of(each) for each in addresses})

    def _maker(self, address: Address) -> Maker:
        """Raises Refused for a kind that nobody writes DDL for."""
        kind = parse(address).kind
        if kind not in self._makers_of:
            raise Refused(f"no DDL is written for a {kind.replace('_', ' ')}", hint="write the statement by hand")
        return self._makers_of[kind]

    @contextmanager
    def _declining(self, address: Address) -> Iterator[None]:
        try:
            yield
        except Refused as error:
            self.declined.append(Declined(address, error.message, error.hint))


class _Needs:
    """What each object of a snapshot needs; looked up when it is asked for, since most never are."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._found: dict[Address, frozenset[Address]] = {}

    @cached_property
    def _names(self) -> Names:
        return Names(self._snapshot)

    @cached_property
    def _keys(self) -> Mapping[tuple[str, ...], set[Address]]:
        """Unique indexes and their constraints, by table."""
        keys: dict[tuple[str, ...], set[Address]] = {}
        for address, resource in self._snapshot.items():
            if resource.kind == "constraint" and resource.values["type"] in ("primary key", "unique"):
                keys.setdefault(parse(address).parts[:-1], set()).add(address)
            elif resource.kind == "index" and resource.values["definition"].startswith("CREATE UNIQUE"):
                keys.setdefault(split_name(resource.values["table"]), set()).add(address)
        return keys

    @cached_property
    def users(self) -> Mapping[Address, set[Address]]:
        """The other way round, of the whole snapshot."""
        found: dict[Address, set[Address]] = {}
        for address in self._snapshot:
            for each in self.of(address):
                found.setdefault(each, set()).add(address)
        return found

    def of(self, address: Address) -> frozenset[Address]:
        if address not in self._found:
            resource = self._snapshot[address]
            needed = self._names.needed_by(address, resource)
            if resource.kind in _USERS_OF_KEYS or resource.values.get("type") == "foreign key":
                tables = (parse(each).parts for each in needed if parse(each).kind == "table")
                needed |= {key for table in tables for key in self._keys.get(table, ()) if key != address}
            self._found[address] = needed
        return self._found[address]


def _is_view(resource: Resource, words: Collection[str]) -> bool:
    """A view that speaks of one of these columns."""
    if resource.kind not in ("view", "materialized_view"):
        return False
    text = canonical(resource.values).decode()
    return any(word in text for word in words)
