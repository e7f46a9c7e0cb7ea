"""Jobs: what a driver gets to see for one plan or apply, and nothing else of ours."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trueup.engine.lines import Lines
from trueup.engine.source import Source
from trueup.model.errors import Invalid, Refused
from trueup.model.plan import Address, Resource
from trueup.model.stack import Confinement, Declaration, Mode, Purpose, StackId
from trueup.model.values import JSON
from trueup.ports.credentials import SECRET_SCHEMES, Credentials
from trueup.ports.driver import Driver, Fence, HandsOver, Job, Output, Walls
from trueup.ports.store import Store
from trueup.system import confinement
from trueup.system.redaction import Redactor
from trueup.system.turns import exclusive

Right = Literal["plan", "apply"]
CHECKS = "checks"
"""The session of every check: they only read, and with one session they share credentials until those are renewed."""
OUTPUTS = "outputs"
STATE = "state"


@dataclass(frozen=True)
class Errand:
    """Why a job is made: for which walk, with which right, and where its lines go."""

    purpose: Purpose
    session: str
    """The run's or check's id: the live system's own log will name it."""
    log: str
    """Where the store keeps the lines: a run's id, or `check:STACK`."""
    right: Right = "plan"
    fence: Fence | None = None
    slot: str = ""
    """Tells apart two jobs of one purpose that must not share a working directory (the two proofs)."""


class SealedState:
    """ports.driver.StateVault: versions in the store, sealed."""

    def __init__(self, store: Store, stack: StackId) -> None:
        self._store, self._stack = store, stack

    def newest(self) -> bytes | None:
        with self._store.transaction() as tx:
            return tx.unseal(STATE, self._stack)

    def store(self, content: bytes) -> None:
        with self._store.transaction() as tx:
            if tx.unseal(STATE, self._stack) != content:
                tx.seal(STATE, self._stack, content)


class _Secrets:
    """Of one job: what was granted to it, and what it asked for by reference since."""

    def __init__(self, granted: frozenset[str], resolve: Callable[[str], str]) -> None:
        self._known, self._resolve = granted, resolve
        self._redactor = Redactor(granted)

    def behind(self, reference: str) -> str:
        if reference.partition(":")[0] not in SECRET_SCHEMES:
            return reference
        value = self._resolve(reference)
        self._known |= {value}
        self._redactor = Redactor(self._known)
        return value

    def redacted(self, text: str) -> str:
        return self._redactor.text(text)


