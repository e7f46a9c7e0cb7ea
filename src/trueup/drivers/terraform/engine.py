"""Which terraform or tofu runs a stack: version constraints and the choice among what is installed. Pure.

Grammar: https://developer.hashicorp.com/terraform/language/expressions/version-constraints
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.model.errors import Invalid, Place

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?$")
_TERM = re.compile(r"\s*(=|!=|>=|<=|>|<|~>)?\s*(v?[0-9][0-9A-Za-z.+-]*)\s*$")

Numbers = tuple[int, int, int]


@dataclass(frozen=True)
class Engine:
    """One executable and what it says of itself."""

    program: Path
    name: str
    """`terraform` or `tofu`."""
    version: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Constraint:
    """A version constraint and who asks for it."""

    text: str
    asked_by: str
    place: Place | None = None

    def allows(self, version: str) -> bool:
        """Raises Invalid when the constraint is not one."""
        return all(_allows(term, version, self) for term in self.text.split(","))


def choose(candidates: Iterable[Engine], names: Sequence[str], constraints: Sequence[Constraint]) -> Engine:
    """The newest that everything allows. Raises Invalid naming what was found and what is needed."""
    found = list(candidates)
    named = [engine for engine in found if engine.name in names]
    fitting = [engine for engine in named if all(each.allows(engine.version) for each in constraints)]
    if fitting:
        return max(fitting, key=lambda engine: _numbers(engine.version) or (0, 0, 0))
    needed = "; ".join(f"{each.text} ({each.asked_by})" for each in constraints) or "any version"
    shown = ", ".join(f"{engine.label} at {engine.program}" for engine in found) or "none on PATH"
    raise Invalid(
        f"no {' or '.join(names)} fits: needed {needed}; found {shown}",
        place=next((each.place for each in constraints if each.place), None),
        hint=f"install a fitting {names[0]} or name its directory in the settings; `trueup doctor` lists what there is",
    )


def _allows(term: str, version: str, constraint: Constraint) -> bool:
    match = _TERM.match(term)
    wanted = _numbers(match[2]) if match else None
    have = _numbers(version)
    if match is None or wanted is None:
        raise Invalid(
            f"{constraint.text!r} is not a version constraint ({constraint.asked_by})",
            place=constraint.place,
            hint="write it like `~> 1.11` or `>= 1.5, < 2.0`",
        )
    if have is None:
        return False
    prerelease = "-" in version
    match match[1] or "=":
        case "=":
            return have == wanted and _suffix(version) == _suffix(match[2])
        case "!=":
            return have != wanted
        case ">=":
            return have >= wanted and not prerelease
        case "<=":
            return have <= wanted and not prerelease
        case ">":
            return have > wanted and not prerelease
        case "<":
            return have < wanted and not prerelease
        case _:
            return have >= wanted and have < _next(match[2], wanted) and not prerelease


def _next(text: str, wanted: Numbers) -> Numbers:
    """The first version that `~>` leaves out: the last number given may grow."""
    given = len(text.lstrip("v").split("-")[0].split("."))
    return (wanted[0], wanted[1] + 1, 0) if given == 3 else (wanted[0] + 1, 0, 0)


def _numbers(version: str) -> Numbers | None:
    match = _VERSION.match(version.strip())
    return (int(match[1]), int(match[2] or 0), int(match[3] or 0)) if match else None


def _suffix(version: str) -> str:
    match = _VERSION.match(version.strip())
    return (match[4] or "") if match else ""
