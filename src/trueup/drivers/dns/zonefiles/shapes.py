"""The shapes that a YAML zone file may have, checked where octoDNS falls over one without saying where."""

from collections.abc import Iterator

import yaml

from trueup.drivers.dns.configuration.loading import place_of
from trueup.model.errors import Invalid

_TEXTS = frozenset({"TXT", "SPF", "CNAME", "ALIAS", "DNAME", "NS", "PTR", "A", "AAAA"})
"""Types whose values are texts."""


def mistake_in(content: bytes, file: str) -> Invalid | None:
    """The first thing that is no record; None where the shapes are right."""
    try:
        root = yaml.compose(content, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None  # told by octoDNS itself
    return next(_mistakes(root, file), None) if root is not None else None


def _mistakes(root: yaml.Node, file: str) -> Iterator[Invalid]:
    if not isinstance(root, yaml.MappingNode):
        yield _wrong(root, file, "a zone file is a mapping of names to records", "write `www:` and its record below it")
        return
    for key, value in root.value:
        records = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for record in records:
            if record.tag != "!include":
                yield from _in_record(record, str(key.value), file)


def _in_record(record: yaml.Node, name: str, file: str) -> Iterator[Invalid]:
    if not isinstance(record, yaml.MappingNode):
        hint = f"{name or chr(39) * 2}: {{type: A, value: 192.0.2.1}}"
        yield _wrong(record, file, f"the record of `{name}` is no mapping with a type and values", hint)
        return
    parts = {str(key.value): value for key, value in record.value}
    type = parts["type"].value if isinstance(parts.get("type"), yaml.ScalarNode) else ""
    for key in ("value", "values"):
        if key in parts:
            yield from _in_values(parts[key], key, type, name, file)
    for key in ("octodns", "dynamic", "geo"):
        if key in parts and not isinstance(parts[key], yaml.MappingNode):
            yield _wrong(parts[key], file, f"`{key}` of `{name}` is no mapping", "")


def _in_values(node: yaml.Node, key: str, type: str, name: str, file: str) -> Iterator[Invalid]:
    if key == "values" and isinstance(node, yaml.ScalarNode):
        yield _wrong(node, file, f"`values` of `{name}` is no list", "write `value:`, or a list")
        return
    for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if type in _TEXTS and isinstance(each, yaml.ScalarNode) and not each.tag.endswith(":str"):
            yield _wrong(
                each, file, f"the {type} of `{name}` has the value {each.value}, which is no text", f'"{each.value}"'
            )


def _wrong(node: yaml.Node, file: str, what: str, hint: str) -> Invalid:
    return Invalid(what, place=place_of(node, file), hint=hint)
