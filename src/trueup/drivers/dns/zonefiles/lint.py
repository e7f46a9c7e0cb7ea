"""Lint: what a YAML zone file says by mistake and octoDNS takes without a word, each at its line. Pure.

What octoDNS refuses it says itself, at the plan. docs/dns.md names the codes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import yaml

from trueup.drivers.dns.configuration.config import Config
from trueup.drivers.dns.configuration.files import directory_of
from trueup.drivers.dns.configuration.loading import place_of
from trueup.drivers.dns.zonefiles.shapes import mistake_in
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding
from trueup.ports.tree import Tree

OCTAL = re.compile(r"[-+]?0[0-7]+")
SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+")


BY_HAND = "`trueup dns lint` looks through it"
BIGGEST = 1_000_000
"""Bytes of a file that is looked through whenever it is read; a bigger one only when somebody asks."""


def findings(config: Config, tree: Tree, *, biggest: int | None = None) -> Iterator[Finding]:
    """Of every YAML file that a source of the configuration reads; of those with more bytes than `biggest` that they
    were left out."""
    for path in yaml_files(config, tree):
        content = tree.read(path)
        if biggest is not None and len(content) > biggest:
            yield Finding("zone-unread", "the file is too big to be looked through each time", Place(path), BY_HAND)
            continue
        wrong = mistake_in(content, path)
        if wrong is not None:
            yield Finding("zone-shape", wrong.message, wrong.place, wrong.hint, stops=True)
        else:
            yield from in_file(content, path)


def yaml_files(config: Config, tree: Tree) -> Iterable[str]:
    directories = [directory_of(block, config.workdir) for block in config.yaml_sources]
    found = {entry.path for each in directories for entry in tree.entries(each)}
    return sorted(path for path in found if path.endswith((".yaml", ".yml")))


def in_file(content: bytes, file: str) -> Iterator[Finding]:
    """Raises Invalid for what is no YAML."""
    try:
        root = yaml.compose(content, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Invalid(f"it is not YAML: {error.problem}", place=Place(file, line)) from None
    if root is None or not getattr(root, "value", None):
        yield Finding("zone-empty", "the file holds no record", Place(file, 1), "delete it, or write the zone")
        return
    yield from _doubles(root, file)
    for key, value in root.value:
        yield from _in_name(key, file)
        for record in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if isinstance(record, yaml.MappingNode):
                yield from _in_record(record, str(key.value), file)


def _in_name(key: yaml.Node, file: str) -> Iterator[Finding]:
    if not key.tag.endswith(":str") and key.value != "":
        kind = key.tag.rpartition(":")[2]
        hint = f"write '{key.value}' in quotes"
        yield Finding(
            "zone-name", f"the name {key.value} is read as a {kind}, not as a text", place_of(key, file), hint
        )
    elif isinstance(key, yaml.ScalarNode) and key.value == "" and not key.style:
        yield Finding("zone-name", "a name is left empty", place_of(key, file), "the apex is '' in quotes")


def _in_record(record: yaml.MappingNode, name: str, file: str) -> Iterator[Finding]:
    yield from _doubles(record, file)
    parts = {str(key.value): value for key, value in record.value}
    if "value" in parts and "values" in parts:
        message = f"`{name}` has `value` and `values`: one of them is dropped"
        yield Finding("value-and-values", message, place_of(parts["values"], file), "keep one of them")
    if isinstance(parts.get("value"), yaml.SequenceNode):
        yield Finding(
            "list-in-value", f"`value` of `{name}` holds a list", place_of(parts["value"], file), "write `values`"
        )
    values = parts.get("values")
    if isinstance(values, yaml.SequenceNode):
        texts = Counter(each.value for each in values.value if isinstance(each, yaml.ScalarNode))
        for each in values.value:
            if isinstance(each, yaml.ScalarNode) and texts[each.value] > 1:
                texts[each.value] = 0
                yield Finding(
                    "value-twice", f"`{name}` has {each.value} twice", place_of(each, file), "keep one of them"
                )
    yield from _numbers(record, name, file)


def _numbers(node: yaml.Node, name: str, file: str) -> Iterator[Finding]:
    if isinstance(node, yaml.ScalarNode):
        if node.tag.endswith(":int") and (OCTAL.fullmatch(node.value) or SEXAGESIMAL.fullmatch(node.value)):
            base = "8" if OCTAL.fullmatch(node.value) else "60"
            message = f"{node.value} in `{name}` is read with base {base}"
            yield Finding("zone-number", message, place_of(node, file), "write it in quotes, or as a plain number")
        return
    for child in node.value:
        for each in child if isinstance(child, tuple) else (child,):
            yield from _numbers(each, name, file)


def _doubles(node: yaml.Node, file: str) -> Iterator[Finding]:
    """YAML keeps the last of two equal keys; what the first one said is gone."""
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if key.value in seen and not key.tag.endswith(":merge"):
            message = f"`{key.value}` is there twice: what line {seen[key.value]} says is dropped"
            yield Finding("key-twice", message, place_of(key, file), "join them: a name may hold a list of records")
        seen[key.value] = key.start_mark.line + 1
