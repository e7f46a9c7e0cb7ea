"""The parameters of an AWS request as the audit trail writes them: typed, in lower camel case, secrets hidden.

Each of AWS's wire protocols (https://smithy.io/2.0/aws/protocols/) is read along the operation's input shape.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, Shape, StructureShape

from trueup.model.values import JSON

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def from_form(shape: StructureShape, fields: Mapping[str, str], *, ec2: bool) -> JSON:
    """Out of a form; EC2 has names of its own and its trail wraps lists as {"items": [...]}."""
    return _from_form(shape, _nested(fields), ec2=ec2)


def _nested(fields: Mapping[str, str]) -> dict[str, JSON]:
    """`IpPermissions.1.FromPort=8443` as {"IpPermissions": {"1": {"FromPort": "8443"}}}."""
    tree: dict[str, JSON] = {}
    for name, value in fields.items():
        *above, last = name.split(".")
        node = tree
        for step in above:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                break
        else:
            node[last] = value
    return tree


def _from_form(shape: Shape, tree: JSON, *, ec2: bool) -> JSON:
    if _is_secret(shape):
        return HIDDEN
    if isinstance(shape, StructureShape) and isinstance(tree, dict):
        named = {_form_name(name, member, ec2=ec2): (name, member) for name, member in shape.members.items()}
        return {
            _camel(named[key][0]): _from_form(named[key][1], value, ec2=ec2)
            for key, value in tree.items()
            if key in named
        }
    if isinstance(shape, ListShape) and isinstance(tree, dict):
        inside = tree.get("member", tree)
        if not isinstance(inside, dict):
            return inside
        items = [
            _from_form(shape.member, inside[key], ec2=ec2) for key in sorted(inside, key=lambda key: (len(key), key))
        ]
        return {"items": items} if ec2 else items
    return _scalar(shape, tree)


def _form_name(name: str, member: Shape, *, ec2: bool) -> str:
    given = str(member.serialization.get("name", name))
    return str(member.serialization.get("queryName") or given[:1].upper() + given[1:]) if ec2 else given


def from_rest(
    shape: StructureShape, parts: Mapping[str, str | None], fields: Mapping[str, str], body: bytes
) -> dict[str, JSON]:
    """Out of the path's parts, the query's fields and the members of an XML body."""
    inside = _body_members(shape, body)
    parameters: dict[str, JSON] = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                value: JSON = unquote(parts.get(wire) or "")
            case "querystring":
                value = fields.get(wire)
            case None if name in inside:
                value = _from_xml(member, inside[name])
            case _:
                value = None
        if value not in (None, ""):
            parameters["bucketName" if name == "Bucket" else _camel(name)] = HIDDEN if _is_secret(member) else value
    return parameters


def _body_members(shape: StructureShape, body: bytes) -> dict[str, ElementTree.Element]:
    """The input's members that travel in an XML body: the body is one of them (the payload), or holds them."""
    if not body.lstrip().startswith(b"<"):
        return {}
    payload = shape.serialization.get("payload")
    if payload and not isinstance(shape.members[payload], StructureShape):
        return {}
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return {}
    if payload:
        return {payload: root}
    named = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    return {named[_tag(child)]: child for child in root if _tag(child) in named}


def _from_xml(shape: Shape, element: ElementTree.Element) -> JSON:
    if _is_secret(shape):
        return HIDDEN
    if isinstance(shape, StructureShape):
        values: dict[str, JSON] = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            flat = isinstance(member, ListShape) and member.serialization.get("flattened")
            inside = [child for child in element if _tag(child) == wire]
            if flat and isinstance(member, ListShape) and inside:
                values[_camel(name)] = [_from_xml(member.member, child) for child in inside]
            elif inside:
                values[_camel(name)] = _from_xml(member, inside[0])
        return values
    if isinstance(shape, ListShape):
        return [_from_xml(shape.member, child) for child in element]
    return _scalar(shape, element.text or "")


def from_json(shape: Shape, value: JSON) -> JSON:
    """Out of a JSON body."""
    if _is_secret(shape):
        return HIDDEN
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        known = {name: shape.members[name] for name in value if name in shape.members}
        return {_camel(name): from_json(member, value[name]) for name, member in known.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [from_json(shape.member, item) for item in value]
    return value


def _scalar(shape: Shape, value: JSON) -> JSON:
    if isinstance(shape, MapShape) or not isinstance(value, str):
        return value
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", value):
        return int(value)
    if shape.type_name == "boolean":
        return value.lower() == "true"
    return value


def _is_secret(shape: Shape) -> bool:
    return bool(shape.metadata.get("sensitive"))


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
