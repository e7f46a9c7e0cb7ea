"""Whatever literal people wrote, and whatever became real: the edited code says exactly that, and comments stay."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.terraform.codifying import G, codified
from trueup.drivers.terraform.hcl import parse
from trueup.drivers.terraform.render_hcl import render
from trueup.model.normal import key

NAMES = st.sampled_from(["Name", "Owner", "data-class", "cost center", "X", "a1"])
SCALARS = (
    st.sampled_from(["a", "b", 'say "x"', "${v} %{w}", "tab\tnew\n", "é", "back\\bslash \b\f"])
    | st.integers(2, 5)
    | st.booleans()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(NAMES, inner, min_size=1, max_size=4),
    max_leaves=8,
)
CONTAINERS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4) | st.lists(VALUES, min_size=1, max_size=4)


@st.composite
def written(draw: st.DrawFn, value: Any, indent: str = "  ") -> str:
    """A value in one of the layouts that people use."""
    if not isinstance(value, dict | list) or not value:
        return render(value)
    if draw(st.booleans()):
        return one_line(value)
    inner = indent + "  "
    commas = isinstance(value, list) or draw(st.booleans())
    trailing = commas and draw(st.booleans())
    lines = []
    separator = draw(st.sampled_from([" = ", ": ", " : "]))
    items = list(value.items()) if isinstance(value, dict) else [(None, each) for each in value]
    for index, (name, each) in enumerate(items):
        text = draw(written(each, inner))
        head = "" if name is None else render(name) + separator
        comma = "," if commas and (trailing or index < len(items) - 1) else ""
        comment = draw(st.sampled_from(["", "", f" # about {index}"]))
        lines.append(f"{inner}{head}{text}{comma}{comment}")
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return "\n".join([opening, *lines, f"{indent}{closing}"])


def one_line(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{render(name)} = {one_line(each)}" for name, each in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(one_line(each) for each in value) + "]"
    return render(value)


@given(st.data(), CONTAINERS, CONTAINERS)
def test_an_edited_literal_says_what_is_real(data: st.DataObject, before: Any, after: Any) -> None:
    """Maps in maps in lists, in any layout, changed into any other value: read back, the code says that value."""
    text = f'resource "aws_security_group" "web" {{\n  setting = {data.draw(written(before))}\n}}\n'
    if key(before) == key(after):
        return
    files, said = codified({"live/main.tf": text}, {G: {"setting": before}}, {G: {"setting": after}})
    if said.declined:
        assert "comments among them" in said.declined[0].reason or "change their names" in said.declined[0].reason
        return
    (block,) = parse("live/main.tf", files["live/main.tf"].encode()).blocks
    attribute = block.body.attribute("setting")
    assert key(attribute.value.static() if attribute else None) == key(after), files["live/main.tf"]


@given(st.integers(0, 3), CONTAINERS, CONTAINERS)
def test_an_edited_document_is_still_json(spaces: int, before: Any, after: Any) -> None:
    """A JSON heredoc stays JSON through every edit and says what is real."""
    if not isinstance(before, type(after)) or key(before) == key(after):
        return
    document = json.dumps(before, indent=spaces or None, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    text = f'resource "aws_security_group" "web" {{\n  policy = <<EOF\n{document}\nEOF\n}}\n'
    files, said = codified(
        {"live/main.tf": text}, {G: {"policy": json.dumps(before) + "\n"}}, {G: {"policy": json.dumps(after)}}
    )
    if said.declined:
        reason = said.declined[0].reason
        assert "change their names" in reason or ("as HCL cannot read it" in reason and "bslash" in document)
        return
    (block,) = parse("live/main.tf", files["live/main.tf"].encode()).blocks
    attribute = block.body.attribute("policy")
    assert attribute is not None
    assert key(json.loads(attribute.value.static())) == key(after), files["live/main.tf"]
