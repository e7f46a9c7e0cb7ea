"""Expressions: making an HCL expression yield another value, by following it to the literal that people wrote."""

import re
from collections.abc import Sequence
from dataclasses import replace

from trueup.drivers.terraform import codify_lines as lines
from trueup.drivers.terraform.codify_editing import Editing, Spot, same
from trueup.drivers.terraform.codify_items import edit_object, edit_tuple
from trueup.drivers.terraform.hcl import parse
from trueup.drivers.terraform.hcl_expressions import DYNAMIC, Expression, Form
from trueup.drivers.terraform.render_hcl import key as render_key
from trueup.drivers.terraform.render_hcl import render
from trueup.model.errors import Invalid, Refused
from trueup.model.normal import key, read_json
from trueup.model.values import JSON, Path

_TRANSPARENT = frozenset({"toset", "tolist", "tomap", "tostring", "tonumber", "tobool", "nonsensitive"})
_FOLLOWED = ("var", "local", "each")
_NOT_A_LINE_END = re.compile(rb"[^\r\n]")


def edit(editing: Editing, spot: Spot, path: Path, before: JSON, after: JSON) -> None:
    """Makes the expression, whose value at `path` is `before`, yield `after` there. Raises Refused."""
    if same(before, after):
        return
    expression = spot.expression
    match expression.form:
        case Form.REFERENCE:
            _edit_reference(editing, spot, path, before, after)
        case Form.OBJECT:
            edit_object(editing, spot, edit, path, before, after)
        case Form.CALL:
            _edit_call(editing, spot, path, before, after)
        case _ if path:
            raise Refused(f"{expression.place}: {_named(path)} cannot be told apart inside `{_short(expression)}`")
        case Form.TUPLE if isinstance(before, list | None) and isinstance(after, list | None):
            edit_tuple(editing, spot, edit, before or [], after or [])
        case Form.HEREDOC:
            _edit_heredoc(editing, spot, before, after)
        case Form.TEMPLATE:
            raise Refused(f"{expression.place}: the value is put together in `{_short(expression)}`")
        case _:
            _edit_literal(editing, spot, before, after)


def _edit_literal(editing: Editing, spot: Spot, before: JSON, after: JSON) -> None:
    expression = spot.expression
    said = expression.static()
    if said is DYNAMIC:
        raise Refused(f"{expression.place}: the value comes from the expression `{_short(expression)}`")
    if not _says(said, before):
        raise Refused(
            f"{expression.place}: the code says `{_short(expression)}`, but the plan was made from another value there"
        )
    indent = expression.source.indent(expression.start)
    lines.replace(editing.splices, expression.source, expression, render(after, indent, document=spot.document))


def _edit_reference(editing: Editing, spot: Spot, path: Path, before: JSON, after: JSON) -> None:
    expression, steps = spot.expression, spot.expression.steps
    if steps is None or steps[0] not in _FOLLOWED or len(steps) < 2:
        raise Refused(f"{expression.place}: the value comes from `{_short(expression)}`")
    root, name, inner = steps[0], str(steps[1]), (*steps[2:], *path)
    if editing.inline and root in ("var", "local"):
        _write_inline(editing, spot, path, before, after)
    elif root == "var":
        scope, given = spot.scope.variable(name)
        editing.notes.append(f"{given.place}: var.{name} is edited, every user of it changes")
        edit(editing, Spot(scope, given, spot.scope.each if scope is spot.scope.caller else None), inner, before, after)
    elif root == "local":
        found = spot.scope.module.local(name)
        if found is None:
            raise Refused(f"{expression.place}: local.{name} is not defined in this module")
        editing.notes.append(f"{found.place}: local.{name} is edited, every user of it changes")
        edit(editing, Spot(spot.scope, found.value), inner, before, after)
    elif name == "value" and spot.each is not None:
        instance, source = spot.each
        edit(editing, Spot(spot.scope, source), (instance, *inner), before, after)
    else:
        raise Refused(f"{expression.place}: the value comes from `{_short(expression)}`")


def _write_inline(editing: Editing, spot: Spot, path: Path, before: JSON, after: JSON) -> None:
    """Here and only here: a literal, or for some keys of a map a merge that overrides them."""
    expression, source = spot.expression, spot.expression.source
    for step in reversed(path):
        before, after = {str(step): before}, {str(step): after}
    if isinstance(before, dict) and isinstance(after, dict):
        changed = {name: value for name, value in after.items() if key(value) != key(before.get(name))}
        if path or set(before) <= set(after):
            if any(value is None or isinstance(value, dict) for value in changed.values()):
                raise Refused(
                    f"{expression.place}: `{_short(expression)}` is shared, and its inside cannot be overridden"
                )
            entries = ", ".join(f"{render_key(name)} = {render(value)}" for name, value in changed.items())
            lines.replace(editing.splices, source, expression, f"merge({expression.text}, {{ {entries} }})")
            return
    lines.replace(editing.splices, source, expression, render(after, source.indent(expression.start)))
    editing.notes.append(
        f"{expression.place}: `{_short(expression)}` gives way to a literal, its other users keep theirs"
    )


def _edit_call(editing: Editing, spot: Spot, path: Path, before: JSON, after: JSON) -> None:
    expression = spot.expression
    name, arguments = expression.function, expression.arguments
    if name in _TRANSPARENT and arguments:
        if name == "toset" and path:
            _edit_set_key(editing, spot.into(arguments[0]), path, after)
        else:
            edit(editing, spot.into(arguments[0]), path, before, after)
    elif name == "jsonencode" and arguments and not path:
        inner = read_json(before), read_json(after)
        if any(document is None for document in inner):
            raise Refused(f"{expression.place}: what is real is not JSON any more")
        edit(editing, spot.into(arguments[0]), (), *inner)
    elif name == "merge" and arguments:
        _edit_merge(editing, spot, path, before, after)
    elif name == "concat" and not path and isinstance(before, list) and isinstance(after, list):
        _edit_concat(editing, spot, before, after)
    else:
        raise Refused(f"{expression.place}: the value is computed by {name}()")