class Jobs:
    """Builds jobs: a working directory, credentials of the right kind, inputs, a log that cannot leak."""

    def __init__(
        self,
        store: Store,
        drivers: Mapping[str, Driver[Any]],
        credentials: Callable[[], Credentials],
        hash_secret: Callable[[JSON], str],
        data: Path,
        resolve: Callable[[str], str],
    ) -> None:
        """`credentials` is asked each time: the control repository may have changed. `data` is the directory for
        work that may be lost and for evidence that may not. `resolve` gives the secret behind a reference."""
        self._store, self._drivers, self._credentials = store, drivers, credentials
        self._hash, self._data, self._resolve = hash_secret, data, resolve

    def installed(self, name: str) -> Driver[Any] | None:
        return self._drivers.get(name)

    def driver(self, declaration: Declaration) -> Driver[Any]:
        try:
            return self._drivers[declaration.driver]
        except KeyError:
            raise Invalid(
                f"{declaration.name} needs the driver `{declaration.driver}`, which is not installed",
                hint=f"installed: {', '.join(sorted(self._drivers))}",
            ) from None

    def job(self, source: Source, errand: Errand, upstream: Mapping[str, Source]) -> Job[Any]:
        """Raises Refused when a stack that may only be observed asks for the right to apply."""
        declaration = source.declaration
        if errand.right == "apply" and not declaration.mode.allows(Mode.DELIVER):
            raise Refused(
                f"{declaration.name} is in mode {declaration.mode}: apply credentials are never obtained for it",
                hint="set `mode: deliver` in the control repository's trueup.yaml first",
            )
        return self._build(source, errand, self._inputs(declaration, upstream))

    def _build(self, source: Source, errand: Errand, inputs: Mapping[str, Output]) -> Job[Any]:
        declaration = source.declaration
        granted = self._credentials().grant(declaration, errand.right, errand.session)
        sensitive = frozenset(name for name, output in inputs.items() if output.sensitive)
        secrets = _Secrets(granted.secrets | {_text(inputs[name].value) for name in sensitive}, self._resolve)
        return Job(
            stack=source.stack.id,
            name=declaration.name,
            purpose=errand.purpose,
            spec=declaration.spec,
            path=declaration.path,
            tree=source.tree,
            directory=self._directory(source, errand),
            environment=granted.environment,
            inputs={name: output.value for name, output in inputs.items()},
            sensitive_inputs=sensitive,
            hash_secret=self._hash,
            redact=secrets.redacted,
            log=Lines(lambda lines: self._store.log(errand.log, [secrets.redacted(line) for line in lines])),
            state=SealedState(self._store, source.stack.id),
            evidence=self.evidence(errand.session) if errand.right == "apply" else None,
            fence=errand.fence,
            destroy=errand.purpose == "destroy",
            routine=errand.session == CHECKS,
            elsewhere=lambda kinds: self._elsewhere(source, kinds),
            settled=lambda: self._settled(source.stack.id),
            secret=secrets.behind,
            walls=lambda: self.walls(declaration, granted.environment),
        )

    def _settled(self, stack: StackId) -> Mapping[Address, Resource] | None:
        with self._store.transaction() as tx:
            baseline = tx.baseline(stack)
        return baseline.resources if baseline is not None else None

    def _elsewhere(self, source: Source, kinds: frozenset[str]) -> Iterator[tuple[str, Address, Resource]]:
        with self._store.transaction() as tx:
            others = [each for each in tx.stacks() if each.driver == source.stack.driver and each.id != source.stack.id]
            books = [(each.name, tx.baseline(each.id)) for each in others if each.settled]
        for name, baseline in books:
            for address, resource in baseline.resources.items() if baseline is not None else ():
                if resource.kind in kinds:
                    yield name, address, resource

    def walls(self, declaration: Declaration, environment: Mapping[str, str]) -> Walls | None:
        """What subprocesses with this environment may see; None: everything. Raises Refused."""
        wanted = declaration.environment.sandbox
        if wanted is Confinement.OFF:
            return None
        if why := confinement.obstacle():
            if wanted is Confinement.PREFERRED:
                return None
            where = declaration.environment.name or "a stack without an environment"
            raise Refused(
                f"{declaration.name}: plans run code, and nothing confines it here ({why}); {where} requires that",
                hint="apt install bubblewrap, dnf install bubblewrap; or `sandbox: preferred` for the environment in "
                "the control repository's trueup.yaml",
            )
        own = [Path(environment[name]) for name in ("HOME", "TMPDIR") if name in environment]
        inside = confinement.confined(environment, own, [self._data, Path.home()])
        return Walls(inside.readable, inside.writable, inside.hidden)

    def evidence(self, session: str) -> Path:
        """A durable directory of one run, not redacted: kept until it is recorded how the run ended."""
        directory = self._data / "evidence" / _safe(session)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory

    def drop_evidence(self, session: str) -> None:
        """A run whose end is known leaves its journal, its log and its ledger entry; nothing else is needed of it."""
        shutil.rmtree(self._data / "evidence" / _safe(session), ignore_errors=True)

    @contextmanager
    def alone(self, job: Job[Any]) -> Iterator[None]:
        """One job at a time in a working directory; others wait. All that it said is stored when it ends."""
        with exclusive(job.directory.with_suffix(".lock")):
            try:
                yield
            finally:
                if isinstance(job.log, Lines):
                    job.log.flush()

    def _directory(self, source: Source, errand: Errand) -> Path:
        name = "-".join(part for part in (errand.purpose, errand.slot) if part)
        directory = self._data / "work" / source.stack.id / name
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory

    def _inputs(self, declaration: Declaration, upstream: Mapping[str, Source]) -> Mapping[str, Output]:
        values: dict[str, Output] = {}
        handed_over: dict[str, Mapping[str, Output]] = {}
        for name, reference in declaration.inputs.items():
            if reference.stack not in handed_over:
                handed_over[reference.stack] = self.outputs(upstream[reference.stack])
            outputs = handed_over[reference.stack]
            if reference.output not in outputs:
                raise Invalid(
                    f"{declaration.name} takes `{name}` from {reference.stack}.{reference.output}, "
                    "and that stack has no such output",
                    hint=f"its outputs: {', '.join(sorted(outputs)) or 'none; has it been applied?'}",
                )
            values[name] = outputs[reference.output]
        return values

    def outputs(self, source: Source) -> Mapping[str, Output]:
        """What a stack hands over: as it was settled; as it is live while it has no baseline."""
        with self._store.transaction() as tx:
            sealed = tx.unseal(OUTPUTS, source.stack.id) if source.stack.settled else None
        if sealed is not None:
            return {name: Output(**output) for name, output in json.loads(sealed).items()}
        driver = self.driver(source.declaration)
        if not isinstance(driver, HandsOver):
            return {}
        errand = Errand("check", f"outputs-{source.stack.id}", f"check:{source.stack.id}")
        job = self._build(source, errand, {})  # reading outputs takes no inputs
        with self.alone(job):
            return driver.outputs(job)


def sealed_outputs(outputs: Mapping[str, Output]) -> bytes:
    return json.dumps(
        {name: {"value": each.value, "sensitive": each.sensitive} for name, each in outputs.items()}
    ).encode()


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _safe(name: str) -> str:
    return "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
