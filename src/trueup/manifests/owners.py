"""Owners: CODEOWNERS in the dialects of GitHub and GitLab.

Sources: GitHub "About code owners"; GitLab "Code Owners syntax and error handling". Where they differ:

* GitHub: the last matching line of the file wins, a line without owners clears, `#` starts a comment anywhere,
  lines with `!`, `[ ]` or `\\#` are invalid and skipped.
* GitLab: the last matching line of *each section* wins and all sections count, `[Name]` lines have default
  owners, `!` excludes from a section, `#` starts a comment only at the line's begin.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from trueup.model.errors import Place
from trueup.model.people import Identity, People
from trueup.model.plan import Finding
from trueup.ports.tree import Tree

Dialect = Literal["github", "gitlab"]

_PLACES: dict[Dialect, tuple[str, ...]] = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}
_SECTION = re.compile(r"(?P<optional>\^)?\[(?P<name>[^\]]+)\](?:\[(?P<count>\d+)\])?(?P<owners>(?:\s+\S+)*)\s*")
_OWNER = re.compile(r"@@?[\w./-]+|[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class Line:
    pattern: str
    regex: re.Pattern[str]
    owners: tuple[str, ...]
    excludes: bool = False


@dataclass
class _Section:
    """Grows while the file is read; sections of one name are one section."""

    name: str
    optional: bool = False
    approvals: int = 1
    defaults: tuple[str, ...] = ()
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Ownership:
    """Who owns a file, for one section."""

    section: str
    owners: tuple[str, ...]
    optional: bool = False
    approvals: int = 1


@dataclass(frozen=True)
class CodeOwners:
    sections: tuple[_Section, ...] = ()
    findings: tuple[Finding, ...] = ()

    def of(self, path: str) -> tuple[Ownership, ...]:
        """One for each section that says something of the file; without owners when a line cleared them."""
        found = (_in_section(section, path) for section in self.sections)
        return tuple(ownership for ownership in found if ownership)

    def owners(self, path: str) -> tuple[str, ...]:
        """Everybody who owns the file in a section that is not optional, in the file's order."""
        wanted = [ownership.owners for ownership in self.of(path) if not ownership.optional]
        return tuple(dict.fromkeys(owner for owners in wanted for owner in owners))


def _in_section(section: _Section, path: str) -> Ownership | None:
    if any(line.excludes and line.regex.fullmatch(path) for line in section.lines):
        return None
    for line in reversed(section.lines):
        if not line.excludes and line.regex.fullmatch(path):
            return Ownership(section.name, line.owners or section.defaults, section.optional, section.approvals)
    return None


def person(owner: str, people: People, forge: str) -> str:
    """The person below `people:` whom an owner means, since approvals count persons; else the owner as written: a
    team, or a stranger."""
    if owner.startswith("@"):
        handle = owner.lstrip("@")
        identities = [Identity(kind, handle) for kind in (forge, "forge", "name")]
    else:
        identities = [Identity("email" if "@" in owner else "name", owner)]
    found = (known.name for each in identities for known in people.known if known.is_known_as(each.kind, each.name))
    return next(found, owner)


def find(tree: Tree, dialect: Dialect) -> CodeOwners:
    """The file where that forge looks first; nobody owns anything without one. Read it from the base branch."""
    present = {entry.path for entry in tree.entries()}
    for place in _PLACES[dialect]:
        if place in present:
            return parse(tree.read(place).decode("utf-8", "replace"), dialect, place)
    return CodeOwners()


def parse(text: str, dialect: Dialect, file: str = "CODEOWNERS") -> CodeOwners:
    """Never fails: a line that the forge would skip is skipped, and told as a finding."""
    sections: dict[str, _Section] = {"": _Section("")}
    current = sections[""]
    findings: list[Finding] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if dialect == "gitlab" and (header := _SECTION.fullmatch(line)):
            current = _enter(sections, header)
            continue
        try:
            current.lines.append(_line(line, dialect))
        except ValueError as error:
            findings.append(Finding("codeowners", f"this line is skipped: {error}", Place(file, number, 1)))
    return CodeOwners(tuple(section for section in sections.values() if section.lines), tuple(findings))


