"""The providers that a lock file pins. Format: https://developer.hashicorp.com/terraform/language/files/dependency-lock"""

from trueup.drivers.terraform.hcl import parse
from trueup.drivers.terraform.module import literal
from trueup.drivers.terraform.reading import LOCK_FILE
from trueup.model.values import digest


def pinned(lock_file: bytes) -> dict[str, str]:
    """Provider address to its version and a digest of its hashes."""
    found = {}
    for block in parse(LOCK_FILE, lock_file).find("provider"):
        hashes = block.body.attribute("hashes")
        listed = hashes.value.text.split() if hashes else []
        found[block.labels[0]] = f"{literal(block, 'version') or '?'} {digest(listed)}"
    return found
