"""Whose a live record is: ACME clients, external-dns, another octoDNS, or ours."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.drivers.dns.process.ownership import Marker, Rules, owners, registered_at

ZONE = "example.com."
REGISTRY = ('"heritage=external-dns,external-dns/owner=prod,external-dns/resource=ingress/shop/web"',)
WHO = "external-dns (owner prod, ingress/shop/web)"
Name = tuple[str, str]

labels = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?\Z")
names = st.lists(labels, min_size=1, max_size=3).map(".".join)
types = st.sampled_from(["A", "AAAA", "CNAME", "MX", "NS", "SRV"])
affixes = st.sampled_from(
    [
        Rules(),
        Rules(prefix="xdns-"),
        Rules(prefix="xdns."),
        Rules(suffix="-xdns"),
        Rules(prefix="xdns-%{record_type}-"),
        Rules(prefix="xdns-%{record_type}."),
        Rules(suffix="-%{record_type}-xdns"),
        Rules(wildcard="any"),
    ]
)


def others(
    live: dict[Name, Sequence[str]], declared: Sequence[Name] = (), rules: Rules | None = None
) -> dict[Name, str]:
    return dict(owners(ZONE, live.items(), declared, (), rules).others)


def below(full: str) -> str:
    return full.removesuffix("example.com").removesuffix(".")


def test_a_challenge_and_its_cname_are_somebody_elses() -> None:
    """TXT and CNAME below _acme-challenge, at any depth; not an A that only starts like one."""
    live: dict[Name, Sequence[str]] = {
        ("_acme-challenge", "TXT"): ["token"],
        ("_acme-challenge.shop", "CNAME"): ["x.acme.example.net."],
        ("_abc._acme-challenge.shop", "TXT"): ["token"],
        ("acme-challenge", "TXT"): ["ours"],
        ("_acme-challenge", "A"): ["192.0.2.1"],
    }
    assert set(others(live)) == {
        ("_acme-challenge", "TXT"),
        ("_acme-challenge.shop", "CNAME"),
        ("_abc._acme-challenge.shop", "TXT"),
    }


def test_a_challenge_that_the_code_has_or_had_is_ours() -> None:
    """Declared: kept. Settled and taken out of the code: to be deleted like anything else."""
    name = ("_acme-challenge", "CNAME")
    live = {name: ["x.acme.example.net."]}
    assert not owners(ZONE, live.items(), [name]).others
    assert not owners(ZONE, live.items(), [], [name]).others


def test_external_dns_owns_what_stands_behind_its_type_prefix() -> None:
    """`a-app` registers the A of `app`: neither is ours, a hand-made AAAA beside it is."""
    live: dict[Name, Sequence[str]] = {
        ("a-app", "TXT"): REGISTRY,
        ("app", "A"): ["192.0.2.1"],
        ("app", "AAAA"): ["2001:db8::1"],
        ("hand", "A"): ["192.0.2.2"],
    }
    assert others(live) == {("a-app", "TXT"): WHO, ("app", "A"): WHO}


def test_the_old_form_owns_every_type_of_its_name() -> None:
    """A TXT beside the record, as external-dns wrote before it named types."""
    live: dict[Name, Sequence[str]] = {
        ("app", "TXT"): REGISTRY,
        ("app", "A"): ["192.0.2.1"],
        ("app", "AAAA"): ["2001:db8::1"],
    }
    assert set(others(live)) == set(live)


def test_a_new_form_is_not_read_as_the_old_form_of_its_own_name() -> None:
    """An A made by hand at `a-app` is not external-dns's only because the TXT of `app` stands there."""
    live: dict[Name, Sequence[str]] = {
        ("a-app", "TXT"): REGISTRY,
        ("app", "A"): ["192.0.2.1"],
        ("a-app", "A"): ["192.0.2.66"],
    }
    assert ("a-app", "A") not in others(live)


def test_an_alias_of_route_53_is_registered_as_a_cname() -> None:
    """octoDNS has a type of its own for it."""
    live: dict[Name, Sequence[str]] = {("cname-app", "TXT"): REGISTRY, ("app", "Route53Provider/ALIAS"): ["lb"]}
    assert set(others(live)) == set(live)


@pytest.mark.parametrize(
    ("rules", "at"),
    [
        (Rules(prefix="xdns-"), "xdns-a-app.example.com"),
        (Rules(prefix="xdns-%{record_type}."), "xdns-a.app.example.com"),
        (Rules(suffix="-xdns"), "a-app-xdns.example.com"),
        (Rules(suffix="-%{record_type}-xdns"), "app-a-xdns.example.com"),
    ],
)
def test_the_names_that_external_dns_is_told_to_use(rules: Rules, at: str) -> None:
    """`--txt-prefix` and `--txt-suffix`, with and without the type in them."""
    assert registered_at("app.example.com", "A", rules) == at


