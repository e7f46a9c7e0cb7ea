"""Zone files in YAML, edited in place: the fewest lines change, and comments, order, quotes and line ends stay.

The text is spliced at the marks of its own nodes; nothing is loaded and dumped as a whole. Source of the shapes: a name
holds one record or a list of records, a record has `value` or `values` (octoDNS, docs/records.md); names and all keys
inside are in natural order by default (`enforce_order`), so that new ones are put where they belong.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from trueup.drivers.dns.configuration.config import in_idna
from trueup.drivers.dns.zonefiles.splices import Splice, Unwritable, spliced
from trueup.drivers.dns.zonefiles.yaml_records import INCLUDE, Plain, as_written, expected, records_in
from trueup.drivers.dns.zonefiles.yaml_writing import NATURAL, Style, inline, lines_of, scalar_like
from trueup.model.errors import Invalid, Place
from trueup.model.values import JSON


def with_record(text: str, file: str, name: str, type: str, record: Mapping[str, JSON] | None) -> str:
    """The text with the record of a name ("" is the apex) and type as given, without `type`; None: without it. Raises
    Invalid for a text that is no zone, Unwritable."""
    document = Document(text, file)
    splices = list(document.edits(name, type, record))
    edited = spliced(text, splices)
    if records_in(edited, file) != expected(records_in(text, file), name, type, record):
        raise Unwritable("the file is written in a way that this edit would not leave as it is (anchors, merges)")
    return edited


class Document:
    """One zone file's text and nodes."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\n|\r", text))]
        self.newline = "\r\n" if "\r\n" in text else "\n"
        try:
            root = yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise Invalid(f"it is not YAML: {error.problem}", place=Place(file, line)) from None
        if isinstance(root, yaml.ScalarNode) and not root.value:
            root = None  # nothing but a marker
        if root is not None and not isinstance(root, yaml.MappingNode):
            raise Invalid("a zone file holds names and their records", place=Place(file, 1))
        self.root = root
        self.style = Style.of(text, self.newline)

    def edits(self, name: str, type: str, record: Mapping[str, JSON] | None) -> Iterator[Splice]:
        found = self._pair(name)
        if found is None:
            if record is not None:
                yield self._new_name(name, self._body(_new(type, record)))
            return
        key, value = found
        if self._is_alias(key, value):
            yield from self._instead_of_alias(key, value, type, record)
            return
        self._refuse_anchor(value)
        if isinstance(value, yaml.MappingNode):
            yield from self._single(key, value, type, record)
        elif isinstance(value, yaml.SequenceNode) and value.tag != INCLUDE:
            yield from self._listed(key, value, type, record)
        else:
            raise Unwritable(f"`{name}` is not written here: {value.tag} {value.value}")

    # one name

    def _single(
        self, key: yaml.Node, value: yaml.MappingNode, type: str, record: Mapping[str, JSON] | None
    ) -> Iterator[Splice]:
        if _type_of(value) == type:
            if record is None:
                yield self._without(key, value)
            else:
                yield from self._merged(value, {**record, "type": type}, whole=True)
            return
        if record is None:
            return
        if value.flow_style:
            raise Unwritable("the name holds one record in braces, and gets another one beside it")
        yield self._as_list(key, value, _new(type, record))

    def _listed(
        self, key: yaml.Node, value: yaml.SequenceNode, type: str, record: Mapping[str, JSON] | None
    ) -> Iterator[Splice]:
        item = next((each for each in value.value if _type_of(each) == type), None)
        if item is None and any(each.tag == INCLUDE for each in value.value):
            raise Unwritable(f"a record of `{key.value}` is included from another file: it may be this one")
        if item is not None and record is not None:
            self._refuse_anchor(item)
            yield from self._merged(item, {**record, "type": type}, whole=True)
        elif item is not None:
            yield self._without(key, value) if len(value.value) == 1 else self._without_item(value, item)
        elif record is not None:
            yield self._another_item(value, _new(type, record))

    def _instead_of_alias(
        self, key: yaml.Node, value: yaml.Node, type: str, record: Mapping[str, JSON] | None
    ) -> Iterator[Splice]:
        """Two names share one node: the one that differs now gets a record of its own."""
        if not isinstance(value, yaml.MappingNode) or _type_of(value) != type:
            raise Unwritable("the name is an alias for the records of another one")
        if record is None:
            line = self._line(key.start_mark.line)
            yield Splice(line, self._line(key.end_mark.line + 1), "")
            return
        after = self._at(key.end_mark)
        end = self._line_end(key.end_mark.line)
        body = self._indented(self._body(_new(type, record)), key.start_mark.column + self.style.mapping)
        yield Splice(after, end, ":" + self.newline + self.newline.join(body))

    # nodes into values

    def _merged(self, node: yaml.Node, wanted: JSON, *, whole: bool = False) -> Iterator[Splice]:
        """Splices that make a node say something else. `whole`: a record, of which `value` and `values` are one."""
        if isinstance(node, yaml.MappingNode) and isinstance(wanted, Mapping):
            if whole:
                wanted = as_written(_plain(node), wanted)
            if not node.flow_style:
                yield from self._merged_mapping(node, wanted)
                return
        elif isinstance(node, yaml.SequenceNode) and isinstance(wanted, list) and not node.flow_style:
            yield from self._merged_list(node, wanted)
            return
        if _plain(node) != wanted:
            yield self._replaced(node, wanted)

    def _merged_mapping(self, node: yaml.MappingNode, wanted: Mapping[str, JSON]) -> Iterator[Splice]:
        there = {key.value: (key, value) for key, value in node.value}
        for name, (key, value) in there.items():
            if name not in wanted:
                yield self._without(key, value)
            elif _kind(value) == _kind_of(wanted[name]):
                yield from self._merged(value, wanted[name])
            elif _plain(value) != wanted[name]:
                self._refuse_anchor(value)
                yield self._whole_pair(key, value, wanted[name])
        for name in wanted.keys() - there.keys():
            yield self._new_key(node, name, wanted[name])

    def _merged_list(self, node: yaml.SequenceNode, wanted: Sequence[JSON]) -> Iterator[Splice]:
        """What stays is not touched; what goes and what comes are paired in their order, so that one value that was
        changed is one line that changes."""
        rest = list(wanted)
        gone = []
        for item in node.value:
            plain = _plain(item)
            if plain in rest:
                rest.remove(plain)
            else:
                gone.append(item)
        for item in gone:
            if rest:
                yield from self._merged(item, rest.pop(0))
            else:
                yield self._without_item(node, item)
        if rest:
            yield self._more_items(node, rest)

    def _replaced(self, node: yaml.Node, wanted: JSON) -> Splice:
        if isinstance(node, yaml.ScalarNode) and not isinstance(wanted, Mapping | list):
            if node.style in ("|", ">"):
                raise Unwritable("the value is written as a block of text")
            return Splice(self._at(node.start_mark), self._at(node.end_mark), scalar_like(node.style, wanted))
        return Splice(self._at(node.start_mark), self._at(node.end_mark), inline(wanted))

    def _whole_pair(self, key: yaml.Node, value: yaml.Node, wanted: JSON) -> Splice:
        """A scalar becomes a list, a list becomes a mapping: written anew from the key on."""
        column = key.start_mark.column
        new = self._indented(lines_of({key.value: wanted}, self.style), column)
        return Splice(self._at(key.start_mark), self._end(value), self.newline.join(new).lstrip(" "))

    # lines that come and go

    def _new_name(self, name: str, body: Sequence[str]) -> Splice:
        key = scalar_like(None, name) if name else "''"
        new = self.newline.join([f"{key}:", *self._indented(body, self.style.mapping)]) + self.newline
        if self.root is None or not self.root.value or self.root.flow_style:
            return self._first_name(new)
        for other, _ in self.root.value:
            if NATURAL(str(other.value)) > NATURAL(name):
                at = self._line(self._first_line(other.start_mark.line))
                return Splice(at, at, new)
        last = self._line(self._last_line(self.root.value[-1][1], self.root.value[-1][0]) + 1)
        return Splice(last, last, self._break_before(last) + new)

    def _first_name(self, new: str) -> Splice:
        if self.root is None:
            return Splice(len(self.text), len(self.text), self._break_before(len(self.text)) + new)
        if self.root.value:
            raise Unwritable("all names are in one pair of braces")
        start, end = self._at(self.root.start_mark), self._at(self.root.end_mark)
        return Splice(start, end, new.rstrip())

    def _new_key(self, node: yaml.MappingNode, name: str, value: JSON) -> Splice:
        column = node.value[0][0].start_mark.column
        new = self._indented(lines_of({name: value}, self.style), column)
        for key, _ in node.value:
            if NATURAL(str(key.value)) > NATURAL(name):
                at = self._at(key.start_mark)
                return Splice(at, at, self.newline.join(new).lstrip(" ") + self.newline + " " * column)
        key, last = node.value[-1]
        at = self._line(self._last_line(last, key) + 1)
        return Splice(at, at, self._break_before(at) + self.newline.join(new) + self.newline)

    def _another_item(self, node: yaml.SequenceNode, record: Mapping[str, JSON]) -> Splice:
        if node.flow_style:
            raise Unwritable("the records of the name are in one pair of brackets")
        return self._more_items(node, [record])

    def _more_items(self, node: yaml.SequenceNode, items: Sequence[JSON]) -> Splice:
        if not node.value:
            return Splice(self._at(node.start_mark), self._at(node.end_mark), inline(list(items)))
        column = self._dash(node.value[-1])
        new = [line for item in items for line in self._indented(_item(self._body(item)), column)]
        at = self._line(self._last_line(node.value[-1]) + 1)
        return Splice(at, at, self._break_before(at) + self.newline.join(new) + self.newline)

    def _as_list(self, key: yaml.Node, value: yaml.MappingNode, record: Mapping[str, JSON]) -> Splice:
        """One record becomes the first of a list: its lines move to the right behind a dash."""
        first, last = value.start_mark.line, self._last_line(value)
        old = [self.text[self._line(line) : self._line_end(line)] for line in range(first, last + 1)]
        indent = key.start_mark.column + self.style.dash
        column = value.start_mark.column
        kept = [line[column:] if not line[:column].strip() else line.lstrip() for line in old]
        both = [*_item(kept), *_item(self._body(record))]
        new = self.newline.join(self._indented(both, indent))
        return Splice(self._line(first), self._line_end(last), new)

    def _without(self, key: yaml.Node, value: yaml.Node) -> Splice:
        return self._cut(key.start_mark.line, self._last_line(value, key), key.start_mark.column)

    def _without_item(self, node: yaml.SequenceNode, item: yaml.Node) -> Splice:
        if node.flow_style:
            raise Unwritable("the list is in one pair of brackets")
        return self._cut(item.start_mark.line, self._last_line(item), None)

    def _cut(self, first: int, last: int, column: int | None) -> Splice:
        """Whole lines; behind the dash of a list's item the next key moves up."""
        start, end = self._line(first), self._line(last + 1)
        if column is not None and self.text[start : start + column].strip(" "):
            following = self.text[end : end + column]
            if following.strip(" "):
                raise Unwritable("it is the only key of a list's item")
            return Splice(start + column, end + column, "")
        return Splice(start, end, "")

    # where things are

    def _pair(self, name: str) -> tuple[yaml.Node, yaml.Node] | None:
        pairs = self.root.value if self.root is not None else []
        return next((pair for pair in pairs if in_idna(str(pair[0].value)) == in_idna(name)), None)

    def _is_alias(self, key: yaml.Node, value: yaml.Node) -> bool:
        """An alias has no marks of its own: its node stands elsewhere."""
        return bool(re.match(r"\s*:\s*\*", self.text[self._at(key.end_mark) : self._line_end(key.end_mark.line)]))

    def _refuse_anchor(self, value: yaml.Node) -> None:
        if re.match(r"&\S", self.text[self._at(value.start_mark) :][:2]):
            raise Unwritable("the record has an anchor: others share what is written there")

    def _body(self, record: JSON) -> list[str]:
        return lines_of(record, self.style)

    def _indented(self, lines: Sequence[str], column: int) -> list[str]:
        return [" " * column + line if line else line for line in lines]

    def _dash(self, item: yaml.Node) -> int:
        line = self.text[self._line(item.start_mark.line) : self._line_end(item.start_mark.line)]
        return line.rindex("-", 0, item.start_mark.column)

    def _first_line(self, line: int) -> int:
        """With the comment right above: it belongs to the key."""
        while line > 0 and self.text[self._line(line - 1) : self._line_end(line - 1)].lstrip().startswith("#"):
            line -= 1
        return line

    def _last_line(self, node: yaml.Node, key: yaml.Node | None = None) -> int:
        """Of what is written, without the comments and blank lines behind it."""
        leaf: yaml.Node = node
        while isinstance(leaf, yaml.CollectionNode) and not leaf.flow_style and leaf.value:
            last = leaf.value[-1]
            leaf = last[1] if isinstance(last, tuple) else last
        if isinstance(leaf, yaml.ScalarNode) and leaf.style in ("|", ">"):
            return int(leaf.end_mark.line) - 1
        if isinstance(leaf, yaml.ScalarNode) and leaf.start_mark.index == leaf.end_mark.index and key is not None:
            return int(key.end_mark.line)
        return int(leaf.end_mark.line)

    def _end(self, node: yaml.Node) -> int:
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            return self._line_end(self._last_line(node))
        return self._at(node.end_mark)

    def _at(self, mark: yaml.Mark) -> int:
        return self._line(mark.line) + int(mark.column)

    def _line(self, number: int) -> int:
        return self._starts[number] if number < len(self._starts) else len(self.text)

    def _line_end(self, number: int) -> int:
        end = self._line(number + 1)
        return end - len(self.text[self._line(number) : end]) + len(self.text[self._line(number) : end].rstrip("\r\n"))

    def _break_before(self, at: int) -> str:
        return "" if at == 0 or self.text[:at].endswith(("\n", "\r")) else self.newline


def _new(type: str, record: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """As people write one: `value` where it has a single one."""
    return as_written({}, {**record, "type": type})


def _item(lines: Sequence[str]) -> list[str]:
    return [("- " if number == 0 else "  ") + line if line else line for number, line in enumerate(lines)]


def _type_of(node: yaml.Node) -> str:
    plain = _plain(node)
    return str(plain.get("type", "")) if isinstance(plain, dict) else ""


def _kind(node: yaml.Node) -> str:
    return _kind_of(_plain(node))


def _kind_of(value: JSON) -> str:
    return "mapping" if isinstance(value, Mapping) else "list" if isinstance(value, list) else "scalar"


def _plain(node: yaml.Node) -> JSON:
    return Plain().construct_document(node)
