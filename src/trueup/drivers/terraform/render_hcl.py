"""Render: a value as HCL (or JSON, inside a heredoc) in the layout that `terraform fmt` keeps."""

import json
import re
from collections.abc import Mapping

from trueup.model.errors import Refused
from trueup.model.normal import NOTHING_KNOWN, normal
from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON, is_masked, is_unknown

_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*")
_ESCAPE = re.compile(r"\\(.)")
_UNKNOWN_TO_HCL = {"b": "\\u0008", "f": "\\u000c"}
_FIRST = ("name", "description", "from_port", "to_port", "protocol")
"""The order in which people write a rule; everything else follows by name."""


class Reference(str):
    """A value that the code has a name for: compared by what it is, written as `code`."""

    code: str

    def __new__(cls, value: str, code: str) -> "Reference":
        made = super().__new__(cls, value)
        made.code = code
        return made


def render(value: JSON, indent: str = "", *, document: bool = False) -> str:
    """`document` writes JSON instead of HCL. Raises Refused for a secret and for what nobody knows yet."""
    if is_masked(value):
        raise Refused("the value is sensitive and is never written into code")
    if is_unknown(value):
        raise Refused("the value is known only after an apply")
    match value:
        case dict():
            return _object(value, indent, document=document)
        case list():
            return _list(value, indent, document=document)
        case Reference() if not document:
            return value.code
        case str():
            return _escaped(json.dumps(value, ensure_ascii=False)) if document else _string(value)
        case _:
            return json.dumps(value)


def key(name: str, *, quoted: bool = False) -> str:
    """An object's key; quoted where it must be."""
    return name if not quoted and _IDENTIFIER.fullmatch(name) else _string(name)


def attribute(name: str, value: JSON, indent: str, width: int = 0) -> str:
    """`name = value`, the equals sign aligned to a width. Maps stand on lines of their own."""
    if isinstance(value, dict) and value and not is_masked(value) and not is_unknown(value):
        return f"{name.ljust(width)} = {_lines(value, indent, document=False)}"
    return f"{name.ljust(width)} = {render(value, indent)}"


def block(name: str, values: Mapping[str, JSON], shape: Shape, indent: str) -> str:
    """A nested block with what the element really says: no empty values, and no zeros that stand for nothing
    (ports are never nothing)."""
    inner = f"{indent}  "
    plain: dict[str, JSON] = {}
    nested: dict[str, list[JSON]] = {}
    for name_, value in values.items():
        inner_shape = shape.children.get(name_, NOTHING_KNOWN)
        if inner_shape.computed or inner_shape.ignored:
            continue
        if _is_blocks(value):
            nested[name_] = value
        elif normal(value) is not None and (value is not False) and (value != 0 or name_.endswith("port")):
            plain[name_] = value
    names = sorted(plain, key=lambda each: (_FIRST.index(each) if each in _FIRST else len(_FIRST), each))
    width = max(map(len, names), default=0)
    lines = [f"{indent}{name} {{"]
    lines += [f"{inner}{each.ljust(width)} = {render(plain[each], inner)}" for each in names]
    for each, elements in nested.items():
        for element in elements:
            nested_shape = shape.children.get(each, NOTHING_KNOWN).element or NOTHING_KNOWN
            lines += (
                ["", block(each, element, nested_shape, inner)]
                if len(lines) > 1
                else [block(each, element, nested_shape, inner)]
            )
    return "\n".join([*lines, f"{indent}}}"])


def is_blocks(value: JSON, shape: Shape) -> bool:
    """Whether a value is a list of objects, which people write as blocks."""
    return shape.kind in (Kind.LIST, Kind.SET, Kind.LEAF, Kind.OBJECT) and _is_blocks(value)


def _is_blocks(value: JSON) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) and not is_masked(each) for each in value)
    )


def _string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _escaped(_ESCAPE.sub(lambda match: _UNKNOWN_TO_HCL.get(match[1], match[0]), quoted))


def _escaped(text: str) -> str:
    """Also inside a heredoc `${` begins an interpolation: policies are full of `${aws:username}`."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _list(value: list[JSON], indent: str, *, document: bool) -> str:
    if any(isinstance(each, dict | list) and each for each in value):
        inner = f"{indent}  "
        items = [f"{inner}{render(each, inner, document=document)}" for each in value]
        return "[\n" + ",\n".join(items) + ("" if document else ",") + f"\n{indent}]"
    return "[" + ", ".join(render(each, indent, document=document) for each in value) + "]"


def _object(value: Mapping[str, JSON], indent: str, *, document: bool) -> str:
    if not value:
        return "{}"
    if len(value) == 1:
        ((name, only),) = value.items()
        if not isinstance(only, dict | list):
            said = render(only, indent, document=document)
            return f"{{ {render(name, document=True)}: {said} }}" if document else f"{{ {key(name)} = {said} }}"
    return _lines(value, indent, document=document)


def _lines(value: Mapping[str, JSON], indent: str, *, document: bool) -> str:
    inner = f"{indent}  "
    if document:
        entries = [
            f"{inner}{render(name, document=True)}: {render(each, inner, document=True)}"
            for name, each in value.items()
        ]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    width = max(len(key(name)) for name in value)
    entries = [f"{inner}{key(name).ljust(width)} = {render(each, inner)}" for name, each in value.items()]
    return "{\n" + "\n".join(entries) + f"\n{indent}}}"
