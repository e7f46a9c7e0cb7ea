"""The scene: a cloud with a company in it, the company's repository and people, and a Trueup beside them."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from trueup.demo import company, providers
from trueup.demo.cloud import Cloud
from trueup.demo.company import Author
from trueup.demo.eventbridge import EventBridge
from trueup.demo.facts import Facts
from trueup.demo.people import TRUEUP, Person
from trueup.demo.server import Server
from trueup.demo.telling import Telling
from trueup.demo.terminal import Terminal, open_terminal
from trueup.system.processes import Command
from trueup.web.runtime import running

POLL = "2s"


@dataclass(frozen=True)
class Scene:
    """Everything is below `directory`."""

    directory: Path
    cloud: Cloud
    terminal: Terminal
    telling: Telling
    facts: Facts
    ending: ExitStack

    @property
    def laptop(self) -> Path:
        """The clone in which people edit, and from which everything was applied by hand."""
        return self.directory / "laptop"

    @property
    def bare(self) -> Path:
        """The repository that everybody pushes to; its change requests are in it."""
        return self.directory / "infra.git"

    @property
    def data(self) -> Path:
        """Trueup's data directory."""
        return self.directory / "data"

    @property
    def tools(self) -> Path:
        """On everybody's PATH."""
        return self.directory / "bin"

    @property
    def anna(self) -> Person:
        return self._person(company.ANNA)

    @property
    def ben(self) -> Person:
        return self._person(company.BEN)

    @property
    def carla(self) -> Person:
        return self._person(company.CARLA)

    @property
    def mira(self) -> Person:
        return self._person(company.MIRA)

    def start_trueup(self) -> None:
        """`trueup up` on the repository, with the one identity that the cloud gave it."""
        who = {
            "AWS_ACCESS_KEY_ID": self.cloud.trueup.access_key,
            "AWS_SECRET_ACCESS_KEY": self.cloud.trueup.secret_key,
        }
        environment = {**self._shell(), **self.cloud.address, **who}
        words = ("up", "--repo", str(self.bare), "--listen", "127.0.0.1:0", "--poll", POLL)
        command = Command((*TRUEUP, *words), self.directory, environment)
        self.ending.enter_context(Server(command, self.data, self.directory / "up"))
        self.ending.callback(self.facts.close)

    def start_events(self, token: str) -> None:
        """From now on the cloud delivers to Trueup what is written in it."""
        runtime = running(self.data)
        assert runtime is not None, "Trueup was started first"
        self.ending.enter_context(EventBridge(self.directory / "cloud", runtime.url, token))

    def _person(self, author: Author) -> Person:
        return Person(author, self.laptop, self.terminal, self._shell(), self.telling)

    def _shell(self) -> dict[str, str]:
        """The environment of a command line beside this Trueup."""
        environment = {**self.terminal.environment, "TRUEUP_DATA": str(self.data), "COLUMNS": str(self.telling.columns)}
        environment |= {"FORCE_COLOR": "1"} if self.telling.coloured else {"NO_COLOR": "1"}
        # Where this very Trueup is run from a checkout without being installed.
        path = os.environ.get("PYTHONPATH")
        environment["PATH"] = f"{self.tools}{os.pathsep}{environment['PATH']}"
        return {**environment, "LC_ALL": "C.UTF-8", **({"PYTHONPATH": path} if path else {})}


@contextmanager
def open_scene(directory: Path, telling: Telling) -> Iterator[Scene]:
    """An empty cloud, and nobody in the company's repository yet. Ends every process that it started."""
    with ExitStack() as ending:
        with telling.waiting("an AWS of its own, and the real provider"), ThreadPoolExecutor(1) as pool:
            unpacked = pool.submit(providers.mirror, directory / "providers")
            cloud = ending.enter_context(Cloud(directory / "cloud"))
            terminal = open_terminal(directory / "home", unpacked.result())
        yield Scene(directory, cloud, terminal, telling, Facts(directory / "data"), ending)
