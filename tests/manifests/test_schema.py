"""The JSON Schema that editors use."""

import json

from tests.manifests.samples import FORMATS
from trueup.manifests.schema import schema


def test_each_format_has_its_own_form() -> None:
    """An entry's keys are the shared ones and those of its format's model, described."""
    known = schema(FORMATS)
    forms = {form["title"]: form for form in known["properties"]["stacks"]["items"]["oneOf"]}
    terraform = forms["terraform"]
    assert terraform["required"] == ["terraform"] and terraform["additionalProperties"] is False
    assert terraform["properties"]["workspace"]["description"] == "The workspace to select."
    assert "dependsOn" in terraform["properties"] and "except" in terraform["properties"]
    assert "additionalProperties" not in forms["flyway"]


def test_every_reference_leads_somewhere() -> None:
    """Definitions of all parts are in the one document."""
    known = schema(FORMATS)
    text = json.dumps(known)
    wanted = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert wanted and wanted <= known["$defs"].keys()
    assert {"apiVersion", "stacks", "environments", "people"} <= known["properties"].keys()
