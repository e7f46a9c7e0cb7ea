"""Command: another tool that manages a schema, run as the stack says, confined, for its text or its complaint.

The tool stays the user's own copy, and its own history is the truth: nothing of it is read or written here.
"""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.drivers.database import command_text
from trueup.drivers.database.migrations import locations
from trueup.drivers.database.spec import CommandSpec
from trueup.model.errors import Invalid, Place, Rejected, Unavailable
from trueup.ports.driver import Job
from trueup.ports.tree import Tree
from trueup.system.attempts import Deadline, another_attempt
from trueup.system.confinement import with_readable
from trueup.system.processes import Command, Limits, Sandbox, Stream, run
from trueup.system.supervised import JobFiles, Supervised

CURRENT = "${CURRENT}"
"""In the `plan` command: the first word that `history` prints."""
NOTHING = "base"
"""What stands there where `history` prints nothing: alembic's name for an empty database."""
_WORKING_COPY = "command"


@dataclass(frozen=True)
class Checked:
    """What the tool says of its own files."""

    passed: bool
    text: str


@dataclass(frozen=True)
class Commands:
    """The commands of one job, with a working copy of the stack's files. Each raises Invalid when the program does not
    exist, Rejected with its last words when it ends with an error, Unavailable when it takes too long."""

    job: Job[CommandSpec]
    url: str
    """As the stack's reference gives it: the tool may want another form than we do."""
    copy: Path
    writes: tuple[Path, ...] = ()
    """What the programs may write besides the working copy: the directory of an SQLite database."""

    def plan(self) -> str:
        """The SQL that is pending, as `command_text.pending` has it."""
        arguments = self.job.spec.plan
        if any(CURRENT in each for each in arguments):
            current = (self.history().split() or [NOTHING])[0]
            arguments = tuple(each.replace(CURRENT, current) for each in arguments)
        return command_text.pending(self._said(arguments))

    def check(self) -> Checked:
        """Passed, without a command for it."""
        if not self.job.spec.check:
            return Checked(True, "")
        code, text, tail = self._run(self.job.spec.check)
        return Checked(code == 0, text if code == 0 else self.job.redact(tail))

    def history(self) -> str:
        """What the tool says is applied; "" without a command for it."""
        return command_text.applied(self._said(self.job.spec.history)) if self.job.spec.history else ""

    def attempt(self) -> JobFiles:
        """Where recovery finds what became of an apply. Made before anything is begun."""
        if not self.job.spec.apply:
            raise Invalid(
                f"{self.job.name} has no `apply:` command", place=Place(self.job.path), hint="add one to trueup.yaml"
            )
        evidence = evidence_of(self.job)
        try:
            return another_attempt(evidence)
        except OSError as error:
            raise Unavailable(f"{evidence} cannot be used: {error.strerror}") from error

    def apply(self, files: JobFiles) -> None:
        """Under a supervisor, so that it ends with this worker and with the lease. Each line goes to the job's log as
        it comes. Also raises LostLease, once the program has ended."""
        fence, arguments = self.job.fence, self.job.spec.apply
        assert fence is not None
        deadline = Deadline(fence.renew, self._seconds)
        with Supervised(self._command(arguments), files, lease_seconds=fence.seconds) as running:
            for _, line in running.lines(lambda: deadline.watch(running)):
                self.job.log(line)
            ended = running.wait()
        if deadline.passed:
            raise self._late(arguments)
        if ended.ended_by != "itself":
            raise Unavailable(f"`{arguments[0]}` was interrupted: {ended.ended_by}")
        self._require_success(arguments, ended.code, ended.tail)

    def _said(self, arguments: Sequence[str]) -> str:
        code, text, tail = self._run(arguments)
        self._require_success(arguments, code, tail)
        return text

    def _run(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        """Exit code, what it printed, and the end of all that it said."""
        lines: list[str] = []

        def take(stream: Stream, line: str) -> None:
            if stream == "stdout":
                lines.append(line)

        ended = run(self._command(arguments), take, limits=Limits(seconds=self._seconds))
        if ended.ended_by != "itself":
            raise self._late(arguments)
        return ended.code, "".join(f"{line}\n" for line in lines), ended.tail

    def _command(self, arguments: Sequence[str]) -> Command:
        return Command(
            (self._program(arguments[0]), *arguments[1:]),
            self.copy / self.job.path,
            {**self.job.environment, self.job.spec.url_variable: self.url},
            sandbox=self._sandbox(arguments[0]),
        )

    @property
    def _seconds(self) -> float:
        return self.job.spec.timeout.total_seconds()

    def _late(self, arguments: Sequence[str]) -> Unavailable:
        return Unavailable(
            f"`{arguments[0]}` did not end within {self._seconds:g} s and was interrupted",
            hint="`timeout:` of the stack says more",
        )

    def _require_success(self, arguments: Sequence[str], code: int, tail: str) -> None:
        if code:
            raise Rejected(
                f"`{arguments[0]}` ended with {code}: {self.job.redact(tail).strip() or 'it said nothing'}",
                hint=f"run it yourself in {self.job.path}: {' '.join(arguments)}",
            )

    def _program(self, name: str) -> str:
        """Found by the job's PATH, not ours. A path in the stack's directory may be named too."""
        if "/" in name and not name.startswith("/"):
            return str(self.copy / locations.inside(self.job.path, name))
        found = shutil.which(name, path=self.job.environment.get("PATH", ""))
        if found is None:
            raise Invalid(
                f"`{name}` is not installed on this worker",
                place=Place(self.job.path),
                hint="install it, or add its directory to PATH below `contexts:` of trueup.yaml",
            )
        return found

    def _sandbox(self, name: str) -> Sandbox | None:
        walls = self.job.walls()
        if walls is None:
            return None
        inside = Sandbox(walls.readable, (*walls.writable, self.copy, *self.writes), walls.hidden)
        seen = (*inside.readable, *inside.writable)
        program = Path(self._program(name))
        # What lies in a directory that is there already cannot be bound a second time.
        missing = [path for path in _installed(program) if not any(path.is_relative_to(each) for each in seen)]
        return with_readable(inside, *missing)


def evidence_of(job: Job[Any]) -> Path:
    return job.evidence or job.directory / "evidence"


@contextlib.contextmanager
def commands(job: Job[Any], url: str, *, writes: Sequence[Path] = ()) -> Iterator[Commands]:
    """With a fresh copy of the stack's files, which goes at the end."""
    copy = job.directory / _WORKING_COPY
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    job.tree.write_to(copy, files_of(job.tree, job.path, job.spec))
    try:
        yield Commands(job, url, copy, tuple(writes))
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def files_of(tree: Tree, path: str, spec: CommandSpec) -> tuple[str, ...]:
    """Everything below the stack's directory and what `files:` names: the closure, and all that the commands see.
    Raises Invalid for what is not there."""
    found: dict[str, None] = {}
    for name in ("", *spec.files):
        place = locations.inside(path, name) if name else path.strip("/")
        below = [entry.path for entry in tree.entries(place)]
        if not below and name:
            below = [place] if any(entry.path == place for entry in tree.entries(place.rpartition("/")[0])) else []
        if not below:
            raise Invalid(
                f"`files:` names {name}, which does not exist" if name else "there is no such directory",
                place=Place(place),
                hint="write paths relative to the stack's directory",
            )
        found |= dict.fromkeys(below)
    return tuple(sorted(found))


def _installed(program: Path) -> Iterator[Path]:
    """The program, and where it is a link the one that it links to; instead of each the virtual environment that it
    belongs to."""
    for path in (program, program.resolve()):
        environment = path.parent.parent
        yield environment if (environment / "pyvenv.cfg").is_file() else path
