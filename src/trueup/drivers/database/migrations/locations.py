"""Locations: the directories in which a stack's migration files lie, from what Flyway and trueup.yaml call them."""

import posixpath
import re
from collections.abc import Iterator, Sequence

from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding
from trueup.ports.tree import Tree

USUAL = ("db/migration", "src/main/resources/db/migration", "sql", "migrations")
"""Below a stack's directory, where nobody says anything else; the first one that is there counts."""
RESOURCES = "src/main/resources"
"""What Java builds put on the classpath."""
_WILD = re.compile(r"[*?]")
_ELSEWHERE = re.compile(r"(s3|gcs|azure|https?):", re.IGNORECASE)


def inside(path: str, name: str, place: Place | None = None) -> str:
    """A path relative to the stack's directory, as one of the repository. Raises Invalid when it leaves that."""
    joined = posixpath.normpath(posixpath.join(path, name))
    if joined.startswith("../") or joined == "..":
        raise Invalid(f"`{name}` leaves the repository", place=place or Place(path), hint="name a path inside of it")
    return "" if joined == "." else joined


def usual(tree: Tree, path: str) -> tuple[str, ...]:
    there = [entry.path for entry in tree.entries(path)]
    for name in USUAL:
        directory = inside(path, name)
        if any(each.startswith(f"{directory}/") for each in there):
            return (directory,)
    return (path,)


def found(tree: Tree, path: str, names: Sequence[str], place: Place) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """The directories that Flyway's locations mean, without those that lie in another one of them; and a finding for
    each that is not there."""
    directories: list[str] = []
    findings: list[Finding] = []
    for name in names:
        if _ELSEWHERE.match(name):
            findings.append(
                Finding(
                    "location-elsewhere",
                    f"the location `{name}` is not in the repository, so nobody can say what it holds",
                    place,
                    hint="keep migrations in Git, or let Flyway itself apply this stack (mode: observe)",
                    stops=True,
                )
            )
            continue
        meant = [each for each in _candidates(path, name, place) if _has_files(tree, each)]
        directories += meant[:1]
        if not meant:
            findings.append(
                Finding(
                    "location-missing",
                    f"the location `{name}` does not exist",
                    place,
                    hint="create the directory, or say `locations:` in trueup.yaml, relative to the stack's directory",
                )
            )
    alone = [each for each in dict.fromkeys(directories) if not _within_another(each, directories)]
    return tuple(alone), tuple(findings)


def root_of(location: str) -> str:
    """The part before the first wildcard: what a script's name is relative to."""
    if not _WILD.search(location):
        return location
    parts = location.split("/")
    known = next(index for index, part in enumerate(parts) if _WILD.search(part))
    return "/".join(parts[:known])


def holds(location: str, file: str) -> bool:
    """Whether a file lies in a location or below it; a location may have `*`, `?` and `**`."""
    if not _WILD.search(location):
        return not location or file.startswith(f"{location}/")
    return re.fullmatch(f"{_expression(location)}/.+", file) is not None


def _expression(location: str) -> str:
    pieces = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(pieces.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*|\?)", location))


def _candidates(path: str, name: str, place: Place) -> Iterator[str]:
    """Flyway takes files relative to where it is started, and `classpath:` or nothing from Java's resources."""
    kind, separator, rest = name.rpartition(":")
    rest = rest.strip("/") if separator else name.strip("/")
    if kind == "filesystem":
        yield inside(path, rest, place)
        yield inside("", rest, place)
        return
    yield inside(path, f"{RESOURCES}/{rest}", place)
    yield inside(path, rest, place)
    if f"/{path}".endswith(f"/{rest}"):
        yield path


def _has_files(tree: Tree, location: str) -> bool:
    return any(holds(location, entry.path) for entry in tree.entries(root_of(location)))


def _within_another(location: str, others: Sequence[str]) -> bool:
    return any(other != location and holds(other, f"{location}/x") for other in others)
