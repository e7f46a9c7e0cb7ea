"""A plan that changes nothing, read from its file alone: what is real is in the states that the file holds.

`show -json` starts every provider again only to learn the schema; for an unchanged stack, which nearly every check
finds, that is half a second for nothing. Allowed only for code for which both ways once gave the same (session.py).
Format: state version 4, https://github.com/hashicorp/terraform/blob/main/internal/states/statefile/version4.go
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trueup.drivers.terraform.workdir import write_private
from trueup.model.values import JSON, Digest

_PROVIDER = re.compile(r'provider\["([^"]+)"\]')
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_./: -]*")


class NotPlain(Exception):
    """Something that only `show` can say: never leaves the driver."""


def has_secret_variables(document: JSON) -> bool:
    """Values of sensitive variables are not in the states, and copies of them could not be hidden."""
    module = document.get("configuration", {}).get("root_module", {})
    return any(variable.get("sensitive") for variable in module.get("variables", {}).values())


def document_of(state: JSON, previous: JSON, configuration: JSON) -> JSON:
    """A plan document without changes. Raises NotPlain."""
    now, before = dict(_instances(state)), dict(_instances(previous))
    drifted = [address for address, entry in before.items() if now.get(address, {}).get("values") != entry["values"]]
    return {
        "configuration": configuration,
        "resource_changes": [_change(address, entry) for address, entry in now.items()],
        "resource_drift": [_change(address, before[address]) for address in drifted],
        "output_changes": {
            name: _no_op(output.get("value"), output.get("sensitive", False))
            for name, output in state.get("outputs", {}).items()
        },
    }


def _change(address: str, entry: JSON) -> JSON:
    return {**entry["about"], "address": address, "change": _no_op(entry["values"], entry["marks"])}


def _no_op(value: JSON, marks: JSON) -> JSON:
    return {"actions": ["no-op"], "before": value, "after": value, "before_sensitive": marks, "after_sensitive": marks}


def _instances(state: JSON) -> Iterator[tuple[str, JSON]]:
    for resource in state.get("resources", ()):
        provider = _PROVIDER.search(resource.get("provider", ""))
        if resource["mode"] != "managed":
            continue
        if provider is None:
            raise NotPlain
        about = {"mode": "managed", "type": resource["type"], "name": resource["name"], "provider_name": provider[1]}
        prefix = f"{resource['module']}." if "module" in resource else ""
        for instance in resource["instances"]:
            if "deposed" in instance or "attributes" not in instance:
                raise NotPlain
            address = f"{prefix}{resource['type']}.{resource['name']}{_key(instance.get('index_key'))}"
            values = {name: _unwrapped(value) for name, value in instance["attributes"].items()}
            yield address, {"about": about, "values": values, "marks": _marks(instance.get("sensitive_attributes", ()))}


def _key(index: JSON) -> str:
    if index is None:
        return ""
    if isinstance(index, int):
        return f"[{index}]"
    if not _PLAIN_KEY.fullmatch(index):
        raise NotPlain
    return f'["{index}"]'


def _unwrapped(value: JSON) -> JSON:
    """An attribute of dynamic type is stored with its type beside it."""
    return value["value"] if isinstance(value, dict) and value.keys() == {"value", "type"} else value


def _marks(paths: list[JSON]) -> JSON:
    """Paths as the tree that `show` makes of them."""
    tree: dict[str, Any] = {}
    for path in paths:
        names = [step.get("value") for step in path]
        if not names or not all(isinstance(name, str) for name in names):
            raise NotPlain
        inner = tree
        for name in names[:-1]:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                raise NotPlain
        inner[names[-1]] = True
    return tree


class Shortcut:
    """For which code, engine and providers the short way was seen to give the same, and that code's configuration."""

    def __init__(self, file: Path, key: Digest) -> None:
        self._file, self._key = file, key

    def configuration(self) -> JSON | None:
        if not self._file.exists():
            return None
        known = json.loads(self._file.read_text(encoding="utf-8"))
        return known["configuration"] if known["key"] == self._key else None

    def keep(self, configuration: JSON) -> None:
        write_private(self._file, json.dumps({"key": self._key, "configuration": configuration}).encode())
