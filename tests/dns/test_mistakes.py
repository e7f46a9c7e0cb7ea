"""What is wrong in a zone is said at its file and line, whatever octoDNS makes of it; servers are quoted."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.dns.jobs import CONFIG, ZONE, Place, config
from tests.dns.powerdns import PowerDNS
from tests.dns.servers import running
from trueup.model.errors import Invalid, Rejected, Unavailable
from trueup.ports.driver import Limits

GOOD = "www:\n  type: A\n  value: 192.0.2.1\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerDNS]:
    """One for all: nothing is written to it."""
    with running(PowerDNS(tmp_path_factory.mktemp("powerdns"))) as server:
        yield server


@pytest.fixture
def place(server: PowerDNS, tmp_path: Path) -> Place:
    return Place(tmp_path, server.environment)


@pytest.mark.parametrize(
    ("zone", "said", "line"),
    [
        (GOOD + "x:\n  type: A\n  value: 192.0.2.400\n", "invalid IPv4 address", 5),
        (GOOD + "x:\n  type: MX\n  value: {exchange: mx.}\n", "missing preference", 5),
        ("'':\n  type: CNAME\n  value: a.example.\n", "root CNAME not allowed", 2),
        (GOOD + "x:\n- {type: A, value: 192.0.2.1}\n- {type: CNAME, value: a.example.}\n", "CNAME", 5),
        (
            GOOD + "x:\n- {type: A, value: 192.0.2.1}\n- {type: A, value: 192.0.2.2}\n",
            "again at dns/zones/example.com.yaml:6",
            5,
        ),
        (
            "X:\n  type: A\n  value: 192.0.2.1\nx:\n  type: A\n  value: 192.0.2.1\n",
            "again at dns/zones/example.com.yaml:5",
            2,
        ),
        ("x:\n  type: A\n  value: 192.0.2.1\nb:\n  type: A\n  value: 192.0.2.1\n", "keys out of order", 1),
        (GOOD + "x: {type: A\ny: [\n", "expected|did not find", 5),
        (GOOD + "x:\n  value: 192.0.2.1\n", "missing type", 5),
        (GOOD + "x:\n  type: AX\n  value: 192.0.2.1\n", "Unknown record type", 5),
        (GOOD + "x: 192.0.2.1\n", "is no mapping", 4),
        ("- www\n- x\n", "a zone file is a mapping", 1),
        (GOOD + "x:\n  type: TXT\n  value: 12345\n", "which is no text", 6),
        (GOOD + "x:\n  type: TXT\n  values: [a, 7]\n", "which is no text", 6),
        ("a.zz:\n  type: A\n  value: 192.0.2.1\n", "under a managed subzone", 2),
    ],
)
def test_a_mistake_in_a_zone_has_its_line(place: Place, server: PowerDNS, zone: str, said: str, line: int) -> None:
    """Each way in which octoDNS complains, and each in which it falls over."""
    files = {CONFIG: config(server.provider(), "example.com.", "zz.example.com."), ZONE: zone}
    files["dns/zones/zz.example.com.yaml"] = "{}\n"
    with pytest.raises(Invalid, match=said) as caught:
        place.plan(files)
    assert (caught.value.place.file, caught.value.place.line) == (ZONE, line) if caught.value.place else False


def test_the_mistakes_of_all_zones_are_said_at_once(place: Place, server: PowerDNS) -> None:
    """One zone does not hide the other's."""
    zones = ("example.com.", "example.net.")
    files = {CONFIG: config(server.provider(), *zones), ZONE: "x: 1\n", "dns/zones/example.net.yaml": "y: 2\n"}
    with pytest.raises(Invalid) as caught:
        place.plan(files)
    assert "record of `x`" in str(caught.value) and "dns/zones/example.net.yaml:1:4" in str(caught.value)


def test_a_mistake_that_an_alias_shares_is_said_once(place: Place, server: PowerDNS) -> None:
    """Its zone's file is read for it again."""
    document = yaml.safe_load(config(server.provider()))
    document["zones"]["example.net."] = {"alias": "example.com."}
    with pytest.raises(Invalid) as caught:
        place.plan({CONFIG: yaml.safe_dump(document), ZONE: GOOD + "x:\n  type: A\n  value: 192.0.2.400\n"})
    assert str(caught.value).count("192.0.2.400") == 1


