"""Terraform's own words as our errors: JSON diagnostics, the text of its older commands, and state locks. Pure.

Formats: https://developer.hashicorp.com/terraform/internals/machine-readable-ui and the lock information of
https://developer.hashicorp.com/terraform/language/state/locking
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from trueup.drivers.terraform.layout import join
from trueup.model.errors import Invalid, Place, Rejected, TrueupError, Unavailable
from trueup.model.values import JSON
from trueup.ports.driver import Lock

LOCKED = "Error acquiring the state lock"
STALE = "Saved plan is stale"
NEEDS_INIT = (
    "Inconsistent dependency lock file",
    "Required plugins are not installed",
    "Backend initialization required",
    "Module not installed",
    "Module source has changed",
    "Module version requirements have changed",
    "Initialization required",
    "failed to read schema",
)
_NO_ANSWER = re.compile(
    r"connection re(fused|set)|no such host|i/o timeout|context deadline exceeded|TLS handshake|send request failed"
    r"|Throttling|RequestLimitExceeded|ServiceUnavailable|SlowDown|status code: 5\d\d|StatusCode: 5\d\d"
    r"|StatusCode: 0|unexpected EOF|: EOF\b|server misbehaving|network is unreachable|timeout while waiting"
    r"|couldn't connect|could not resolve host|timed out",
    re.IGNORECASE,
)
_NO_ENTRY = re.compile(
    r"could not read (Username|Password)|terminal prompts disabled|Authentication failed|Permission denied"
    r"|Host key verification failed|returned error: 40[13]|correct access rights|[Rr]epository( '[^']*')? not found"
)
_NOTHING_THERE = re.compile(r"AccessDenied.*unable to retrieve file from S3 bucket .* (NoSuchKey|NotFound)\b")
_MODULE = re.compile(r'Could not download module "([^"]+)" \(([^:)]+):(\d+)\) source code from "([^"]+)"')
_GIT_SAID = re.compile(r"^(?:fatal|remote|ERROR|ssh|.*: Permission denied).*$", re.MULTILINE)
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_ACCESS = re.compile(
    r"AccessDenied|UnauthorizedOperation|ExpiredToken|InvalidClientTokenId|NoCredentialProviders|is not authorized"
    r"|No valid credential sources|AuthFailure|SignatureDoesNotMatch",
)
_NO_PROVIDER = re.compile(
    r"Failed to (query available provider packages|install provider|resolve provider packages)"
    r"|Could not (retrieve|find) [^.]*provider|Inconsistent dependency lock file|Provider dependency changes"
    r"|Required plugins are not installed"
)
_NAMED = re.compile(r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+/)?[a-z0-9_-]+/[a-z0-9_-]+")
_BOX = re.compile(r"^[│╷╵|]\s?", re.MULTILINE)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Problem:
    """One error as Terraform words it."""

    summary: str
    detail: str = ""
    address: str = ""
    """Of the resource whose provider said it."""
    file: str = ""
    """Relative to where Terraform ran."""
    line: int = 0
    column: int = 0

    @property
    def words(self) -> str:
        """Summary and detail, without the advice that repeats itself."""
        detail = self.detail.strip()
        return f"{self.summary}: {detail}" if detail and detail not in self.summary else self.summary


def problem_in(message: JSON) -> Problem | None:
    """The error of one line of `-json` output, None where it is something else."""
    diagnostic = message.get("diagnostic")
    if message.get("type") != "diagnostic" or not diagnostic or diagnostic.get("severity") != "error":
        return None
    where = diagnostic.get("range") or {}
    start = where.get("start", {})
    return Problem(
        diagnostic.get("summary", ""),
        diagnostic.get("detail", ""),
        diagnostic.get("address", ""),
        where.get("filename", ""),
        start.get("line", 0),
        start.get("column", 0),
    )


def problems_in_text(text: str) -> list[Problem]:
    """The errors in the boxed text of commands that know no JSON."""
    plain = _BOX.sub("", _COLOURS.sub("", text))
    found = []
    for part in re.split(r"^Error: ", plain, flags=re.MULTILINE)[1:]:
        summary, _, detail = part.partition("\n")
        found.append(Problem(summary.strip(), detail.strip()))
    return found or [Problem(line) for line in plain.strip().splitlines()[-1:]]


def lock_in(problem: Problem) -> Lock | None:
    """Who holds the state, where the problem is that somebody does."""
    if LOCKED not in problem.summary and "Lock Info:" not in problem.detail:
        return None
    given = dict(re.findall(r"^\s*(ID|Who|Operation|Created):\s*(.*)$", problem.detail, re.MULTILINE))
    if "ID" not in given:
        return None
    operation = given.get("Operation", "").removeprefix("OperationType").lower()
    return Lock(given["ID"].strip(), given.get("Who", "").strip(), _moment(given.get("Created", "")), operation.strip())


def has_no_lock(problem: Problem) -> bool:
    """Whether the lock could neither be taken, for want of rights, nor be found: S3 was asked for what lies there."""
    said = " ".join(problem.words.split())
    return LOCKED in said and bool(_NOTHING_THERE.search(said))


def _moment(text: str) -> str:
    """Go's notation as ISO 8601: `2026-11-22 01:16:25.424305577 +0000 UTC`."""
    match = re.match(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)", text.strip())
    return f"{match[1]}T{match[2]}+00:00" if match else text.strip()


