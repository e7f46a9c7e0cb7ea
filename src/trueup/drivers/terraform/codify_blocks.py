"""Blocks: attributes and nested blocks of a resource made to say what is real."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trueup.drivers.terraform import codify_lines as lines
from trueup.drivers.terraform import render_hcl
from trueup.drivers.terraform.codify_editing import Editing, Spot
from trueup.drivers.terraform.codify_expressions import edit
from trueup.drivers.terraform.codify_scope import Scope
from trueup.drivers.terraform.hcl import Attribute, Block
from trueup.drivers.terraform.hcl_expressions import DYNAMIC, Expression, Form
from trueup.model.errors import Refused
from trueup.model.normal import NOTHING_KNOWN, child, key, normal
from trueup.model.shape import Shape
from trueup.model.values import JSON

_NEAR = 2
"""Fields in which two versions of one block may differ; with more they are taken for two blocks."""


@dataclass(frozen=True)
class Wanted:
    """One attribute or kind of block: what the code yields now, and what it is to yield."""

    name: str
    before: JSON
    after: JSON
    shape: Shape


@dataclass(frozen=True)
class Ground:
    """A block to edit, the module it stands in, and its for_each instance."""

    block: Block
    scope: Scope
    each: tuple[str | int, Expression] | None = None

    def spot(self, expression: Expression) -> Spot:
        return Spot(self.scope, expression, self.each)


def edit_body(editing: Editing, ground: Ground, wanted: Sequence[Wanted]) -> None:
    """Raises Refused for what cannot be written."""
    added: list[Wanted] = []
    for each in wanted:
        attribute = ground.block.body.attribute(each.name)
        if attribute is not None:
            _edit_attribute(editing, ground, attribute, each)
        elif _as_blocks(ground.block, each):
            _edit_blocks(editing, ground, each)
        elif normal(each.after) is not None or each.after == "":
            added.append(each)
        elif normal(each.before) is not None:
            raise Refused(f"{ground.block.place}: {each.name} is not written in this block")
    if added:
        _add_attributes(editing, ground.block, added)


def _edit_attribute(editing: Editing, ground: Ground, attribute: Attribute, wanted: Wanted) -> None:
    emptied = normal(wanted.after) is None and wanted.after != ""
    whole = attribute.value.form in (Form.OBJECT, Form.TUPLE) or wanted.after is None
    if emptied and whole:
        if attribute.value.static() is DYNAMIC and attribute.value.form not in (Form.OBJECT, Form.TUPLE):
            raise Refused(f"{attribute.place}: {attribute.name} is gone, and the code computes it")
        lines.cut_lines(editing.splices, attribute.source, attribute)
        return
    edit(editing, ground.spot(attribute.value), (), wanted.before, wanted.after)


def _as_blocks(block: Block, wanted: Wanted) -> bool:
    if any(True for _ in _blocks_of(block, wanted.name)) or _dynamic(block, wanted.name) is not None:
        return True
    return any(render_hcl.is_blocks(value, wanted.shape) for value in (wanted.before, wanted.after))


def _blocks_of(block: Block, name: str) -> Iterator[Block]:
    return block.body.find(name)


def _dynamic(block: Block, name: str) -> Block | None:
    return next(block.body.find("dynamic", name), None)


def _edit_blocks(editing: Editing, ground: Ground, wanted: Wanted) -> None:
    element = wanted.shape.element or NOTHING_KNOWN
    before, after = _elements(wanted.before), _elements(wanted.after)
    had, wants = {key(each, element) for each in before}, {key(each, element) for each in after}
    gone = [each for each in before if key(each, element) not in wants]
    new = [each for each in after if key(each, element) not in had]
    blocks = list(_blocks_of(ground.block, wanted.name))
    if not blocks and _dynamic(ground.block, wanted.name) is None:
        gone = [each for each in gone if key(each, element) != key(None)]  # a block that says nothing is no block
    for value in gone:
        block = _block_of(ground.block, wanted.name, blocks, value)
        blocks.remove(block)
        successor = _successor(value, new, element, only=len(before) == len(after) == 1)
        if successor is None:
            lines.cut_lines(editing.splices, block.source, block)
            continue
        new.remove(successor)
        edit_body(editing, Ground(block, ground.scope, ground.each), _fields(value, successor, element))
    if new:
        _add_blocks(editing, ground.block, wanted.name, new, element)


def _elements(value: JSON) -> list[Mapping[str, JSON]]:
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Refused("blocks are expected here, and the value is none")
    return value


def _block_of(parent: Block, name: str, blocks: Sequence[Block], value: Mapping[str, JSON]) -> Block:
    """The block that says a value: no literal in it contradicts, and it agrees in more than any other."""
    scores = sorted(((_score(block, value), -index) for index, block in enumerate(blocks)), reverse=True)
    dynamic = _dynamic(parent, name)
    best = scores[0] if scores else (-1, 0)
    if best[0] < 0 or (best[0] == 0 and (len(blocks) > 1 or dynamic is not None)):
        if dynamic is not None:
            raise Refused(f"{dynamic.place}: the {name} block is generated by a dynamic block")
        raise Refused(f"{parent.place}: no {name} block says what the plan was made from")
    if len(scores) > 1 and scores[1][0] == best[0] and not _alike(blocks[-best[1]], blocks[-scores[1][1]]):
        raise Refused(f"{parent.place}: two {name} blocks could be the one that changed")
    return blocks[-best[1]]


def _score(block: Block, value: Mapping[str, JSON]) -> int:
    """How many literals agree; -1 when one contradicts."""
    agreeing = 0
    for attribute in block.body.attributes:
        said = attribute.value.static()
        if said is DYNAMIC:
            continue
        if not _agree(said, value.get(attribute.name)):
            return -1
        agreeing += 1
    return agreeing


def _agree(said: JSON, value: JSON) -> bool:
    if isinstance(said, list) and isinstance(value, list):
        return sorted(map(key, said)) == sorted(map(key, value))
    lenient = Shape()
    return key(said, lenient) == key(value, lenient) or str(said) == str(value)


def _alike(first: Block, second: Block) -> bool:
    texts = [" ".join(block.source.text(block.start, block.end).split()) for block in (first, second)]
    return texts[0] == texts[1]


def _successor(
    value: Mapping[str, JSON], new: Sequence[Mapping[str, JSON]], shape: Shape, *, only: bool
) -> Mapping[str, JSON] | None:
    """What became of a block: the new element that is most like it."""
    ranked = sorted(new, key=lambda each: len(_fields(value, each, shape)))
    if ranked and (only or len(_fields(value, ranked[0], shape)) <= _NEAR):
        return ranked[0]
    return None


def _fields(before: Mapping[str, JSON], after: Mapping[str, JSON], shape: Shape) -> list[Wanted]:
    return [
        Wanted(name, before.get(name), after.get(name), inner)
        for name in sorted({*before, *after})
        if not (inner := child(shape, name)).computed
        and not inner.ignored
        and key(before.get(name), inner) != key(after.get(name), inner)
    ]


def _add_blocks(editing: Editing, parent: Block, name: str, values: Sequence[Mapping[str, JSON]], shape: Shape) -> None:
    """Behind the last block of the same name, else behind everything else in the parent."""
    source = parent.source
    feed = lines.newline(source)
    same_name = [each for each in parent.body.blocks if each.kind == name or each.labels[:1] == (name,)]
    body: list[Block | Attribute] = [*parent.body.attributes, *parent.body.blocks]
    anchors = same_name or sorted(body, key=lambda each: each.end)[-1:]
    indent = source.indent(anchors[-1].start) if anchors and not parent.one_line else source.indent(parent.start) + "  "
    text = "".join(f"{feed}{feed}{render_hcl.block(name, value, shape, indent)}" for value in values)
    text = text.replace("\n", feed) if feed != "\n" and feed not in text[2:] else text
    if not anchors:
        lines.replace_range(
            editing.splices,
            source,
            parent.inner_start,
            parent.inner_end,
            f"{text[len(feed) :]}{feed}{source.indent(parent.start)}",
        )
    elif parent.one_line:
        raise Refused(f"{parent.place}: the block stands on one line: where to put {name} is for a person")
    else:
        lines.insert(editing.splices, source, lines.line_end(source, anchors[-1].end), text)


def _add_attributes(editing: Editing, block: Block, added: Sequence[Wanted]) -> None:
    """Behind the last attribute, aligned with it; in an empty or one-line block, which is opened up."""
    source, attributes = block.source, block.body.attributes
    feed = lines.newline(source)
    if not attributes or block.one_line:
        indent = source.indent(block.start) + "  "
        inner = [source.text(attribute.start, attribute.end) for attribute in attributes]
        width = max(map(len, [*(each.name for each in added), *(attribute.name for attribute in attributes)]))
        inner = [
            f"{attribute.name.ljust(width)} = {attribute.value.text}" if len(attributes) == 1 else text
            for attribute, text in zip(attributes, inner, strict=True)
        ]
        inner += [render_hcl.attribute(each.name, each.after, indent, width) for each in added]
        text = "".join(f"{feed}{indent}{line}" for line in inner)
        if block.body.blocks:
            lines.insert(editing.splices, source, block.inner_start, f"{text}{feed}")
        else:
            closing = f"{feed}{source.indent(block.start)}"
            lines.replace_range(editing.splices, source, block.inner_start, block.inner_end, f"{text}{closing}")
        return
    last = attributes[-1]
    indent = source.indent(last.start)
    width = 0 if last.value.multiline else last.value.start - last.start - 3
    texts = []
    for each in added:
        text = render_hcl.attribute(each.name, each.after, indent, width if not isinstance(each.after, dict) else 0)
        gap = feed if "\n" in text or last.value.multiline else ""
        texts.append(f"{gap}{feed}{indent}{text}")
    lines.insert(editing.splices, source, lines.line_end(source, last.end), "".join(texts))
