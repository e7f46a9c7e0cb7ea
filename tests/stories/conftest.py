"""The office of the stories: everything live, applied by hand, and only observed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import Company
from tests.stories.office import Office, open_office


@pytest.fixture
def office(company_live: Company, tmp_path: Path) -> Iterator[Office]:
    with open_office(company_live, tmp_path) as office:
        office.scheduler.refresh()
        yield office
