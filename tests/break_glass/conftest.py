"""A site with people and stacks, at a clock that stands still."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.break_glass.glass import NO_SECOND, Glass, open_glass


@pytest.fixture
def glass(tmp_path: Path) -> Iterator[Glass]:
    """Nobody has to be a second person in dev; in prod somebody has to."""
    with open_glass(tmp_path, NO_SECOND) as made:
        made.clock.advance(timedelta(minutes=1).total_seconds())
        yield made
