"""Records as a YAML zone file says them: which are alike, and in which of several ways one is written."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.resolver import Resolver

from trueup.drivers.dns.configuration.config import in_idna
from trueup.drivers.dns.zonefiles.splices import Unwritable
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON

INCLUDE = "!include"
"""octoDNS's tag: a record, or a part of one, stands in another file."""


class Plain(yaml.constructor.SafeConstructor):
    """Nodes as values; what is included stays a word of its own."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        node.value = [
            (key, value) for key, value in node.value if value.tag != INCLUDE or not key.tag.endswith(":merge")
        ]
        super().flatten_mapping(node)


def _included(_: Any, node: yaml.Node) -> JSON:
    return {INCLUDE: [str(each.value) for each in node.value] if isinstance(node.value, list) else str(node.value)}


Plain.add_constructor(INCLUDE, _included)


class _Loader(CParser, Plain, Resolver):
    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Plain.__init__(self)
        Resolver.__init__(self)


def record_in(text: str, file: str, name: str, type: str) -> Mapping[str, JSON] | None:
    """The record as it is written; None where the file has none of that name and type."""
    return records_in(text, file).get((in_idna(name), type))


def as_written(there: Mapping[str, JSON], wanted: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """`value` where the file has `value` and one is enough, `values` where it has that; no TTL that it leaves out."""
    result = dict(wanted)
    values = result.pop("values", None)
    if values is None:
        values = [result.pop("value")] if result.get("value") is not None else []
    if "values" in there or len(values) > 1:
        result["values"] = _in_old_words(there.get("values", []), values)
    elif values:
        result["value"] = _in_old_words([there.get("value")], values)[0]
    return result


def _in_old_words(there: Sequence[JSON], values: Sequence[JSON]) -> list[JSON]:
    """MX by their older names, `priority` and `value`, where the file has those."""
    old = any(isinstance(each, Mapping) and "priority" in each for each in there)
    names = {"preference": "priority", "exchange": "value"} if old else {}
    return [
        {names.get(key, key): value for key, value in each.items()} if isinstance(each, Mapping) else each
        for each in values
    ]


def records_in(text: str, file: str) -> dict[tuple[str, str], Mapping[str, JSON]]:
    """Name (in IDNA and small letters, as octoDNS takes it) and type to the record, `value` as a list of one."""
    try:
        loaded = _Loader(text).get_single_data() or {}
    except yaml.YAMLError as error:
        raise Unwritable(f"the edited text would not be YAML: {error}") from None
    found: dict[tuple[str, str], Mapping[str, JSON]] = {}
    for name, held in loaded.items():
        for each in held if isinstance(held, list) else [held]:
            if not isinstance(each, Mapping):
                raise Invalid(f"`{name}` holds no record", place=Place(file, 1))
            found[in_idna(str(name)), str(each.get("type", ""))] = _alike(each)
    return found


def expected(
    records: Mapping[tuple[str, str], Mapping[str, JSON]], name: str, type: str, record: Mapping[str, JSON] | None
) -> Mapping[tuple[str, str], Mapping[str, JSON]]:
    here = (in_idna(name), type)
    rest = {key: each for key, each in records.items() if key != here}
    return rest if record is None else {**rest, here: _alike({**record, "type": type})}


def _alike(record: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """One form for what is the same: values in any order, old names of MX."""
    result = {str(key): value for key, value in record.items() if key not in ("value", "values")}
    values = record.get("values", [record["value"]] if record.get("value") is not None else [])
    if isinstance(values, list):
        new = {"priority": "preference", "value": "exchange"} if record.get("type") == "MX" else {}
        values = [
            {new.get(key, key): value for key, value in each.items()} if isinstance(each, Mapping) else each
            for each in values
        ]
    return {**result, "values": sorted(values, key=repr) if isinstance(values, list) else values}
