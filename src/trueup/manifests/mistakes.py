"""Mistakes: everything that is wrong with a manifest, collected with places and suggestions, told at once."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trueup.manifests.positions import Loc, Parsed
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding
from trueup.model.values import JSON


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or what is known here."""
    names = sorted(set(known))
    close = get_close_matches(wrong, names, n=1, cutoff=0.6) or [
        name for name in names if name.casefold() == wrong.casefold()
    ]
    if close:
        return f"did you mean `{close[0]}`?"
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return f"known here: {shown}{', ...' if len(names) > 12 else ''}" if names else ""


class Mistakes:
    """Findings as they are found; those that stop make the manifest unusable."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(self, code: str, message: str, place: Place | None, hint: str = "") -> None:
        finding = Finding(code, message, place, hint, stops=True)
        if finding not in self.findings:
            self.findings.append(finding)

    def warn(self, code: str, message: str, place: Place | None, hint: str = "") -> None:
        finding = Finding(code, message, place, hint)
        if finding not in self.findings:
            self.findings.append(finding)

    def add_error(self, error: Invalid) -> None:
        self.add("invalid", error.message, error.place, error.hint)

    def add_validation(
        self,
        error: ValidationError,
        parsed: Parsed,
        at: Loc,
        schema: JSON,
        unsure: Callable[[Loc], bool] = lambda loc: False,
    ) -> None:
        """pydantic's errors at a part of the document, in our words, but for those that `unsure` leaves out.
        `schema` is the JSON Schema of that part."""
        for details in error.errors(include_url=False):
            if not unsure(details["loc"]):
                self._add_details(details, parsed, at, schema)

    def _add_details(self, details: ErrorDetails, parsed: Parsed, at: Loc, schema: JSON) -> None:
        inner = details["loc"]
        loc = (*at, *(step for step in inner if step != "[key]"))
        name = str(inner[-1]) if inner else ""
        match details["type"]:
            case "extra_forbidden":
                known = properties(schema, inner[:-1])
                self.add("unknown-key", f"unknown key `{name}`", parsed.key_place(loc), suggestion(name, known))
            case "missing":
                self.add("missing", f"`{name}` is missing", parsed.place(loc), _described(schema, inner))
            case "enum" | "literal_error":
                allowed = _choices(schema, inner)
                message = f"expected one of {', '.join(allowed)}; found `{details['input']}`"
                self.add("wrong-value", message, parsed.place(loc), suggestion(str(details["input"]), allowed))
            case _:
                # The value itself stays out of the message: somebody may have written a secret there.
                message = details["msg"].removeprefix("Value error, ")
                message = _PLAINER.get(details["type"], message[:1].lower() + message[1:])
                label = f"`{name}`: " if isinstance(inner[-1] if inner else None, str) and name != "[key]" else ""
                self.add("wrong-value", label + message, parsed.place(loc))

    @property
    def stopping(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.stops]

    def stop_if_any(self, file: str) -> None:
        """Raises Invalid that names all of them."""
        if self.stopping:
            raise as_error(self.stopping, file)


def as_error(findings: Sequence[Finding], file: str) -> Invalid:
    """One error for all findings, each on a line of its own with its place and hint."""
    ordered = in_order(findings)
    if len(ordered) == 1:
        return Invalid(ordered[0].message, place=ordered[0].place, hint=ordered[0].hint)
    lines = [f"  {line(finding)}" for finding in ordered]
    return Invalid("\n".join([f"there are {len(ordered)} mistakes:", *lines]), place=Place(file))


def line(finding: Finding) -> str:
    where = f"{finding.place}: " if finding.place else ""
    return f"{where}{finding.message}" + (f" ({finding.hint})" if finding.hint else "")


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By place in the file."""

    def place(finding: Finding) -> tuple[str, int, int]:
        return (finding.place.file, finding.place.line, finding.place.column) if finding.place else ("", 0, 0)

    return tuple(sorted(findings, key=place))


_PLAINER = {
    "string_type": "expected a text; put it in quotes",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "dict_type": "expected keys and values",
    "model_type": "expected keys and values",
    "model_attributes_type": "expected keys and values",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
}


def _subschema(schema: JSON, loc: Loc) -> JSON:
    """The part of a JSON Schema that describes a place; {} where it says nothing."""
    root = schema
    node = _resolved(root, schema)
    for step in loc:
        if isinstance(step, str) and step in node.get("properties", {}):
            node = node["properties"][step]
        elif isinstance(step, int):
            node = node.get("items", {})
        else:
            named = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
            node = next((part for part in named if isinstance(part, dict)), {})
        node = _resolved(root, node)
    return node


def _resolved(root: JSON, node: JSON) -> JSON:
    """Follows references, and takes the part of an optional value that is not null."""
    while True:
        if "$ref" in node:
            node = root.get("$defs", {}).get(node["$ref"].rsplit("/", 1)[-1], {})
        elif "anyOf" in node:
            node = next((part for part in node["anyOf"] if part.get("type") != "null"), {})
        else:
            return node


def properties(schema: JSON, loc: Loc) -> list[str]:
    return list(_subschema(schema, loc).get("properties", {}))


def _choices(schema: JSON, loc: Loc) -> list[str]:
    node = _subschema(schema, loc)
    return [str(choice) for choice in node.get("enum", [node["const"]] if "const" in node else [])]


def _described(schema: JSON, loc: Loc) -> str:
    description = str(_subschema(schema, loc).get("description", ""))
    return description.split("\n\n")[0].replace("\n", " ")
