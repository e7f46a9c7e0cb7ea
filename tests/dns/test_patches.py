"""What octoDNS is given without a setting for it: held here, because nothing promises that it stays possible."""

import io
from collections.abc import Iterator
from pathlib import Path

import octodns.manager
import octodns.yaml
import pytest
import yaml

from trueup.drivers.dns.process import patches

TEXT = """\
---
'':
  - type: MX
    values:
      - exchange: mx.example.com.
        preference: 10
  - type: TXT
    value: "v=spf1 \\\\; é"
1:
  type: A
  values: [192.0.2.1, 192.0.2.2]
www: &www
  ttl: 0600
  type: A
  value: 192.0.2.1
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in the subprocess; taken back, because this process goes on."""
    monkeypatch.setattr(octodns.manager, "EnvironSecrets", octodns.manager.EnvironSecrets)
    monkeypatch.setattr(octodns.yaml, "ContextLoader", octodns.yaml.ContextLoader)
    monkeypatch.setattr(octodns.yaml, "_loaders", dict(octodns.yaml._loaders))
    patches.install()
    yield


def loaded(text: str, name: str = "zones/example.com.yaml", **options: bool) -> object:
    stream = io.StringIO(text)
    stream.name = name
    return octodns.yaml.safe_load(stream, **options)


def contexts(value: object) -> list[str]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [str(value.context)] if isinstance(value, dict) and hasattr(value, "context") else []
    return own + [context for child in inside for context in contexts(child)]


@pytest.mark.parametrize("enforce", [True, False])
def test_the_quick_loader_reads_the_same_values_and_places(enforce: bool, request: pytest.FixtureRequest) -> None:
    """octoDNS's own loader first, then ours."""
    theirs = loaded(TEXT, enforce_order=enforce)
    request.getfixturevalue("installed")
    ours = loaded(TEXT, enforce_order=enforce)
    assert ours == theirs and contexts(ours) == contexts(theirs) and len(contexts(ours)) == 6


@pytest.mark.usefixtures("installed")
def test_the_order_of_keys_is_enforced_as_before() -> None:
    """With the place in the text."""
    with pytest.raises(yaml.constructor.ConstructorError, match=r"keys out of order.*example\.com\.yaml, line 1"):
        loaded("b:\n  type: A\n  value: 192.0.2.1\na:\n  type: A\n  value: 192.0.2.1\n")


@pytest.mark.usefixtures("installed")
def test_includes_start_from_the_including_file(tmp_path: Path) -> None:
    """As with octoDNS's own loader."""
    (tmp_path / "www.yaml").write_text("type: A\nvalue: 192.0.2.1\n")
    found = loaded("www: !include www.yaml\n", str(tmp_path / "example.com.yaml"))
    assert found == {"www": {"type": "A", "value": "192.0.2.1"}}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("api_key", "0012345", "0012345"),
        ("api_key", "12345", "12345"),
        ("token", "1.50", "1.50"),
        ("account_id", "42", "42"),
        ("port", "8081", 8081),
        ("port", "08081", "08081"),
        ("timeout", "2.5", 2.5),
        ("host", "ns1.example.com", "ns1.example.com"),
    ],
)
def test_a_key_of_digits_stays_a_text(
    setting: str, value: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """octoDNS makes numbers of what looks like one; a number that counts as one stays one."""
    monkeypatch.setenv("VARIABLE", value)
    handler = octodns.manager.EnvironSecrets("env")
    found = handler.fetch("VARIABLE", {setting: "env/VARIABLE"})
    assert found == expected and type(found) is type(expected)
