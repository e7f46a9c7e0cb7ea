"""A stack ready to be planned: files laid out, engine chosen, init done, state restored."""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from trueup.drivers.terraform import client as terraform
from trueup.drivers.terraform.client import Client, NeedsInit
from trueup.drivers.terraform.confined import sandbox_of
from trueup.drivers.terraform.diagnostics import Translator
from trueup.drivers.terraform.engine import Constraint, Engine, choose
from trueup.drivers.terraform.masking import Hider
from trueup.drivers.terraform.reading import LOCK_FILE, VERSION_FILES, Root
from trueup.drivers.terraform.reattach import Loan
from trueup.drivers.terraform.schemas import Names, SchemaCache
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.drivers.terraform.state import KeptState, state_file
from trueup.drivers.terraform.workdir import (
    InitStamp,
    environment_of,
    init_stamp,
    lay_out,
    variable_arguments,
    workdir_of,
    write_settings,
)
from trueup.model.errors import Invalid, Place, Refused, TrueupError
from trueup.model.shape import Shape
from trueup.ports.driver import Job

T = TypeVar("T")
ENGINES = ("terraform", "tofu")


@dataclass
class Prepared:
    job: Job[TerraformSpec]
    root: Root
    client: Client
    hider: Hider
    stamp: InitStamp
    schemas: SchemaCache
    kept: KeptState | None = None
    """Of a stack without a backend."""
    holds_state: bool = False
    """The state is a file in the working directory."""
    loan: Loan | None = None
    """Providers that are kept running, where this may use them."""

    @property
    def plan_seconds(self) -> float:
        return (self.job.spec.plan_timeout or self.job.limits.plan).total_seconds()

    @property
    def apply_seconds(self) -> float:
        return (self.job.spec.apply_timeout or self.job.limits.apply).total_seconds()

    def ensure_init(self) -> None:
        """Nothing when lock file, modules, backend and engine are what they were at the last success."""
        if self.stamp.is_current():
            return
        self.stamp.forget()
        self.client.init(self._init_arguments(), seconds=self.plan_seconds)
        self.stamp.keep()

    def _init_arguments(self) -> list[str]:
        spec = self.job.spec
        pinned = posixpath.join(self.root.path, LOCK_FILE) in self.root.files
        files = [f"-backend-config={name}" for name in spec.backend_files]
        settings = [f"-backend-config={name}={value}" for name, value in spec.backend_config.items()]
        return [*(["-lockfile=readonly"] if pinned else []), *files, *settings]

    def require_workspace(self) -> None:
        """Raises Invalid for a workspace that is not there yet: `init` and `plan` with it would create it, and an
        observation leaves no trace. Asked whenever there is something to initialise."""
        workspace = self.job.spec.workspace
        if workspace in (None, "default") or self.holds_state or self.stamp.is_current():
            return
        if workspace not in self.client.workspaces(self._init_arguments(), seconds=self.plan_seconds):
            raise Invalid(
                f"{self.job.name}: the workspace {workspace} does not exist yet",
                hint=f"create it once by hand: {self.client.engine.name} workspace new {workspace}",
            )

    def plan(self, lock: Sequence[str], targets: Sequence[str] = ()) -> bool:
        """Writes the plan file; whether it changes anything. Initialises once more when what init left is gone.
        `targets` are addresses that the plan is limited to; none: it is not."""
        spec = self.job.spec
        arguments = [*lock, *variable_arguments(self.client.workdir, spec)]
        parallelism = spec.parallelism or self.job.limits.parallelism
        arguments += [f"-parallelism={parallelism}"] if parallelism else []
        arguments += ["-destroy"] if self.job.destroy else []
        arguments += [f"-target={address}" for address in targets]
        self.ensure_init()
        try:
            return self.beside(lambda client: client.plan(arguments, seconds=self.plan_seconds))
        except NeedsInit:
            self.stamp.forget()
            self.ensure_init()
            return self._plan_again(arguments)

    def beside(self, ask: Callable[[Client], T]) -> T:
        """What a client says that may use a kept provider; once more, alone, when that one died meanwhile."""
        if self.loan is None:
            return ask(self.client)
        try:
            with self.loan.used(self.root, self.client) as beside:
                return ask(beside)
        except TrueupError:
            if not self.loan.fail():
                raise
        return ask(self.client)

    def _plan_again(self, arguments: Sequence[str]) -> bool:
        try:
            return self.client.plan(arguments, seconds=self.plan_seconds)
        except NeedsInit as problem:
            words = self.client.translator.redact(str(problem))
            raise Invalid(
                f"init succeeds and the plan still asks for it: {words}",
                place=Place(posixpath.join(self.root.path, LOCK_FILE)),
                hint="run `init -upgrade` by hand and commit the lock file",
            ) from None

    def shapes(self, names: Names) -> Mapping[str, Shape]:
        key = [self.client.workdir.lock_file().decode("utf-8", "replace"), self.client.engine.label]
        return self.schemas.shapes(key, names, lambda: self.beside(Client.schemas))


