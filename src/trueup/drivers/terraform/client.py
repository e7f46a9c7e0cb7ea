"""The only one that runs terraform or tofu; every complaint of theirs leaves here as one of our errors."""

import contextlib
import errno
import json
import os
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from trueup.drivers.terraform import diagnostics
from trueup.drivers.terraform.diagnostics import Problem, Translator, message_in, problem_in, unchanged_in
from trueup.drivers.terraform.engine import Engine
from trueup.drivers.terraform.workdir import Workdir
from trueup.model.errors import Invalid, Rejected, TrueupError, Unavailable
from trueup.model.values import JSON
from trueup.ports.driver import Lock
from trueup.system.processes import Command, Exit, Limits, Sandbox, Stream, capture, run

QUICK = 120.0
"""Seconds that a command may take which asks only the backend."""

GRACE = 10.0
"""Seconds that an interrupted plan gets to give its lock back: a hanging provider ignores the interrupt."""

NO_STATE = "No state file was found"


class NeedsInit(Exception):
    """What `init` left is not there any more, or does not fit: never leaves the driver."""


def installed(names: Sequence[str], directories: Sequence[Path], environment: Mapping[str, str]) -> list[Engine]:
    """Every executable of these names in the directories and on the environment's PATH. A directory may also hold
    several versions, as version managers lay them out: `1.11.4/terraform`, `terraform_1.11.4`."""
    path = [Path(part) for part in environment.get("PATH", "").split(os.pathsep) if part]
    found: dict[Path, Engine] = {}
    basic = tuple(sorted((name, environment[name]) for name in ("PATH", "HOME") if name in environment))
    for directory in [*directories, *path]:
        for name in names:
            versions = (
                [*directory.glob(f"*/{name}"), *directory.glob(f"{name}[-_]*")] if directory in directories else []
            )
            for program in (directory / name, *sorted(versions)):
                if program.is_file() and os.access(program, os.X_OK) and program not in found:
                    about = program.stat()
                    version = _version(program, (about.st_mtime_ns, about.st_size), basic)
                    found[program] = Engine(program, name, version)
    return list(found.values())


@lru_cache(maxsize=64)
def _version(program: Path, _unchanged: tuple[int, int], environment: tuple[tuple[str, str], ...]) -> str:
    """What the executable says of itself; "" where it says nothing."""
    command = Command((str(program), "version", "-json"), Path("/"), {**dict(environment), "CHECKPOINT_DISABLE": "1"})
    try:
        said = capture(command, seconds=30)
        return str(json.loads(said.stdout)["terraform_version"])
    except (ValueError, KeyError, TrueupError):
        return ""


