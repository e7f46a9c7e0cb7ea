"""Three-way comparison: S, R and D of one resource, path by path, and the table that names each difference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueup.model.causes import Cause, Difference
from trueup.model.normal import NOTHING_KNOWN, child, element_key, key, read_json
from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON, Path, has_unknown, is_masked, is_unknown


@dataclass(frozen=True)
class Sides:
    """One value as it was settled (S), is real (R) and is desired (D); None where there is none."""

    settled: JSON
    real: JSON
    desired: JSON

    def at(self, name: str) -> "Sides":
        return Sides(*(side.get(name) if isinstance(side, dict) else None for side in self.all))

    @property
    def all(self) -> tuple[JSON, JSON, JSON]:
        return self.settled, self.real, self.desired

    def as_difference(self, path: Path, cause: Cause) -> Difference:
        return Difference(path, cause, self.settled, self.real, self.desired)


@dataclass(frozen=True)
class Spot:
    """Where a comparison is: its path and shape, and whether the code sets it."""

    path: Path
    shape: Shape
    is_set: bool

    def into(self, step: str | int, shape: Shape) -> "Spot":
        return Spot((*self.path, step), shape, self.is_set)


def cause_of(*, settled_is_real: bool, real_is_desired: bool, settled_is_desired: bool, is_set: bool) -> Cause | None:
    """The table. None where nothing differs."""
    match settled_is_real, real_is_desired, settled_is_desired:
        case True, True, _:
            return None
        case True, False, _:
            return Cause.INTENDED
        case False, True, _:
            return Cause.CONVERGED if is_set else Cause.UNMANAGED
        case False, False, True:
            return Cause.GHOST_REVERT
        case _:
            return Cause.CONFLICT


def compare(spot: Spot, sides: Sides) -> Iterator[Difference]:
    """Every path below a spot where the three sides differ, in the order of the paths."""
    if spot.shape.ignored or (identical(sides.settled, sides.real) and identical(sides.real, sides.desired)):
        return
    if spot.shape.computed:
        if key(sides.settled) != key(sides.real):
            yield sides.as_difference(spot.path, Cause.NOISE)
        return
    match _kind(spot.shape, sides):
        case Kind.JSON:
            documents = Sides(*(read_json(side) for side in sides.all))
            for inside in compare(Spot(spot.path, NOTHING_KNOWN, spot.is_set), documents):
                # Where the documents differ as a whole, the texts themselves are the values.
                yield sides.as_difference(spot.path, inside.cause) if inside.path == spot.path else inside
        case Kind.OBJECT:
            for name in _names(sides):
                yield from compare(spot.into(name, child(spot.shape, name)), sides.at(name))
        case Kind.MAP:
            for name in _names(sides):
                yield from _compare_entry(spot.into(name, child(spot.shape, name)), sides.at(name))
        case Kind.SET:
            yield from _compare_sets(spot, sides)
        case Kind.LIST if len({len(side or []) for side in sides.all}) == 1:
            element = spot.shape.element or NOTHING_KNOWN
            for index, inner in enumerate(zip(*sides.all, strict=True)):
                yield from compare(spot.into(index, element), Sides(*inner))
        case _:
            yield from _compare_leaf(spot, sides)


def identical(first: JSON, second: JSON) -> bool:
    """Equal, and of the same type all the way down: false is not 0, as Python would have it."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(identical(value, second[name]) for name, value in first.items())
    if isinstance(first, list):
        return len(first) == len(second) and all(map(identical, first, second))
    return bool(first == second)


def same(shape: Shape, first: JSON, second: JSON) -> bool:
    """Whether two versions of a value mean the same; what only the live system decides does not count."""
    return not any(
        difference.cause is not Cause.NOISE
        for difference in compare(Spot((), shape, True), Sides(first, second, second))
    )


def _compare_leaf(spot: Spot, sides: Sides) -> Iterator[Difference]:
    settled, real, desired = (key(side, spot.shape) for side in sides.all)
    if is_unknown(sides.desired) and settled == real and spot.shape.computed_default and not spot.is_set:
        return  # the live system will decide it again: nobody asked for a change
    cause = cause_of(
        settled_is_real=settled == real,
        real_is_desired=real == desired,
        settled_is_desired=settled == desired,
        is_set=spot.is_set,
    )
    if cause is not None:
        yield sides.as_difference(spot.path, cause)


