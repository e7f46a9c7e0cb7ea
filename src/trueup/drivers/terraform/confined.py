"""What terraform needs to read besides its job's own walls: the engine and provider mirrors."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueup.drivers.terraform.engine import Engine
from trueup.drivers.terraform.workdir import Workdir
from trueup.ports.driver import Job
from trueup.system.confinement import with_readable
from trueup.system.processes import Sandbox


def sandbox_of(job: Job[Any], workdir: Workdir, engine: Engine, environment: Mapping[str, str]) -> Sandbox | None:
    """None where nothing confines the job."""
    walls = job.walls()
    if walls is None:
        return None
    inside = Sandbox(walls.readable, (*walls.writable, workdir.base), walls.hidden)
    return with_readable(inside, *_engine_files(engine), *_mirrors(environment, job.spec.plugin_mirror))


def _engine_files(engine: Engine) -> Iterator[Path]:
    """Version managers install a link, or a directory for each version."""
    yield engine.program
    yield engine.program.resolve()


def _mirrors(environment: Mapping[str, str], mirror: str | None) -> Iterator[Path]:
    """Directories that the CLI configuration names: file system mirrors, and overrides of developers."""
    if mirror:
        yield Path(mirror)
    file = Path(environment.get("TF_CLI_CONFIG_FILE", ""))
    if file.is_file():
        for path in re.findall(r'"(/[^"\n]+)"', file.read_text(encoding="utf-8", errors="replace")):
            yield Path(path)
            yield Path(path).resolve()
