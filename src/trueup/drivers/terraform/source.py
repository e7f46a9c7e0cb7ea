"""One Terraform source file of either syntax, and what it says that matters before anything runs."""

from trueup.drivers.terraform.said import Said
from trueup.drivers.terraform.source_hcl import parse_hcl
from trueup.drivers.terraform.source_json import parse_json


def parse(path: str, content: bytes) -> Said:
    """Raises Invalid with file, line and column when the text is not HCL (or, for `.json`, not JSON)."""
    return parse_json(path, content) if path.endswith(".json") else parse_hcl(path, content)
