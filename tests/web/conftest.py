"""What the API's tests share: a site, and clients for the owner and for people."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.web.calling import calling
from tests.web.site import OWNER, Bench, bench
from trueup.web.tokens import Scope

Person = Callable[..., httpx.Client]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


@pytest.fixture
def owner(site: Bench) -> Iterator[httpx.Client]:
    """On this machine, with the token of the data directory."""
    with calling(site.app, Authorization=f"Bearer {OWNER}") as client:
        yield client


@pytest.fixture
def person(site: Bench) -> Iterator[Person]:
    """Somebody elsewhere with a personal token: person("anna", Scope.DECIDE)."""
    with ExitStack() as stack:

        def make(name: str, *scopes: Scope) -> httpx.Client:
            token = site.token(name, *scopes)
            return stack.enter_context(calling(site.app, "203.0.113.7", Authorization=f"Bearer {token}"))

        yield make