def _enter(sections: dict[str, _Section], header: re.Match[str]) -> _Section:
    """A section by its name in any case; what an earlier header said of it stays unless this one says more."""
    name = header["name"].strip()
    section = sections.setdefault(name.casefold(), _Section(name))
    section.optional = section.optional or bool(header["optional"])
    section.approvals = max(section.approvals, int(header["count"] or 1))
    section.defaults = tuple(header["owners"].split()) or section.defaults
    return section


def _line(line: str, dialect: Dialect) -> Line:
    """Raises ValueError for what the forge calls invalid."""
    excludes = dialect == "gitlab" and line.startswith("!")
    pattern, rest = _split(line[1:] if excludes else line)
    if dialect == "github":
        if pattern.startswith(("!", "\\#")) or "[" in pattern:
            raise ValueError(f"GitHub knows no `!`, `[ ]` or `\\#`: {pattern}")
        rest = re.split(r"(?:^|\s)#", rest, maxsplit=1)[0]
        wrong = [owner for owner in rest.split() if not _OWNER.fullmatch(owner)]
        if wrong:
            raise ValueError(f"`{wrong[0]}` is no owner: write @user, @org/team or an e-mail address")
    else:
        pattern = pattern.removeprefix("\\") if pattern.startswith("\\#") else pattern
    # GitLab has no comments at a line's end: an owner named in one counts, other words do not.
    owners = tuple(owner for owner in rest.split() if _OWNER.fullmatch(owner))
    return Line(pattern, _regex(pattern, dialect), owners, excludes)


def _split(line: str) -> tuple[str, str]:
    """The pattern (spaces in it are escaped by a backslash) and the rest."""
    found = re.match(r"(?:\\.|[^\s\\])+", line)
    pattern = found.group(0) if found else line
    return pattern.replace("\\ ", " "), line[len(found.group(0)) :] if found else ""


@lru_cache(maxsize=4096)
def _regex(pattern: str, dialect: Dialect) -> re.Pattern[str]:
    """A regular expression over whole paths from the repository's root."""
    body = pattern.strip("/") if pattern != "/" else ""
    anchored = pattern.startswith("/") or (dialect == "github" and "/" in body)
    text = _glob(body, brackets=dialect == "gitlab")
    head = "" if anchored or not body else "(?:.*/)?"
    if pattern.endswith("/"):
        tail = "/.*" if body else ".*"
    elif body.rsplit("/", 1)[-1] in ("*", "**") or dialect == "gitlab":
        # `docs/*` is one level; GitLab's directories end in a slash.
        tail = ""
    else:
        tail = "(?:/.*)?"
    return re.compile(head + text + tail, re.DOTALL)


def _bracket(inner: str) -> str:
    """`[abc]`, `[a-z]`, `[!abc]`. Raises ValueError for a range that is upside down."""
    negated, members = inner[:1] in ("!", "^"), inner.lstrip("!^") if inner[:1] in ("!", "^") else inner
    text = "".join(each if each == "-" else re.escape(each) for each in members).replace("--", "\\-\\-")
    expression = f"[{'^' if negated else ''}{text}]"
    try:
        re.compile(expression)
    except re.error:
        raise ValueError(f"`[{inner}]` is no set of characters") from None
    return expression


def _glob(body: str, *, brackets: bool) -> str:
    text, index = "", 0
    while index < len(body):
        rest = body[index:]
        if rest.startswith("**/") and (index == 0 or body[index - 1] == "/"):
            text, index = text + "(?:.*/)?", index + 3
        elif rest.startswith("**"):
            text, index = text + ".*", index + 2
        elif rest[0] == "*":
            text, index = text + "[^/]*", index + 1
        elif rest[0] == "?":
            text, index = text + "[^/]", index + 1
        elif brackets and (found := re.match(r"\[[!^]?\]?[^\]/]*\]", rest)):
            text += _bracket(found.group(0)[1:-1])
            index += len(found.group(0))
        elif rest[0] == "\\" and len(rest) > 1:
            text, index = text + re.escape(rest[1]), index + 2
        else:
            text, index = text + re.escape(rest[0]), index + 1
    return text
