"""Fixtures: an emulated AWS, a Terraform with its provider from a shared mirror, and the company of the story."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trueup.demo import company as story
from trueup.demo import providers
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal, open_terminal

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Company:
    """The company's repository (a working tree on `main`), its cloud, and a terminal without credentials."""

    repository: Path
    cloud: Cloud
    terminal: Terminal


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulated AWS for all tests of one worker: give what you create names of your own."""
    with Cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def fresh_cloud(tmp_path: Path) -> Iterator[Cloud]:
    """An emulated AWS for one test alone (two seconds): for `interrupt` and for counting what was recorded."""
    with Cloud(tmp_path / "cloud") as cloud:
        yield cloud


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The filesystem mirror with the AWS provider, kept between test runs."""
    return providers.mirror(ROOT / "build" / "providers")


@pytest.fixture(scope="session")
def terminal(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Plain terraform and git without credentials: `terminal.having(cloud.environment(who)).run(directory, "plan")`."""
    return open_terminal(tmp_path_factory.mktemp("home"), mirror)


@pytest.fixture(scope="session")
def terraform(terminal: Terminal) -> Path:
    """The engine's executable: from PATH, or the embedded one."""
    return terminal.terraform


@pytest.fixture(scope="session")
def tf_environment(terminal: Terminal) -> dict[str, str]:
    """A whole environment for Terraform without a network and without credentials: add `cloud.environment(who)`."""
    return dict(terminal.environment)


@pytest.fixture
def company(tmp_path: Path, fresh_cloud: Cloud, terminal: Terminal) -> Company:
    """The company's repository, seeded and not applied, in a cloud for this test alone."""
    return Company(story.seed(tmp_path / "infrastructure", fresh_cloud, terminal), fresh_cloud, terminal)


@pytest.fixture
def company_live(company: Company) -> Company:
    """The same, applied by hand in dev and prod (eight seconds): the test may do to it what it likes."""
    story.apply_by_hand(company.repository, company.cloud, company.terminal)
    return company


@pytest.fixture(scope="session")
def company_shared(tmp_path_factory: pytest.TempPathFactory, terminal: Terminal) -> Iterator[Company]:
    """The company applied once per worker, for tests that only read it: change neither its cloud nor its repository."""
    place = tmp_path_factory.mktemp("company")
    with Cloud(place / "cloud") as cloud:
        repository = story.seed(place / "infrastructure", cloud, terminal)
        story.apply_by_hand(repository, cloud, terminal)
        yield Company(repository, cloud, terminal)