def test_a_wildcard_may_be_registered_under_another_label() -> None:
    """`--txt-wildcard-replacement=any`."""
    assert registered_at("*.apps.example.com", "A", Rules(wildcard="any")) == "a-any.apps.example.com"
    assert registered_at("*.apps.example.com", "A", Rules()) == "a-*.apps.example.com"


def test_a_record_that_moved_from_the_code_to_external_dns_is_not_ours_to_delete() -> None:
    """It was settled, the code has it no more, and external-dns says that it is its own."""
    live: dict[Name, Sequence[str]] = {("a-app", "TXT"): REGISTRY, ("app", "A"): ["192.0.2.1"]}
    assert ("app", "A") in owners(ZONE, live.items(), [], [("app", "A")]).others


def test_two_writers_are_told() -> None:
    """The code has a record that external-dns registered: it stays ours, and is contested."""
    live: dict[Name, Sequence[str]] = {("a-app", "TXT"): REGISTRY, ("app", "A"): ["192.0.2.1"]}
    found = owners(ZONE, live.items(), [("app", "A")])
    assert found.contested == {("app", "A"): WHO}
    assert set(found.others) == {("a-app", "TXT")}


def test_a_text_that_only_mentions_external_dns_registers_nothing() -> None:
    """The heritage stands first."""
    live: dict[Name, Sequence[str]] = {
        ("app", "TXT"): ["we moved to heritage=external-dns"],
        ("app", "A"): ["192.0.2.1"],
    }
    assert not others(live)


def test_with_an_ownership_processor_only_what_is_marked_is_ours() -> None:
    """A record without a marker belongs to others, one with a foreign marker to whoever wrote it."""
    live: dict[Name, Sequence[str]] = {
        ("www", "A"): ["192.0.2.1"],
        ("_owner.a.www", "TXT"): ["*octodns*"],
        ("*", "A"): ["192.0.2.2"],
        ("_owner.a._wildcard", "TXT"): ["*octodns*"],
        ("", "MX"): ["10 mail"],
        ("_owner.mx", "TXT"): ["*octodns*"],
        ("hand", "A"): ["192.0.2.3"],
        ("shop", "A"): ["192.0.2.4"],
        ("_owner.a.shop", "TXT"): ["team-shop"],
    }
    found = others(live, rules=Rules(marker=Marker()))
    assert set(found) == {("hand", "A"), ("shop", "A"), ("_owner.a.shop", "TXT")}
    assert "team-shop" in found["shop", "A"]


def test_what_another_octodns_marks_is_not_ours() -> None:
    """This configuration has no ownership processor, another one's has."""
    live: dict[Name, Sequence[str]] = {
        ("www", "A"): ["192.0.2.1"],
        ("shop", "A"): ["192.0.2.4"],
        ("_owner.a.shop", "TXT"): ["*octodns*"],
    }
    assert set(others(live)) == {("shop", "A"), ("_owner.a.shop", "TXT")}


@given(rules=affixes, name=names, type=types, more=st.dictionaries(st.tuples(names, types), st.just(["x"])))
def test_what_is_registered_is_found_whatever_the_names(
    rules: Rules, name: str, type: str, more: dict[Name, Sequence[str]]
) -> None:
    """A record and the TXT that external-dns writes for it are both theirs, with every way to name it."""
    text = (below(registered_at(f"{name}.example.com", type, rules)), "TXT")
    found = others({**more, (name, type): ["x"], text: REGISTRY}, rules=rules)
    assert {(name, type), text} <= set(found)


@given(rules=affixes, live=st.dictionaries(st.tuples(names, types), st.just(["x"])))
def test_without_a_registry_nothing_is_external_dnss(rules: Rules, live: dict[Name, Sequence[str]]) -> None:
    """However the records are called."""
    assert not others(live, rules=rules)


@given(rules=affixes, live=st.dictionaries(st.tuples(names, st.sampled_from(["A", "TXT"])), st.just(REGISTRY)))
def test_what_the_code_has_is_never_somebody_elses(rules: Rules, live: dict[Name, Sequence[str]]) -> None:
    """It may be contested, and no live record is both."""
    found = owners(ZONE, live.items(), list(live), (), rules)
    assert not found.others
    assert set(found.contested) <= set(live)