def _compare_entry(spot: Spot, sides: Sides) -> Iterator[Difference]:
    """In a map an empty text is a value, and only null is none."""
    if all(side is None or isinstance(side, str) for side in sides.all) and "" in sides.all:
        settled, real, desired = sides.all
        cause = cause_of(
            settled_is_real=settled == real,
            real_is_desired=real == desired,
            settled_is_desired=settled == desired,
            is_set=spot.is_set,
        )
        if cause is not None:
            yield sides.as_difference(spot.path, cause)
        return
    yield from compare(spot, sides)


def _compare_sets(spot: Spot, sides: Sides) -> Iterator[Difference]:
    shape = spot.shape.element or NOTHING_KNOWN
    settled, real = ({element_key(each, shape): each for each in side or []} for side in (sides.settled, sides.real))
    desired = _desired_elements(sides.desired or [], [real, settled], shape)
    open_ended = any(has_unknown(each) and name not in real for name, each in desired.items())
    found: dict[str, Difference] = {}
    for name in sorted({*settled, *real, *desired}):
        here = Sides(settled.get(name), real.get(name), desired.get(name))
        within = (name in settled, name in real, name in desired)
        cause = cause_of(
            settled_is_real=within[0] == within[1],
            real_is_desired=within[1] == within[2],
            settled_is_desired=within[0] == within[2],
            is_set=spot.is_set,
        )
        if cause in (Cause.CONVERGED, Cause.UNMANAGED) and not within[2] and open_ended:
            cause = Cause.CONFLICT  # it may come back as the element that nobody knows yet
        if cause is not None:
            found[name] = here.as_difference((*spot.path, name), cause)
    yield from _join_rewritten(found).values()


def _desired_elements(elements: Iterable[JSON], live: list[dict[str, JSON]], shape: Shape) -> dict[str, JSON]:
    """D by key. An element with unknown leaves takes the key of the live element that it agrees with otherwise."""
    named: dict[str, JSON] = {}
    for element in sorted(elements, key=has_unknown):
        name = element_key(element, shape)
        if has_unknown(element):
            known = (other for side in live for other, value in side.items() if _agrees(element, value, shape))
            name = next((other for other in known if other not in named), name)
        named[name] = element
    return named


def _agrees(partly_unknown: JSON, value: JSON, shape: Shape) -> bool:
    if is_unknown(partly_unknown):
        return True
    if isinstance(partly_unknown, dict) and isinstance(value, dict):
        names = {*partly_unknown, *value}
        return all(_agrees(partly_unknown.get(name), value.get(name), child(shape, name)) for name in names)
    return key(partly_unknown, shape) == key(value, shape)


def _join_rewritten(found: dict[str, Difference]) -> dict[str, Difference]:
    """An element that hand and code both rewrote shows as one gone from both, one that only R has and one that only
    D has: that is one conflict, not a ghost beside an intended change."""
    joined = dict(found)
    for name, gone in found.items():
        if gone.settled is None or gone.real is not None or gone.desired is not None:
            continue
        by_hand = [other for other, each in joined.items() if each.cause is Cause.GHOST_REVERT and each.settled is None]
        by_code = [other for other, each in joined.items() if each.cause is Cause.INTENDED and each.settled is None]
        if not by_hand or not by_code:
            continue
        hand = max(by_hand, key=lambda other: _likeness(gone.settled, found[other].real))
        code = max(by_code, key=lambda other: _likeness(gone.settled, found[other].desired))
        joined[name] = Difference(
            gone.path, Cause.CONFLICT, gone.settled, joined.pop(hand).real, joined.pop(code).desired
        )
    return joined


def _likeness(first: JSON, second: JSON) -> int:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return 0
    return sum(key(first.get(name)) == key(second.get(name)) for name in {*first, *second})


def _kind(shape: Shape, sides: Sides) -> Kind:
    """How to compare: the schema's word, unless a side does not look like that (a secret, an unknown)."""
    present = [side for side in sides.all if side not in (None, "", {}, [])]
    if any(is_masked(side) or is_unknown(side) for side in present) or not present:
        return Kind.LEAF
    if all(isinstance(side, dict) for side in present):
        return shape.kind if shape.kind in (Kind.MAP, Kind.OBJECT) else Kind.OBJECT
    if all(isinstance(side, list) for side in present):
        return shape.kind if shape.kind in (Kind.LIST, Kind.SET) else Kind.LIST
    return Kind.JSON if all(read_json(side) is not None for side in present) else Kind.LEAF


def _names(sides: Sides) -> list[str]:
    return sorted({name for side in sides.all if isinstance(side, dict) for name in side})
