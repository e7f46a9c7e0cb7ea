"""Command: another tool that manages a schema, run as the stack says, confined, for its text or its complaint.

The tool stays the user's own copy, and its own history is the truth: nothing of it is read or written here.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.drivers.database import command_text
from trueup.drivers.database.migrations import locations
from trueup.drivers.database.spec import CommandSpec
from trueup.model.errors import Invalid, Place, Rejected, Unavailable
from trueup.ports.driver import Job
from trueup.ports.tree import Tree
from trueup.system.confinement import with_readable
from trueup.system.processes import Command, Limits, Sandbox, Stream, run

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
    cancel: threading.Event | None = None

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

    def apply(self) -> str:
        """Each line goes to the job's log as it comes."""
        if not self.job.spec.apply:
            raise Invalid(
                f"{self.job.name} has no `apply:` command", place=Place(self.job.path), hint="add one to trueup.yaml"
            )
        return self._said(self.job.spec.apply, self.job.log)

    def _said(self, arguments: Sequence[str], log: Callable[[str], None] | None = None) -> str:
        code, text, tail = self._run(arguments, log)
        if code:
            raise Rejected(
                f"`{arguments[0]}` ended with {code}: {self.job.redact(tail).strip() or 'it said nothing'}",
                hint=f"run it yourself in {self.job.path}: {' '.join(arguments)}",
            )
        return text

    def _run(self, arguments: Sequence[str], log: Callable[[str], None] | None = None) -> tuple[int, str, str]:
        """Exit code, what it printed, and the end of all that it said."""
        lines: list[str] = []

        def take(stream: Stream, line: str) -> None:
            if stream == "stdout":
                lines.append(line)
            if log is not None:
                log(line)

        spec, environment = self.job.spec, dict(self.job.environment)
        command = Command(
            (self._program(arguments[0]), *arguments[1:]),
            self.copy / self.job.path,
            {**environment, spec.url_variable: self.url},
            sandbox=self._sandbox(arguments[0]),
        )
        seconds = spec.timeout.total_seconds()
        ended = run(command, take, limits=Limits(seconds=seconds), cancel=self.cancel)
        if ended.ended_by != "itself":
            why = f"did not end within {seconds:g} s" if ended.ended_by == "timeout" else "was cancelled"
            raise Unavailable(f"`{arguments[0]}` {why} and was interrupted", hint="`timeout:` of the stack says more")
        return ended.code, "".join(f"{line}\n" for line in lines), ended.tail

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


@contextlib.contextmanager
def commands(
    job: Job[Any], url: str, *, writes: Sequence[Path] = (), cancel: threading.Event | None = None
) -> Iterator[Commands]:
    """With a fresh copy of the stack's files, which goes at the end."""
    copy = job.directory / _WORKING_COPY
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    job.tree.write_to(copy, files_of(job.tree, job.path, job.spec))
    try:
        yield Commands(job, url, copy, tuple(writes), cancel)
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
