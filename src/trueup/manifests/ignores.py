"""Ignores and severities as people write them: `.driftignore`, and two sections of trueup.yaml."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from trueup.manifests.document import IgnoreEntry, SeverityEntry
from trueup.manifests.native import Control
from trueup.model.errors import Place
from trueup.model.globs import matches_any
from trueup.model.ignores import Ignore
from trueup.model.plan import Finding
from trueup.model.severity import SeverityRule
from trueup.model.stack import Declaration
from trueup.ports.tree import Tree

FILE = ".driftignore"


@dataclass(frozen=True)
class DriftIgnore:
    """One `.driftignore`. A line that says nothing is told as a finding, and the others count."""

    rules: tuple[Ignore, ...] = ()
    findings: tuple[Finding, ...] = ()


class DriftIgnores:
    """Those of one repository's default branch, each read once."""

    def __init__(self, tree: Tree, repository: str) -> None:
        self._tree, self._repository = tree, repository
        self._read: dict[str, DriftIgnore] = {}
        self._there = {each.path for each in tree.entries() if each.path.rpartition("/")[2] == FILE}

    def rules(self, path: str) -> tuple[Ignore, ...]:
        """For the stack at a path: the repository's lines first, so that its own ones can say otherwise."""
        own = f"{path}/{FILE}" if path else FILE
        return tuple(rule for file in dict.fromkeys((FILE, own)) for rule in self._of(file).rules)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of every file that was asked for so far."""
        return tuple(finding for each in self._read.values() for finding in each.findings)

    def _of(self, file: str) -> DriftIgnore:
        if file not in self._there:
            return DriftIgnore()
        if file not in self._read:
            self._read[file] = parse(self._tree.read(file), file, f"{self._repository}//{file}")
        return self._read[file]


def parse(content: bytes, file: str, place: str = "") -> DriftIgnore:
    """`type.name.path` a line, with `*` and `?`; `!` takes back; `#` begins a comment. Never fails."""
    rules: list[Ignore] = []
    findings: list[Finding] = []
    for number, raw in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        line = re.split(r"(?:^|\s)#", raw, maxsplit=1)[0].strip()
        if not line:
            continue
        again, pattern = line.startswith("!"), line.removeprefix("!")
        wrong = _wrong(pattern)
        if wrong:
            message = f"this line ignores nothing: {wrong}"
            hint = "write TYPE.NAME or TYPE.NAME.PATH: aws_security_group.web.tags.*"
            findings.append(Finding("driftignore", message, Place(place or file, number, 1), hint))
        else:
            rules.append(Ignore(f"{file}:{number}", line=pattern, again=again))
    return DriftIgnore(tuple(rules), tuple(findings))


def _wrong(pattern: str) -> str:
    if not pattern:
        return "`!` takes back nothing"
    if "\ufffd" in pattern:
        return "it is not UTF-8"
    if re.search(r"\s", pattern):
        return "it holds a blank"
    if pattern.startswith(("/", ".")):
        return f"`{pattern}` is a file's name, and drift is not in files"
    if "*" not in pattern and "." not in pattern:
        return f"`{pattern}` names no resource"
    return ""


def with_rules(declaration: Declaration, control: Control, files: DriftIgnores) -> Declaration:
    """The stack with what `.driftignore`, `ignore:` and `severity:` say of it."""
    ignores = (_ignore(each) for each in control.ignore if _is_here(each, declaration))
    severities = (_severity(each) for each in control.severity if _is_here(each, declaration))
    return replace(declaration, ignores=(*files.rules(declaration.path), *ignores), severities=tuple(severities))


def _is_here(entry: IgnoreEntry | SeverityEntry, declaration: Declaration) -> bool:
    wanted: Sequence[tuple[str, tuple[str, ...]]] = (
        (declaration.environment.name, entry.match.env),
        (declaration.name, entry.match.stack),
    )
    return all(not globs or matches_any(text, globs) for text, globs in wanted)


def _ignore(entry: IgnoreEntry) -> Ignore:
    match = entry.match
    return Ignore(
        by=entry.reason,
        addresses=match.address,
        types=match.type,
        paths=match.path,
        providers=match.provider,
        actors=match.actor,
        until=_end(entry.until),
    )


def _end(until: date | None) -> datetime | None:
    """A day counts to its end, in UTC."""
    return datetime.combine(until, time(), UTC) + timedelta(days=1) if until else None


def _severity(entry: SeverityEntry) -> SeverityRule:
    match = entry.match
    return SeverityRule(entry.is_, match.type, match.address, match.path)
