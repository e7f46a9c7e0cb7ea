"""A proposal does not choose whose code runs, with which secrets and against which host: the default branch does."""

from pathlib import Path

import pytest

from tests.dns.jobs import CONFIG, POWERDNS, WWW, ZONE, Place, tree, with_provider
from trueup.model.errors import Refused, TrueupError
from trueup.ports.tree import Tree

AGREED = with_provider(**POWERDNS)


def refusal(place: Place, files: dict[str, str], agreed: Tree | None) -> str:
    """What is said of a proposal; the server that it names is asked nothing."""
    job = place.job(files, "proposal", agreed=lambda: agreed)
    with pytest.raises(Refused) as caught, place.driver.observe(job):
        raise AssertionError("it was let in")
    assert caught.value.place is not None and "by itself first" in caught.value.hint
    return str(caught.value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"KEY": "the-api-key", "OTHER": "another secret"})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("host: 192.0.2.53", "host: attacker.example", f"{CONFIG}:7:5: `host` of `live` is another one"),
        ("env/KEY", "env/OTHER", f"{CONFIG}:8:5: `api_key` of `live` is another one"),
        ("PowerDnsProvider", "PowerDnsBaseProvider", f"{CONFIG}:6:5: `live` is of another class"),
        (
            "zones:\n  example",
            "processors:\n  x:\n    class: octodns.processor.filter.TtlRestrictionFilter\nzones:\n  example",
            "`x` in `processors` is new",
        ),
        ("providers:", "manager:\n  auto_arpa: true\nproviders:", f"{CONFIG}:2:3: `auto_arpa` of `manager`"),
        (
            "providers:",
            "secret_handlers:\n  v:\n    class: octodns_vault.Secrets\n    token: env/OTHER\nproviders:",
            "the variable OTHER is asked for",
        ),
    ],
)
def test_what_decides_is_the_default_branchs(place: Place, old: str, new: str, said: str) -> None:
    """Named with file and line; merged by itself it counts."""
    assert old in AGREED[CONFIG]
    proposed = {**AGREED, CONFIG: AGREED[CONFIG].replace(old, new, 1)}
    assert said in refusal(place, proposed, tree(AGREED))


def test_a_new_configuration_runs_for_nobody_before_it_is_merged(place: Place) -> None:
    """Nobody agreed to any of it yet."""
    assert "the configuration is new" in refusal(place, AGREED, tree({"README.md": ""}))


def test_zones_and_speed_are_what_proposals_are_for(place: Place) -> None:
    """A new zone, another record, another number of workers: nothing of that decides about code or secrets."""
    more = AGREED[CONFIG].replace("zones:\n  example.com.:", "zones:\n  example.com.: &z", 1) + "  example.net.: *z\n"
    files = {CONFIG: "manager:\n  max_workers: 4\n" + more, ZONE: WWW + "x:\n  type: A\n  value: 192.0.2.2\n"}
    job = place.job(files, "proposal", agreed=lambda: tree(AGREED))
    with place.driver.observe(job) as observation:
        assert observation is not None


def test_a_missing_variable_is_said_at_its_line(tmp_path: Path) -> None:
    """With the keys of trueup.yaml that set one."""
    with pytest.raises(TrueupError, match="KEY is not set") as caught:
        Place(tmp_path, {}).plan(AGREED)
    assert str(caught.value.place) == f"{CONFIG}:8:5" and "contexts:" in caught.value.hint


def test_a_package_that_is_missing_is_named_as_pypi_has_it(tmp_path: Path) -> None:
    """`octodns_cloudflare.CloudflareProvider` is in octodns-cloudflare."""
    files = with_provider(**{"class": "octodns_constellix.ConstellixProvider", "api_key": "env/KEY"})
    with pytest.raises(TrueupError, match="is not installed") as caught:
        Place(tmp_path, {"KEY": "k"}).plan(files)
    assert caught.value.hint == "pip install octodns-constellix" and str(caught.value.place).startswith(f"{CONFIG}:6")
