"""The only module that starts octoDNS: a subprocess for each job, with the job's environment alone, confined where it
can be. Every complaint leaves here as one of our errors."""

import json
import posixpath
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import trueup
from trueup.drivers.dns.answers import Answers
from trueup.drivers.dns.client_errors import Translator
from trueup.drivers.dns.configuration.checks import package_of
from trueup.drivers.dns.configuration.config import Config
from trueup.drivers.dns.configuration.files import directory_of
from trueup.drivers.dns.convert import parts_of
from trueup.drivers.dns.walked import Name, Pair, Walked
from trueup.model.closure import Closure
from trueup.model.errors import Invalid, Unavailable
from trueup.model.values import JSON
from trueup.ports.driver import Job
from trueup.system.processes import Command, Limits, Sandbox, run
from trueup.system.redaction import Redactor

_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from trueup.drivers.dns.process.worker import main; main()"

OWNERSHIP = "octodns.processor.ownership.OwnershipProcessor"

GRACE = 5.0
"""Seconds that an interrupted plan gets: it only reads."""


@dataclass(frozen=True)
class Client:
    """octoDNS for one job: its files laid out below the job's directory, its configuration, its environment."""

    job: Job[Any]
    config: Config
    closure: Closure
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Variables beside the job's own: what the spec's secret references stand for."""

    @property
    def base(self) -> Path:
        return self.job.directory / "dns"

    @property
    def root(self) -> Path:
        """Where the repository's files lie."""
        return self.base / "tree"

    @property
    def environment(self) -> Mapping[str, str]:
        """All that octoDNS gets."""
        return {**self.job.environment, **self.secrets}

    @cached_property
    def redact(self) -> Callable[[str], str]:
        """The job's secrets, and what the configuration takes from its environment as keys, tokens and passwords."""
        named = (self.job.environment.get(name, "") for name in self.config.secrets)
        mine = Redactor([*self.secrets.values(), *named])
        return lambda text: mine.text(self.job.redact(text))

    @cached_property
    def translator(self) -> Translator:
        return Translator(self.config, self.job.tree, self.redact)

    def lay_out(self) -> None:
        """The closure's files, anew. Raises Invalid for a package or a variable that is missing, Unavailable when the
        disk does not take them."""
        self._require_packages()
        self._require_variables()
        try:
            shutil.rmtree(self.base, ignore_errors=True)
            self.root.mkdir(mode=0o700, parents=True)
            self.base.chmod(0o700)
            self.job.tree.write_to(self.root, self.closure.files)
            (self.root / self.config.workdir).mkdir(parents=True, exist_ok=True)
            for block in self.config.providers.values():
                if block.has_directory:
                    (self.root / directory_of(block, self.config.workdir)).mkdir(parents=True, exist_ok=True)
            if self.config.own:
                self._own_file.write_text(json.dumps(self.config.document), encoding="utf-8")
        except OSError as error:
            raise Unavailable(f"{self.base} cannot be used: {error.strerror}") from error

    def plan(self, only: Sequence[Pair] | None = None) -> Walked:
        """Every zone at every target, or these. Raises Invalid, Rejected, Unavailable."""
        answers = Answers(self.config)
        self._run("plan", answers, only=only)
        answers.raise_if_any(self.translator)
        return answers.walked()

    def live(self, zone: str, provider: str) -> tuple[Mapping[Name, JSON], Mapping[Name, str]]:
        """What a provider has of a zone, asked for alone; and whose the records are that programs wrote into it. Raises
        Invalid, Rejected, Unavailable."""
        answers = Answers(self.config)
        self._run("live", answers, zone=zone, provider=provider)
        answers.raise_if_any(self.translator)
        return answers.records, answers.others

    def command(self, doing: str, *, only: Sequence[Pair] | None = None, **more: JSON) -> Command:
        """The subprocess with its order written down."""
        spec = self.job.spec
        order = {
            "command": doing,
            "workdir": str(self.root / self.config.workdir),
            "config": self._config_file,
            "document": self.config.document,
            "classes": [[each.section, each.class_name, each.class_name in spec.allow] for each in self.config.blocks],
            "only": only,
            "destroy": self.job.destroy,
            "external_dns": [spec.external_dns_prefix, spec.external_dns_suffix],
            "settled": [[*pair, names] for pair, names in self._settled().items()],
            **more,
        }
        file = self.base / f"{doing}.json"
        file.write_text(json.dumps(order), encoding="utf-8")
        file.chmod(0o600)
        root = str(Path(trueup.__file__).parent.parent)
        argv = (sys.executable, "-I", "-c", _BOOT, root, str(file))
        return Command(argv, self.root / self.config.workdir, self.environment, sandbox=self._sandbox())

    def _settled(self) -> Mapping[Pair, list[Name]]:
        """Names of S whose type could be somebody else's by now: of challenges and of what a marker stands beside. The
        target is "" for a zone's first one."""
        marked = any(block.class_name == OWNERSHIP for block in self.config.processors.values())
        found: dict[Pair, list[Name]] = {}
        for address in self.job.settled() or ():
            parts = parts_of(address)
            if parts.type and (parts.type in ("TXT", "CNAME") or marked):
                found.setdefault((parts.zone, parts.target), []).append((parts.name, parts.type))
        return found

    def require_end(self, answers: Answers, code: int, tail: str, ended_by: str) -> None:
        """Raises when a subprocess left no end of its answers: it was stopped, killed, or could not start."""
        if answers.complete or answers.errors:
            return
        if ended_by != "itself" or code < 0:
            why = "took longer than its limit and was stopped" if ended_by == "timeout" else f"was stopped ({ended_by})"
            raise Unavailable(f"octoDNS {why}", hint="raise `planTimeout` or `applyTimeout` of the stack")
        raise self.translator.unspoken(tail, code)

    def _run(self, doing: str, answers: Answers, **order: Any) -> None:
        job = self.job
        seconds = (job.spec.plan_timeout or job.limits.plan).total_seconds()
        ended = run(self.command(doing, **order), answers.hear(self.say), limits=Limits(seconds, GRACE))
        self.require_end(answers, ended.code, ended.tail, ended.ended_by)

    def say(self, line: str) -> None:
        """One line of octoDNS's own log."""
        if line.strip():
            self.job.log(self.redact(line))

    def _sandbox(self) -> Sandbox | None:
        walls = self.job.walls()
        return Sandbox(walls.readable, (*walls.writable, self.base), walls.hidden) if walls is not None else None

    @property
    def _own_file(self) -> Path:
        return self.base / "config.yaml"

    @property
    def _config_file(self) -> str:
        if self.config.own:
            return str(self._own_file)
        return posixpath.relpath(self.config.path, self.config.workdir or ".")

    def _require_packages(self) -> None:
        for block in self.config.blocks:
            if find_spec(block.class_name.split(".", 1)[0]) is None:
                raise Invalid(
                    f"`{block.class_name}` is not installed on this worker",
                    place=block.place,
                    hint=f"pip install {package_of(block.class_name)}",
                )

    def _require_variables(self) -> None:
        for name, place in self.config.variables.items():
            if name not in self.job.environment and name not in self.secrets:
                raise Invalid(
                    f"the environment variable {name} is not set for this stack",
                    place=place,
                    hint=f'`contexts:` in trueup.yaml sets it: secrets: {{{name}: "file:/run/secrets/..."}}; or '
                    f"`credentials:` with passEnv: [{name}]",
                )
