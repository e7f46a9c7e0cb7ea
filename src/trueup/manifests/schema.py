"""JSON Schema of trueup.yaml, for editors: the document's own, with one form of entry for each format."""

from trueup.manifests.document import Document, StackEntry
from trueup.manifests.entries import schema_of
from trueup.manifests.formats import KNOWN, Formats
from trueup.model.values import JSON

_DEFINITIONS = "$defs"


def schema(formats: Formats) -> JSON:
    """Draft 2020-12, as pydantic writes it; `stacks` lists one object for each format."""
    shared = schema_of(StackEntry)
    result = dict(schema_of(Document))
    definitions = {**result.get(_DEFINITIONS, {}), **shared.get(_DEFINITIONS, {})}
    forms: list[JSON] = []
    for key, entry in sorted(formats.items()):
        spec = schema_of(entry.spec)
        definitions |= spec.get(_DEFINITIONS, {})
        properties = {key: _path(f"Stacks of {key}."), **shared["properties"], **spec.get("properties", {})}
        required = [key, *spec.get("required", [])]
        forms.append(_form(key, properties, required, closed=True))
    for key in sorted(KNOWN - formats.keys()):
        properties = {key: _path(f"Stacks of {key}; its driver is not installed here."), **shared["properties"]}
        forms.append(_form(key, properties, [key], closed=False))
    items = {"oneOf": forms}
    stacks = {"type": "array", "items": items, "description": "What is reconciled."}
    result["properties"] = {**result["properties"], "stacks": stacks}
    result["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    result["title"] = "trueup.yaml"
    result[_DEFINITIONS] = definitions
    return result


def _path(what: str) -> JSON:
    return {"type": "string", "description": f"{what} repository//path; {{word}} captures one directory's name."}


def _form(key: str, properties: JSON, required: list[str], *, closed: bool) -> JSON:
    form = {"title": key, "type": "object", "properties": properties, "required": required}
    return form | {"additionalProperties": False} if closed else form
