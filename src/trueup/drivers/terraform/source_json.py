"""The JSON syntax of the language as what it says.

Format: https://developer.hashicorp.com/terraform/language/syntax/json
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from trueup.drivers.terraform.said import Declared, ModuleCall, Said
from trueup.drivers.terraform.source_hcl import Collected, calls_in, file_uses_in
from trueup.model.errors import Invalid, Place


@lru_cache(maxsize=1024)
def parse_json(path: str, content: bytes) -> Said:
    """Raises Invalid with the position of what is not JSON."""
    try:
        document = json.loads(content)
    except ValueError as error:
        at = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        raise Invalid("this is not valid JSON", place=Place(path, *at)) from None
    if not isinstance(document, dict):
        raise Invalid("a JSON configuration is an object", place=Place(path, 1, 1))
    top, start = Place(path, 1, 1), Collected()
    for name, call in _members(document.get("module")):
        start.modules.append(ModuleCall(name, str(call.get("source", "")), top))
        start.for_init.append(f"module {name} {call.get('source')} {call.get('version')}")
    for name, body in _members(document.get("provider")):
        start.configured.append((name, json.dumps(body)))
        start.providers.add(name)
    for settings in _objects(document.get("terraform")):
        start.for_init.append(json.dumps(settings, sort_keys=True))
        start.required_version = str(settings.get("required_version", start.required_version))
        start.backend = next((kind for kind, _ in _members(settings.get("backend"))), start.backend)
        start.backend = "cloud" if "cloud" in settings else start.backend
    for mode in ("resource", "data"):
        for kind, named in _members(document.get(mode)):
            for name, body in _members(named):
                start.declared.append(_declared_in_json((mode, kind, name), body, top))
                start.providers.add(str(body.get("provider", kind.split("_")[0])).split(".")[0])
    for value in _strings(document):
        if "${" in value:
            found = [use for expression in calls_in(value) for use in file_uses_in(expression)]
            start.file_uses += [replace(use, place=top) for use in found]
    return start.freeze()


def _declared_in_json(names: tuple[str, str, str], body: dict[str, object], place: Place) -> Declared:
    ignored: set[str] = set()
    for lifecycle in _objects(body.get("lifecycle")):
        changes = lifecycle.get("ignore_changes")
        listed = changes if isinstance(changes, list) else [changes] if changes else []
        ignored |= {re.split(r"[.\[]", str(each))[0] for each in listed}
    return Declared(
        *names,
        place,
        frozenset(name for name, _ in _members(body.get("dynamic"))),
        frozenset(ignored),
        tuple(name for name, _ in _members(body.get("provisioner"))),
    )


def _objects(value: object) -> list[dict[str, object]]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _members(value: object) -> list[tuple[str, dict[str, object]]]:
    return [(name, inner) for each in _objects(value) for name, body in each.items() for inner in _objects(body)]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from _strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)
