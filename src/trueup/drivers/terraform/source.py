"""One Terraform source file of either syntax, and what it says that matters before anything runs."""

from trueup.drivers.terraform.said import Source, Unreadable
from trueup.drivers.terraform.source_hcl import parse_hcl
from trueup.drivers.terraform.source_json import parse_json
from trueup.model.errors import Invalid, Place


def parse(path: str, content: bytes) -> Source:
    """Raises Invalid with file, line and column when the text is not HCL (or, for `.json`, not JSON)."""
    try:
        return parse_json(content) if path.endswith(".json") else parse_hcl(content)
    except Unreadable as problem:
        raise Invalid(problem.message, place=Place(path, problem.at.line, problem.at.column)) from None