@contextlib.contextmanager
def disk(directory: Path, doing: str) -> Iterator[None]:
    """Raises Unavailable when the disk is full or cannot be written to."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                f"the disk is full while {doing} in {directory}", hint="free space in the data directory"
            ) from error
        raise Unavailable(f"{directory} cannot be used while {doing}: {error.strerror}") from error


@dataclass
class Client:
    """One engine in one working directory."""

    engine: Engine
    workdir: Workdir
    environment: Mapping[str, str]
    translator: Translator
    log: Callable[[str], None]
    sandbox: Sandbox | None = None
    cancel: threading.Event = field(default_factory=threading.Event)

    def command(self, *arguments: str) -> Command:
        program = (str(self.engine.program), *arguments)
        return Command(program, self.workdir.root, self.environment, sandbox=self.sandbox)

    def init(self, arguments: Sequence[str], *, seconds: float) -> None:
        """Providers, modules and backend. Raises Invalid, Unavailable."""
        command = self.command("init", "-input=false", "-no-color", "-reconfigure", *arguments)
        exit = run(command, lambda _, line: self.log(line), limits=Limits(seconds, GRACE))
        if exit.ended_by == "timeout":
            raise Unavailable(f"init took longer than {seconds:g} seconds", hint="raise `planTimeout` of the stack")
        if exit.code != 0:
            raise self.translator.error(diagnostics.problems_in_text(exit.tail), "initialising")

    def plan(self, arguments: Sequence[str], *, seconds: float) -> bool:
        """Writes the plan file; whether it changes anything. Raises Invalid, Rejected, Unavailable; NeedsInit."""
        command = self.command("plan", "-json", "-input=false", f"-out={self.workdir.plan_file}", *arguments)
        problems: list[Problem] = []
        unchanged: list[bool] = []

        def take(_: Stream, line: str) -> None:
            message = self.hear(line, problems)
            said = unchanged_in(message) if message else None
            if said is not None:
                unchanged.append(said)

        exit = run(command, take, limits=Limits(seconds, GRACE), cancel=self.cancel)
        if exit.ended_by == "timeout":
            raise Unavailable(
                f"the plan took longer than its limit of {seconds:g} seconds and was stopped",
                hint="raise `planTimeout` of the stack, or find out which data source or provider hangs",
            )
        if exit.code != 0:
            raise self.failure(exit, problems, "planning")
        self.workdir.plan_file.chmod(0o600)
        return not (unchanged and all(unchanged))

    def hear(self, line: str, problems: list[Problem]) -> JSON | None:
        """Takes one line of `-json` output: its message to the log, its error to the problems."""
        message = message_in(line)
        if message is None:
            if line.strip():
                self.log(line)
            return None
        self.log(str(message["@message"]))
        if problem := problem_in(message):
            problems.append(problem)
            for each in problem.detail.strip().splitlines()[:40]:
                self.log(f"  {each}")
        return message

    def failure(self, exit: Exit, problems: list[Problem], doing: str) -> Exception:
        found = problems or diagnostics.problems_in_text(exit.tail)
        if any(text in problem.words for problem in found for text in diagnostics.NEEDS_INIT):
            return NeedsInit(diagnostics.join_words(found))
        return self.translator.error(found, doing)

    def show_plan(self) -> JSON:
        return self._json("show", "-json", str(self.workdir.plan_file))

    def show_state(self, file: Path | None = None) -> JSON:
        """The state as the backend, or a file, has it: without a refresh."""
        return self._json("show", "-json", *([str(file)] if file else []))

    def schemas(self) -> JSON:
        return self._json("providers", "schema", "-json")

    def pull(self) -> bytes:
        """The state; empty when there is none. Raises Unavailable."""
        return self._answer("state", "pull")

    def push(self, file: Path) -> None:
        """Raises Rejected when the state there is newer or another one."""
        self._answer("state", "push", str(file))

    def workspaces(self, init_arguments: Sequence[str], *, seconds: float) -> frozenset[str]:
        """Those that the backend has, asked as nobody's: with a workspace selected, asking would create it."""
        anyone = {name: value for name, value in self.environment.items() if name != "TF_WORKSPACE"}
        asking = replace(self, environment=anyone)
        asking.init(init_arguments, seconds=seconds)
        return frozenset(line.strip("* ") for line in asking._answer("workspace", "list").decode().splitlines())

    def lock(self) -> Lock | None:
        """Who holds the state: found by asking for the lock with a command that changes nothing. Who may not take it is
        told who has it all the same, and in S3 that nobody has it. Raises Rejected where even that may not be read."""
        answer = capture(self.command("state", "rm", "-dry-run", "terraform_data.trueup_probe"), seconds=QUICK)
        said = answer.stderr.decode("utf-8", "replace")
        if answer.code == 0 or NO_STATE in said:
            return None
        problems = diagnostics.problems_in_text(said)
        for problem in problems:
            if lock := diagnostics.lock_in(problem):
                return lock
            if diagnostics.has_no_lock(problem):
                return None
        error = self.translator.error(problems, "looking at the state's lock")
        if not isinstance(error, Rejected):
            raise error
        raise Rejected(
            f"these credentials may not see the state's lock: {error.message}",
            hint=f"with those that may write the state: `{self.engine.name} plan -lock-timeout=0s` names the lock and "
            f"its holder, `{self.engine.name} force-unlock ID` removes it",
        )

    def unlock(self, lock: Lock) -> None:
        """Raises Rejected when the backend refuses, as for a local state whose process lives."""
        answer = capture(self.command("force-unlock", "-force", lock.id), seconds=QUICK)
        if answer.code != 0:
            said = diagnostics.problems_in_text((answer.stderr + answer.stdout).decode("utf-8", "replace"))
            raise Rejected(
                f"the lock {lock.id} was not removed: {self.translator.redact(diagnostics.join_words(said))}",
                hint="end the process that holds it; look at the backend when there is none",
            )

    def _json(self, *arguments: str) -> JSON:
        content = self._answer(*arguments)
        try:
            return json.loads(content)
        except ValueError as error:
            raise Unavailable(f"{self.engine.label} answered something else than JSON to {arguments[0]}") from error

    def _answer(self, *arguments: str) -> bytes:
        answer = capture(self.command(*arguments), seconds=QUICK)
        if answer.code == 0:
            return answer.stdout
        problems = diagnostics.problems_in_text(answer.stderr.decode("utf-8", "replace"))
        error = self.failure(Exit(answer.code, ""), problems, f"running {' '.join(arguments[:2])}")
        raise error if isinstance(error, TrueupError) else Invalid(self.translator.redact(str(error)))


def planned_states(plan_file: Path) -> tuple[JSON, JSON]:
    """The states that a plan was made from, after and before its refresh, with lineage and serial: the plan file is a
    zip that holds them."""
    try:
        with zipfile.ZipFile(plan_file) as archive:
            return json.loads(archive.read("tfstate")), json.loads(archive.read("tfstate-prev"))
    except (zipfile.BadZipFile, KeyError, ValueError, FileNotFoundError) as error:
        free = shutil.disk_usage(plan_file.parent).free // 1024**2
        raise Unavailable(
            f"the plan file was not written completely: {error}",
            hint=f"the disk has {free} MB left; free space in the data directory when that is too little",
        ) from error
