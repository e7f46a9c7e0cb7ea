"""The office of the stories: everything live, applied by hand, and only observed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import Cloud, Company
from tests.stories.office import Office, open_office
from tests.stories.small import APP, SmallOffice, data, open_small, open_with
from trueup.demo.terminal import Terminal


@pytest.fixture
def office(company_live: Company, tmp_path: Path) -> Iterator[Office]:
    with open_office(company_live, tmp_path) as office:
        office.scheduler.refresh()
        yield office


@pytest.fixture
def small(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> Iterator[SmallOffice]:
    """One security group, applied by hand and only observed."""
    with open_small(cloud, terminal, tmp_path) as office:
        yield office


@pytest.fixture
def plain(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> Iterator[SmallOffice]:
    """One stack, `app`, without a cloud: adopted while it was empty, and delivered once."""
    with open_with(cloud, terminal, tmp_path, {APP: data("one", "first")}) as office:
        office.look()
        office.deliver("app")
        assert office.finish("app").converged
        yield office