def prepare(job: Job[Any], root: Root, directories: Sequence[Path], *, applies: bool = False) -> Prepared:
    """Raises Invalid, Unavailable; Refused for an apply whose state nobody would keep."""
    prepared = described(job, root, directories)
    if prepared.holds_state and prepared.kept is None and applies:
        raise Refused(
            f"{job.name} has no backend, and nothing here would keep its state",
            hint="give it a backend block, or run it where Trueup stores local states",
        )
    client = prepared.client
    client.sandbox = sandbox_of(job, client.workdir, client.engine, client.environment)
    with terraform.disk(job.directory, "preparing the files"):
        lay_out(client.workdir, root)
        write_settings(client.workdir, job.spec)
    if prepared.kept is not None:
        with terraform.disk(job.directory, "restoring the state"):
            prepared.kept.restore()
    return prepared


def described(job: Job[Any], root: Root, directories: Sequence[Path]) -> Prepared:
    """The same without a file touched: enough to ask what is there. Raises Invalid."""
    spec: TerraformSpec = job.spec
    workdir = workdir_of(job)
    engine = _engine(job, root, directories)
    hider = Hider(job.hash_secret).learning((job.inputs.get(name), True) for name in job.sensitive_inputs)
    environment = environment_of(job, workdir)
    translator = Translator(root.path, job.redact)
    client = Client(engine, workdir, environment, translator, job.log)
    file = state_file(workdir, root, spec.workspace)
    kept = KeptState(file, job.state) if file is not None and job.state is not None else None
    schemas = SchemaCache(job.directory.parent / "schemas")
    stamp = init_stamp(job, workdir, root, engine)
    prepared = Prepared(job, root, client, hider, stamp, schemas, kept, holds_state=file is not None)
    # What the plan teaches about secrets counts for every later line and error.
    client.log = lambda line: job.log(prepared.hider.text(line))
    client.translator = Translator(root.path, lambda text: job.redact(prepared.hider.text(text)))
    return prepared


def _engine(job: Job[Any], root: Root, directories: Sequence[Path]) -> Engine:
    spec: TerraformSpec = job.spec
    found = terraform.installed(ENGINES, directories, job.environment)
    return choose(found, spec.programs, constraints_of(root, spec))


def constraints_of(root: Root, spec: TerraformSpec) -> list[Constraint]:
    """Who asks for which engine: trueup.yaml, `.terraform-version`, every module's required_version."""
    found = [Constraint(spec.version, "`version` in trueup.yaml")] if spec.version else []
    wanted = VERSION_FILES[1:] if "tofu" in spec.programs else VERSION_FILES[:1]
    for name in wanted:
        path = posixpath.join(root.path, name)
        if path in root.files:
            text = root.layout.tree.read(path).decode("utf-8", "replace").strip()
            if text[:1].isdigit() or text[:1] == "v":
                found.append(Constraint(text, name, Place(path, 1)))
    for path, source in root.sources():
        if source.required_version:
            found.append(Constraint(source.required_version, f"required_version in {path}", Place(path)))
    return found