def test_an_alias_of_what_no_source_lists_has_its_line(place: Place, server: PowerDNS) -> None:
    """A dynamic entry might stand for it; that it does not, only the sources say."""
    document = yaml.safe_load(config(server.provider()))
    document["zones"] = {"*": document["zones"]["example.com."], "example.net.": {"alias": "example.org."}}
    text = yaml.safe_dump(document)
    with pytest.raises(Invalid, match=r"alias of example\.org\., which no source lists") as caught:
        place.plan({CONFIG: text, ZONE: GOOD})
    assert caught.value.place is not None and text.splitlines()[caught.value.place.line - 1] == "  example.net.:"


def test_a_zone_without_a_file_is_said_at_its_line_in_the_configuration(place: Place, server: PowerDNS) -> None:
    """And what to do."""
    with pytest.raises(Invalid, match=r"no file for the zone example\.org") as caught:
        place.plan({CONFIG: config(server.provider(), "example.com.", "example.org."), ZONE: GOOD})
    text = config(server.provider(), "example.com.", "example.org.").splitlines()
    assert caught.value.place is not None and text[caught.value.place.line - 1] == "  example.org.:"


def test_a_provider_is_built_of_what_it_knows(place: Place, server: PowerDNS) -> None:
    """A setting that it does not take is said with the provider's name and line."""
    with pytest.raises(Invalid, match=r"Incorrect provider config for live") as caught:
        place.plan({CONFIG: config({**server.provider(), "hots": "x"}), ZONE: GOOD})
    assert caught.value.place is not None and caught.value.place.file == CONFIG


@pytest.mark.parametrize(
    ("class_name", "said"),
    [
        ("octodns.manager.Manager", "none of octoDNS's providers"),
        ("octodns_bind.makedirs", "none of octoDNS's providers"),
        ("octodns.yaml.safe_load", "none of octoDNS's providers"),
        ("octodns.provider.nope.Provider", "there is no octodns.provider.nope"),
        ("octodns_powerdns.PowerDnsProvidr", "there is no octodns_powerdns.PowerDnsProvidr"),
    ],
)
def test_what_plays_no_role_is_not_built(place: Place, class_name: str, said: str) -> None:
    """octoDNS's own packages hold other callables too, some of which would run what they are given."""
    with pytest.raises(Invalid, match=said) as caught:
        place.plan({CONFIG: config({"class": class_name}), ZONE: GOOD})
    text = config({"class": class_name}).splitlines()
    assert caught.value.place is not None and text[caught.value.place.line - 1] == f"    class: {class_name}"


def test_an_expired_key_is_rejected_with_where_it_comes_from(place: Place, server: PowerDNS) -> None:
    """The key itself is not shown."""
    place.environment = {"POWERDNS_API_KEY": "an-old-key-that-expired"}
    with pytest.raises(Rejected, match="credentials are not accepted") as caught:
        place.plan({CONFIG: config(server.provider()), ZONE: GOOD})
    assert "contexts" in caught.value.hint and "an-old-key" not in "\n".join([str(caught.value), *place.lines])


def test_a_server_that_is_down_may_answer_later(place: Place, server: PowerDNS) -> None:
    """Nothing is concluded."""
    with pytest.raises(Unavailable, match="no answer"):
        place.plan({CONFIG: config({**server.provider(), "port": 1}), ZONE: GOOD})


def test_a_time_limit_ends_the_walk(place: Place, server: PowerDNS) -> None:
    """The subprocess goes with it, at the latest after its grace: the server never answers."""
    with socket.create_server((server.host, 0)) as silent:
        files = {CONFIG: config(server.provider(port=silent.getsockname()[1], timeout=60)), ZONE: GOOD}
        with pytest.raises(Unavailable, match="took longer than its limit") as caught:
            place.plan(files, limits=Limits(plan=timedelta(milliseconds=1)))
    assert "planTimeout" in caught.value.hint


def test_a_key_twice_in_the_configuration_is_what_was_checked(place: Place, server: PowerDNS) -> None:
    """Of two equal keys the last one counts, here as there: no class hides behind an earlier one."""
    text = config(server.provider()).replace("class: octodns_powerdns", "class: os.system\n    class: octodns_powerdns")
    assert yaml.safe_load(text) == yaml.safe_load(config(server.provider()))
    assert place.plan({CONFIG: text, ZONE: GOOD}).changes
