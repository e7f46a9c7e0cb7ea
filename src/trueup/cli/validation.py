"""Validation: everything that can be said of a trueup.yaml and of the stacks it names, from files alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trueup import wiring
from trueup.cli.files import Files
from trueup.manifests.expansion import diagnose, expand
from trueup.manifests.manifest import CONTROL
from trueup.manifests.mistakes import Mistakes
from trueup.manifests.native import read
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding
from trueup.model.stack import Declaration


@dataclass(frozen=True)
class Validation:
    file: str
    findings: tuple[Finding, ...]
    stacks: int = 0
    """How many were read."""
    unread: tuple[str, ...] = ()
    """Repositories that lie elsewhere."""

    @property
    def mistakes(self) -> int:
        return sum(finding.stops for finding in self.findings)


def validate(file: Path, text: bytes, checkouts: Mapping[str, Path]) -> Validation:
    """`checkouts` are directories of other repositories, by their key. The stacks are read once the file is right."""
    formats = wiring.formats()
    control = read(text, str(file), formats, Mistakes())
    roots = {control.home if control else CONTROL: file.parent, **checkouts}
    trees = {key: Files(root) for key, root in roots.items()}
    found = diagnose(text, str(file), formats, trees)
    if control is None or any(finding.stops for finding in found):
        return Validation(str(file), found)
    declarations = expand(control, trees).declarations
    more = dict.fromkeys(finding for each in declarations for finding in _read(each, trees, roots))
    unread = tuple(sorted(control.repositories.keys() - trees.keys()))
    return Validation(str(file), (*found, *more), len(declarations), unread)


def line_at(place: Place) -> str | None:
    """The line of a file on this disk that a place names."""
    try:
        lines = Path(place.file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return lines[place.line - 1] if 0 < place.line <= len(lines) else None


def _read(declaration: Declaration, trees: Mapping[str, Files], roots: Mapping[str, Path]) -> Iterator[Finding]:
    """What its driver says of a stack's own files, in places as they are named on this disk."""
    driver, root = wiring.drivers()[declaration.driver], roots[declaration.repository]
    said: Iterable[Finding]
    try:
        said = driver.read(trees[declaration.repository], declaration.path, declaration.spec).findings
    except Invalid as error:
        said = [Finding("unreadable", error.message, error.place, error.hint, stops=True)]
    for finding in said:
        place = finding.place
        yield replace(finding, place=replace(place, file=str(root / place.file)) if place else None)