def _edit_set_key(editing: Editing, spot: Spot, path: Path, after: JSON) -> None:
    """One key of a for_each over a set of strings goes away."""
    said = spot.expression.static()
    if after is not None or len(path) != 1 or not isinstance(said, list) or path[0] not in said:
        raise Refused(f"{spot.expression.place}: {_named(path)} is not written in `{_short(spot.expression)}`")
    edit(editing, spot, (), said, [each for each in said if each != path[0]])


def _edit_merge(editing: Editing, spot: Spot, path: Path, before: JSON, after: JSON) -> None:
    """Per key: where a literal argument has it, there; a new or overriding key goes into the last literal, which is
    the narrowest edit; a key that goes away is followed to the argument that brings it."""
    if path:
        before, after, rest = {str(path[0]): before}, {str(path[0]): after}, path[1:]
    else:
        rest = ()
    if not isinstance(before, dict) or not isinstance(after, dict):
        raise Refused(f"{spot.expression.place}: merge() yields no map any more")
    arguments = spot.expression.arguments
    literals = [each for each in arguments if each.form is Form.OBJECT]
    added: dict[str, JSON] = {}
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if same({name: was}, {name: now}):
            continue
        own = next((each for each in reversed(literals) if any(entry.key == name for entry in each.entries)), None)
        if own is not None:
            edit(editing, spot.into(own), (name, *rest), was, now)
        elif now is not None and not rest and literals and literals[-1] is arguments[-1]:
            added[name] = now
        elif now is not None and not rest:
            last = arguments[-1]
            lines.insert(editing.splices, last.source, last.end, f", {{ {render_key(name)} = {render(now)} }}")
        else:
            origin = next((each for each in reversed(arguments) if each.form is not Form.OBJECT), None)
            if origin is None or len(arguments) - len(literals) > 1:
                raise Refused(
                    f"{spot.expression.place}: which argument of merge() brings {name} is for a person to say"
                )
            edit(editing, spot.into(origin), (name, *rest), was, now)
    if added:
        edit(editing, spot.into(literals[-1]), (), {}, added)


def _edit_concat(editing: Editing, spot: Spot, before: Sequence[JSON], after: Sequence[JSON]) -> None:
    gone = [each for each in before if key(each) not in map(key, after)]
    new = [each for each in after if key(each) not in map(key, before)]
    literals = [each for each in spot.expression.arguments if each.form is Form.TUPLE]
    for literal in literals:
        said = literal.static()
        if not isinstance(said, list):
            continue
        here = [each for each in said if key(each) in map(key, gone)]
        extra = new if literal is literals[-1] else []
        if here or extra:
            edit(editing, spot.into(literal), (), said, [each for each in said if each not in here] + list(extra))
        gone = [each for each in gone if each not in here]
        new = [] if extra else new
    if gone or new:
        raise Refused(f"{spot.expression.place}: the changed elements are not written in `{_short(spot.expression)}`")


def _edit_heredoc(editing: Editing, spot: Spot, before: JSON, after: JSON) -> None:
    expression, source = spot.expression, spot.expression.source
    start, end = expression.heredoc_body
    documents = read_json(before), read_json(after)
    if all(document is not None for document in documents):
        # JSON reads as an HCL expression: it is parsed where it stands, behind as many blanks and lines as there were.
        try:
            inner = parse(source.path, _padded(source.content, start, end))
        except Invalid:
            raise Refused(
                f"{expression.place}: the JSON in the heredoc is put together or written as HCL cannot read it"
            ) from None
        edit(editing, replace(spot, expression=inner.attributes[0].value, document=True), (), *documents)
        return
    if expression.interpolated:
        raise Refused(f"{expression.place}: the heredoc is interpolated")
    if not isinstance(after, str) or not after.endswith("\n") or not _says(expression.static(), before):
        raise Refused(f"{expression.place}: the new value does not fit into the heredoc")
    text = after.replace("${", "$${").replace("%{", "%%{")
    margin = ""
    if expression.text.startswith("<<-"):
        written = [line for line in source.text(start, end).splitlines() if line.strip()]
        margin = min((line[: len(line) - len(line.lstrip())] for line in written), key=len, default="")
    body = "".join(f"{margin}{line}" if line.strip() else line for line in text.splitlines(keepends=True))
    lines.replace_range(editing.splices, source, start, end, body)


def _padded(content: bytes, start: int, end: int) -> bytes:
    opening = content.rindex(b"\n", 0, start) if b"\n" in content[:start] else start
    before = _NOT_A_LINE_END.sub(b" ", content[:start])
    return before[: opening - 3] + b"x=(" + before[opening:] + content[start:end] + b")"


def _says(said: JSON, before: JSON) -> bool:
    """Whether a literal is what the plan was made from; Terraform turns numbers into texts and back."""
    if isinstance(said, dict | list) or isinstance(before, dict | list):
        return key(said) == key(before)
    plain = [str(each).lower() if isinstance(each, bool) else each for each in (said, before)]
    return key(said) == key(before) or str(plain[0]) == str(plain[1])


def _named(path: Path) -> str:
    return ".".join(map(str, path))


def _short(expression: Expression) -> str:
    text = " ".join(expression.text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
