"""Fixtures: an emulated AWS per worker, a Terraform, and the provider from a mirror that all workers share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from trueup.demo import providers
from trueup.demo.cloud import Cloud

ROOT = Path(__file__).parent.parent


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
def terraform() -> Path:
    """The engine's executable."""
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        pytest.skip("neither terraform nor tofu is on PATH: install one from https://opentofu.org/docs/intro/install/")
    return Path(found)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The filesystem mirror with the AWS provider, kept between test runs."""
    return providers.mirror(ROOT / "build" / "providers")


@pytest.fixture(scope="session")
def tf_environment(mirror: Path, terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A whole environment for Terraform without a network and without credentials: add `cloud.environment(who)`."""
    home = tmp_path_factory.mktemp("home")
    config = home / "offline.tfrc"
    config.write_text(providers.cli_config(mirror))
    return {
        "PATH": f"{terraform.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
