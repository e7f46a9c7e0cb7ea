"""The working directory of one stack and purpose: the closure's files, Terraform's data, what `init` was done for."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.drivers.terraform.engine import Engine
from trueup.drivers.terraform.reading import LOCK_FILE, Root
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.stack import Purpose
from trueup.model.values import JSON, digest_bytes
from trueup.ports.driver import Job

_GROUPS: Mapping[Purpose, str] = {
    "proposal": "proposal",
    "check": "check",
    "delivery": "delivery",
    "revert": "delivery",
    "destroy": "delivery",
}
"""Proposals and checks plan other revisions than deliveries: each has files and data of its own, so that they do not
undo each other's `init`."""

_NOT_PASSED_ON = ("TF_DATA_DIR", "TF_WORKSPACE", "TF_PLUGIN_CACHE_DIR", "TF_INPUT", "TF_LOG", "TF_CLI_ARGS")
"""Ours to decide; a plugin cache is damaged by two inits at once, and TF_CLI_ARGS could hide drift."""


@dataclass(frozen=True)
class Workdir:
    base: Path
    path: str
    """The root module's directory in the tree."""

    @property
    def tree(self) -> Path:
        return self.base / "tree"

    @property
    def root(self) -> Path:
        """Where Terraform runs."""
        return self.tree / self.path

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def plan_file(self) -> Path:
        return self.base / "plan.tfplan"

    @property
    def variables_file(self) -> Path:
        return self.base / "variables.tfvars.json"

    @property
    def errored_state(self) -> Path:
        """Where Terraform leaves a state that it could not save."""
        return self.root / "errored.tfstate"

    def lock_file(self) -> bytes:
        file = self.root / LOCK_FILE
        return file.read_bytes() if file.exists() else b""


def workdir_of(job: Job[Any]) -> Workdir:
    return Workdir(job.directory / _GROUPS[job.purpose], job.path.strip("/"))


def lay_out(workdir: Workdir, root: Root) -> None:
    """Brings the files to the closure's content: writes what is new or was touched, removes what left it."""
    workdir.tree.mkdir(mode=0o700, parents=True, exist_ok=True)
    workdir.base.chmod(0o700)
    index = workdir.base / "files.json"
    known: dict[str, list[Any]] = json.loads(index.read_text()) if index.exists() else {}
    index.unlink(missing_ok=True)
    for path in known.keys() - root.files.keys():
        (workdir.tree / path).unlink(missing_ok=True)
    wanted = [path for path, content in root.files.items() if known.get(path) != [content, *_stat(workdir.tree / path)]]
    for path in wanted:
        _clear(workdir.tree / path)
    root.layout.tree.write_to(workdir.tree, wanted)
    workdir.root.mkdir(parents=True, exist_ok=True)
    stats = {path: [content, *_stat(workdir.tree / path)] for path, content in root.files.items()}
    write_private(index, json.dumps(stats).encode())


def _stat(file: Path) -> list[int]:
    try:
        found = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [found.st_size, found.st_mtime_ns]


def _clear(file: Path) -> None:
    if file.is_symlink() or file.is_file():
        file.unlink()
    elif file.is_dir():
        shutil.rmtree(file)


def write_private(file: Path, content: bytes) -> None:
    """Complete or not at all, for us alone."""
    growing = file.with_name(file.name + ".new")
    with os.fdopen(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    growing.replace(file)


def write_settings(workdir: Workdir, spec: TerraformSpec) -> None:
    """The stack's own variables as a file, not as arguments that everybody on the machine could read."""
    write_private(workdir.variables_file, json.dumps(dict(spec.vars)).encode())
    if spec.plugin_mirror:
        path = json.dumps(spec.plugin_mirror)
        write_private(
            workdir.base / "cli.tfrc",
            f"provider_installation {{\n  filesystem_mirror {{\n    path = {path}\n  }}\n}}\n".encode(),
        )


def environment_of(job: Job[Any], workdir: Workdir) -> dict[str, str]:
    """Exactly the job's environment and Terraform's own switches."""
    spec: TerraformSpec = job.spec
    # Providers are quick programs with big schemas: half as many collections save a seventh of a plan's processor time.
    given = {"GOGC": "200"}
    given |= {name: value for name, value in job.environment.items() if not name.startswith(_NOT_PASSED_ON)}
    given |= {f"TF_VAR_{name}": variable_text(value) for name, value in job.inputs.items()}
    given |= {
        "TF_DATA_DIR": str(workdir.data),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        # Modules come over git, and nobody is there to answer.
        "GIT_TERMINAL_PROMPT": "0",
    }
    if spec.workspace:
        given["TF_WORKSPACE"] = spec.workspace
    if spec.plugin_mirror and "TF_CLI_CONFIG_FILE" not in given:
        given["TF_CLI_CONFIG_FILE"] = str(workdir.base / "cli.tfrc")
    return given


def variable_text(value: JSON) -> str:
    """A value as TF_VAR_* takes it: texts as they are, everything else as an expression, with `${` kept literal."""
    if isinstance(value, str):
        return value
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def variable_arguments(workdir: Workdir, spec: TerraformSpec) -> list[str]:
    files = [f"-var-file={name}" for name in spec.var_files]
    return [*files, f"-var-file={workdir.variables_file}"] if spec.vars else files


@dataclass(frozen=True)
class InitStamp:
    """What `init` depends on; equal to the last successful one's, `init` has nothing to do."""

    workdir: Workdir
    content: JSON

    @property
    def _file(self) -> Path:
        return self.workdir.base / "init.json"

    def is_current(self) -> bool:
        if not self._file.exists() or not self.workdir.data.is_dir():
            return False
        known = json.loads(self._file.read_text())
        return bool(known == {**self.content, "lock": digest_bytes(self.workdir.lock_file())})

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    def keep(self) -> None:
        """The lock file is taken as `init` left it. Without providers and backend Terraform makes no directory."""
        self.workdir.data.mkdir(mode=0o700, exist_ok=True)
        stamp = {**self.content, "lock": digest_bytes(self.workdir.lock_file())}
        write_private(self._file, json.dumps(stamp).encode())


def init_stamp(job: Job[Any], workdir: Workdir, root: Root, engine: Engine) -> InitStamp:
    spec: TerraformSpec = job.spec
    for_init = {path: list(source.for_init) for path, source in root.sources() if source.for_init}
    settings = {name: value for name, value in job.environment.items() if name.startswith("TF_")}
    settings = {name: value for name, value in settings.items() if not name.startswith("TF_VAR_")}
    backend = [spec.workspace, dict(spec.backend_config), [root.files.get(name) for name in spec.backend_files]]
    return InitStamp(
        workdir,
        {
            "engine": [str(engine.program), engine.version],
            "code": for_init,
            "settings": job.hash_secret([settings, backend, list(spec.backend_files), spec.plugin_mirror]),
        },
    )
