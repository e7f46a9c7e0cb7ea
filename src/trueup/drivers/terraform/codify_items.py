"""Items: the entries of an object and the elements of a tuple, edited one by one in the author's layout."""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from trueup.drivers.terraform import codify_lines as lines
from trueup.drivers.terraform.codify_editing import Editing, Spot, same
from trueup.drivers.terraform.hcl_expressions import DYNAMIC, Entry, Expression, Form
from trueup.drivers.terraform.render_hcl import key as render_key
from trueup.drivers.terraform.render_hcl import render
from trueup.model.errors import Refused
from trueup.model.normal import key
from trueup.model.values import JSON, Path

Edit = Callable[[Editing, Spot, Path, JSON, JSON], None]
"""How an expression inside is edited: objects and tuples hold expressions, which hold objects."""


def edit_object(editing: Editing, spot: Spot, edit: Edit, path: Path, before: JSON, after: JSON) -> None:
    expression = spot.expression
    if path:
        _edit_entry(editing, spot, edit, path, before, after)
        return
    if not isinstance(before, dict | None) or not isinstance(after, dict | None):
        lines.replace(editing.splices, expression.source, expression, render(after, document=spot.document))
        return
    was, now = before or {}, after or {}
    added: dict[str, JSON] = {}
    gone: list[int] = []
    for name in dict.fromkeys([*was, *now]):
        if same({name: was.get(name)}, {name: now.get(name)}):
            continue
        index = _index(expression, name)
        if index is None and was.get(name) is not None:
            raise Refused(f"{expression.place}: {name} is not written in this object")
        if index is None:
            if now.get(name) is not None:
                added[name] = now[name]
        elif now.get(name) is None:
            gone.append(index)
        else:
            edit(editing, spot.into(expression.entries[index].value), (), was.get(name), now[name])
    _cut_and_add(editing, spot, gone, added)


def _edit_entry(editing: Editing, spot: Spot, edit: Edit, path: Path, before: JSON, after: JSON) -> None:
    expression = spot.expression
    name = str(path[0])
    index = _index(expression, name)
    if index is not None and (after is not None or path[1:]):
        edit(editing, spot.into(expression.entries[index].value), path[1:], before, after)
    elif index is not None:
        _cut_and_add(editing, spot, [index], {})
    elif path[1:] or before is not None:
        raise Refused(f"{expression.place}: {name} is not written in this object")
    else:
        _cut_and_add(editing, spot, [], {name: after})


def _index(expression: Expression, name: str) -> int | None:
    return next((index for index, entry in enumerate(expression.entries) if entry.key == name), None)


def _cut_and_add(editing: Editing, spot: Spot, gone: Sequence[int], added: dict[str, JSON]) -> None:
    expression, source, entries = spot.expression, spot.expression.source, spot.expression.entries
    pieces = [_Piece(entry.node.start_byte, entry.node.end_byte) for entry in entries]
    kept = [index for index in range(len(entries)) if index not in gone]
    if not gone and not added:
        return
    if not kept:
        if entries and added and any(mark in expression.text for mark in ("#", "//", "/*")):
            raise Refused(f"{expression.place}: every entry would be another one, and there are comments among them")
        text = render(added, source.indent(expression.start), document=spot.document)
        lines.replace(editing.splices, source, expression, text)
        return
    snapshot = editing.splices.snapshot()
    if gone:
        lines.cut_items(editing.splices, source, pieces, gone)
    if not added:
        return
    last = entries[kept[-1]]
    texts = [_entry(last, entries, name, value, document=spot.document) for name, value in added.items()]
    layout = _layout(spot, pieces, separated=False)
    if gone and max(gone) > kept[-1] and layout is not lines.Layout.LINES:
        text = "".join(f", {text}" for text in texts)
        if layout is lines.Layout.ONE_LINE and min(gone) > kept[-1]:
            editing.splices.restore(snapshot)
            lines.replace_range(editing.splices, source, pieces[kept[-1]].end, pieces[-1].end, text)
            return
        raise Refused(f"{expression.place}: entries change their names, which is for a person to write")
    lines.add_items(editing.splices, source, pieces[: kept[-1] + 1], texts, layout)


def _entry(last: Entry, entries: Sequence[Entry], name: str, value: JSON, *, document: bool) -> str:
    """An entry written like the last one: its quotes, its separator, its alignment."""
    source = last.source
    quoted = document or all(entry.quoted for entry in entries)
    indent = source.indent(last.node.start_byte)
    said = render(value, indent, document=document)
    if ":" in last.separator:
        return f"{render_key(name, quoted=quoted)}{last.separator}{said}"
    width = last.value.start - last.node.start_byte - 3 if len(entries) > 1 or not last.value.multiline else 0
    return f"{render_key(name, quoted=quoted).ljust(width)} = {said}"


