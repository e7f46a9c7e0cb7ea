"""Somebody's own terminal: plain Terraform and plain git, with their name and their credentials, beside Trueup."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from trueup.demo.engine import install_terraform
from trueup.demo.providers import cli_config
from trueup.model.errors import Rejected
from trueup.system.processes import Command, capture

SECONDS = 300.0
"""The most that one command may take."""


@dataclass(frozen=True)
class Terminal:
    """`environment` is all that a command gets."""

    terraform: Path
    environment: Mapping[str, str]

    def having(self, *more: Mapping[str, str]) -> Self:
        """The same terminal with more variables: credentials, inputs."""
        environment = dict(self.environment)
        for variables in more:
            environment |= variables
        return replace(self, environment=environment)

    def run(self, directory: Path, *words: str) -> str:
        """Standard output of `terraform WORDS` in a directory. Raises Rejected with what Terraform said."""
        return self._run(str(self.terraform), directory, words)

    def git(self, directory: Path, *words: str) -> str:
        """Standard output of `git WORDS`. Raises Rejected with what git said."""
        return self._run("git", directory, words)

    def _run(self, program: str, directory: Path, words: tuple[str, ...]) -> str:
        ended = capture(Command((program, *words), directory, self.environment), seconds=SECONDS)
        if ended.code:
            said = (ended.stdout + ended.stderr).decode(errors="replace").strip()
            raise Rejected(f"`{Path(program).name} {' '.join(words)}` in {directory} ended with {ended.code}: {said}")
        return ended.stdout.decode()


def open_terminal(home: Path, mirror: Path) -> Terminal:
    """A terminal without credentials and without anything of this process's environment but PATH's programs.

    Its engine is terraform or tofu from PATH, the embedded one where there is neither.
    """
    home.mkdir(parents=True, exist_ok=True)
    config = home / "offline.tfrc"
    config.write_text(cli_config(mirror))
    found = shutil.which("terraform") or shutil.which("tofu")
    terraform = Path(found) if found else install_terraform(home / "bin")
    git = shutil.which("git")
    folders = [terraform.parent, *([Path(git).parent] if git else []), Path("/usr/bin"), Path("/bin")]
    return Terminal(
        terraform,
        {
            "PATH": ":".join(str(folder) for folder in dict.fromkeys(folders)),
            "HOME": str(home),
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        },
    )
