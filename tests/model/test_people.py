"""People and their many names: one human being is one vote, whatever name they come under."""

from datetime import UTC, datetime

import pytest

from trueup.engine.catalog import identities
from trueup.model.people import Identity, People, Person
from trueup.system.history import Commit

MIRA = Person(
    "mira",
    {
        "email": ("mira@acme.com", "*+mira@acme.com"),
        "github": ("mira-l",),
        "oidc": ("https://login.acme.com|8f3a",),
        "aws": ("*:mira@acme.com",),
    },
)
KNOWN = People((MIRA, Person("anna", {"email": ("anna@acme.com",), "os": ("ak",)})))


@pytest.mark.parametrize(
    "identity",
    [
        Identity("email", "Mira@ACME.com"),
        Identity("email", "dev+mira@acme.com"),
        Identity("email", "4711+mira-l@users.noreply.github.com"),
        Identity("email", "mira-l@users.noreply.github.com"),
        Identity("github", "Mira-L"),
        Identity("oidc", "https://login.acme.com|8f3a"),
        Identity("aws", "AROAEXAMPLE:mira@acme.com"),
        Identity("os", "mira"),
        Identity("name", "Mira"),
        Identity("name", "mira@acme.com"),
        Identity("name", "github:mira-l"),
    ],
    ids=str,
)
def test_one_person_under_every_name(identity: Identity) -> None:
    """Git e-mail in any case, forge login, what a forge writes for hidden addresses, OIDC, cloud, account, `--as`."""
    assert KNOWN.who(identity) == "mira"


@pytest.mark.parametrize(
    "identity",
    [
        Identity("github", "mira"),
        Identity("email", "mira-l@users.noreply.gitlab.com"),
        Identity("email", "mira@acme.com.example"),
        Identity("github", "mira@acme.com"),
        Identity("name", "gitlab:mira-l"),
    ],
    ids=str,
)
def test_a_name_of_another_kind_is_another_person(identity: Identity) -> None:
    """Whoever registers somebody's name elsewhere is not that person."""
    assert KNOWN.who(identity) not in ("mira", "anna")


def test_strangers_stay_distinguishable_and_equal_to_themselves() -> None:
    """An author whom nobody declared may not approve under the name that the ledger shows for them."""
    stranger = KNOWN.who(Identity("github", "joe"))
    assert stranger == "github:joe"
    assert KNOWN.who(Identity("name", stranger)) == stranger


def test_co_authors_are_authors() -> None:
    """By e-mail, or by the bare name that somebody typed."""
    trailers = (("Co-authored-by", "Mira L <Mira@acme.com>"), ("co-authored-by", "anna"))
    ben = ("Ben", "ben@acme.com")
    commit = Commit("c0ffee", (), *ben, *ben, datetime(2026, 11, 1, tzinfo=UTC), "Open it", trailers)
    assert KNOWN.who_all(identities([commit])) == {"ben@acme.com", "mira", "anna"}