def locked(lock: Lock, now: datetime | None = None) -> Unavailable:
    """The state is locked: by whom, for what, since when."""
    try:
        seconds = int(((now or datetime.now(UTC)) - datetime.fromisoformat(lock.created)).total_seconds())
        age = f" for {_age(seconds)}"
    except ValueError:
        age = ""
    return Unavailable(
        f"the state is locked by {lock.holder or 'somebody'} ({lock.operation or 'an operation'}){age}, lock {lock.id}",
        hint="wait until it is done; if its process is dead, `trueup stack unlock` removes the lock after a proof",
    )


def _age(seconds: int) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} seconds"


@dataclass(frozen=True)
class Translator:
    """Knows where Terraform ran and what may not be said."""

    directory: str
    """The root module's path in the tree."""
    redact: Callable[[str], str]

    def error(self, problems: Sequence[Problem], doing: str) -> TrueupError:
        """One error for everything that one command complained about. `doing`: `planning`, `applying`, ..."""
        for problem in problems:
            if lock := lock_in(problem):
                return locked(lock)
        words = self.redact(join_words(problems)) or f"{doing} failed without saying why"
        everything = " ".join(problem.words for problem in problems)
        if _FULL.search(everything):
            return Unavailable(f"the disk is full while {doing}: {words}", hint="free space in the data directory")
        if any(STALE in problem.summary for problem in problems):
            return Unavailable("somebody changed the state between the plan and the apply", hint="plan again")
        if module := _MODULE.search(" ".join(everything.split())):
            return self._module(module, everything)
        if _NO_PROVIDER.search(everything):
            return self._provider(everything, words)
        if _NO_ANSWER.search(everything):
            return Unavailable(f"no answer while {doing}: {words}")
        if _ACCESS.search(everything):
            return Rejected(
                words, place=self._place(problems), hint="look at what `credentials` gives this stack for this purpose"
            )
        in_code = [problem for problem in problems if problem.file and not problem.address]
        kind = Invalid if in_code else Rejected
        return kind(words, place=self._place(in_code or problems))

    def _module(self, named: re.Match[str], everything: str) -> TrueupError:
        name, file, line, source = named.groups()
        place = Place(join(self.directory, file), int(line))
        said = "; ".join(dict.fromkeys(_GIT_SAID.findall(everything))) or everything
        words = self.redact(f"the module {name} cannot be had from {source}: {' '.join(said.split())}")
        if _NO_ANSWER.search(everything):
            return Unavailable(words, place=place, hint="its host does not answer")
        if _NO_ENTRY.search(everything):
            return Rejected(
                words,
                place=place,
                hint="the stack's repository lends its own access to modules of the same host: give it one that may "
                "read both, as `credentials: {token: ...}` (https) or `{sshKey: ...}` (ssh) below `repositories:`",
            )
        return Invalid(words, place=place, hint="look at the module's `source` and `ref`")

    def _provider(self, everything: str, words: str) -> TrueupError:
        named = _NAMED.search(everything)
        what = f"the provider {named[0]}" if named else "a provider"
        if _NO_ANSWER.search(everything):
            return Unavailable(f"{what} could not be had: {words}", hint="the registry or mirror does not answer")
        return Invalid(
            f"{what} cannot be had: {words}",
            place=Place(join(self.directory, ".terraform.lock.hcl")),
            hint="put it into this worker's provider mirror, or run `init -upgrade` by hand and commit the lock file",
        )

    def _place(self, problems: Sequence[Problem]) -> Place | None:
        first = next((problem for problem in problems if problem.file), None)
        return Place(join(self.directory, first.file), first.line, first.column) if first else None


def join_words(problems: Iterable[Problem]) -> str:
    """Every error once, with the address that it is about."""
    lines = [f"{problem.address}: {problem.words}" if problem.address else problem.words for problem in problems]
    return "\n".join(dict.fromkeys(line.strip() for line in lines))


def message_in(line: str) -> JSON | None:
    """One line of `-json` output, None where it is plain text (a provider's or wrapper's)."""
    if not line.startswith("{"):
        return None
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and "@message" in message else None


def unchanged_in(message: JSON) -> bool | None:
    """Whether a line of a plan says that nothing changes; None where it says nothing about that."""
    match message.get("type"):
        case "planned_change":
            return False
        case "change_summary":
            counts = message.get("changes", {})
            return not any(count for count in counts.values() if isinstance(count, int))
        case "outputs":
            outputs = message.get("outputs", {}).values()
            return all(output.get("action", "noop") in ("noop", "no-op") for output in outputs)
        case _:
            return None