def edit_tuple(editing: Editing, spot: Spot, edit: Edit, before: Sequence[JSON], after: Sequence[JSON]) -> None:
    """By position where the source and `before` run in parallel; as a set otherwise."""
    expression = spot.expression
    elements = expression.elements
    said = [element.static() for element in elements]
    parallel = len(said) == len(before) and all(
        text is DYNAMIC or key(text) == key(value) for text, value in zip(said, before, strict=True)
    )
    if parallel:
        _edit_by_position(editing, spot, edit, before, after)
    else:
        _edit_as_set(editing, spot, said, before, after)


def _edit_by_position(editing: Editing, spot: Spot, edit: Edit, before: Sequence[JSON], after: Sequence[JSON]) -> None:
    elements = spot.expression.elements
    gone: list[int] = []
    new: list[JSON] = []
    matcher = SequenceMatcher(None, [key(each) for each in before], [key(each) for each in after], autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        pairs = min(last - first, end - start) if tag == "replace" else 0
        for offset in range(pairs):
            edit(editing, spot.into(elements[first + offset]), (), before[first + offset], after[start + offset])
        if tag in ("replace", "delete"):
            gone += range(first + pairs, last)
        if tag in ("replace", "insert") and start + pairs < end:
            if last < len(before):
                _insert_before(editing, spot, elements[last], after[start + pairs : end])
            else:
                new += after[start + pairs : end]
    _finish(editing, spot, gone, new)


def _edit_as_set(
    editing: Editing, spot: Spot, said: Sequence[JSON], before: Sequence[JSON], after: Sequence[JSON]
) -> None:
    elements = spot.expression.elements
    wanted, had = {key(each) for each in after}, {key(each) for each in before}
    new = [each for each in after if key(each) not in had]
    gone: list[int] = []
    for value in before:
        if key(value) in wanted:
            continue
        index = next((i for i, each in enumerate(said) if each is not DYNAMIC and key(each) == key(value)), None)
        if index is None:
            raise Refused(f"{spot.expression.place}: an element that is to go is not written as a literal in this list")
        if new:
            text = render(new.pop(0), spot.expression.source.indent(elements[index].start), document=spot.document)
            lines.replace(editing.splices, spot.expression.source, elements[index], text)
        else:
            gone.append(index)
    _finish(editing, spot, gone, new)


def _insert_before(editing: Editing, spot: Spot, element: Expression, values: Sequence[JSON]) -> None:
    source = element.source
    own_line = (
        spot.expression.multiline
        and not source.text(source.content.rfind(b"\n", 0, element.start) + 1, element.start).strip()
    )
    indent = source.indent(element.start)
    gap = f",{lines.newline(source)}{indent}" if own_line else ", "
    text = "".join(render(value, indent, document=spot.document) + gap for value in values)
    lines.insert(editing.splices, source, element.start, text)


def _finish(editing: Editing, spot: Spot, gone: Sequence[int], new: Sequence[JSON]) -> None:
    expression, elements = spot.expression, spot.expression.elements
    source = expression.source
    if len(gone) == len(elements) and (gone or new):
        lines.replace(
            editing.splices,
            source,
            expression,
            render(list(new), source.indent(expression.start), document=spot.document),
        )
        return
    if gone:
        lines.cut_items(editing.splices, source, elements, gone)
    if new:
        indent = source.indent(elements[-1].start)
        texts = [render(_in_order_of(elements[-1], value), indent, document=spot.document) for value in new]
        layout = _layout(spot, elements, separated=True)
        lines.add_items(editing.splices, source, elements, texts, layout)


def _in_order_of(neighbour: Expression, value: JSON) -> JSON:
    """An object's entries in the order in which its neighbour has them; further ones behind."""
    if not isinstance(value, dict):
        return value
    names = [entry.key for entry in neighbour.entries if entry.key in value] if neighbour.form is Form.OBJECT else []
    return {name: value[name] for name in dict.fromkeys([*names, *value]) if name is not None}


def _layout(spot: Spot, items: Sequence[lines.Piece], *, separated: bool) -> lines.Layout:
    source = spot.expression.source
    if b"\n" not in source.content[spot.expression.start : items[0].start]:
        return lines.Layout.ONE_LINE
    commas = separated or spot.document or any(lines.has_comma(source, item) for item in items)
    return lines.Layout.LINES_WITH_COMMAS if commas else lines.Layout.LINES


class _Piece:
    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
