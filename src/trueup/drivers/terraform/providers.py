"""The providers that a lock file pins. Format: https://developer.hashicorp.com/terraform/language/files/dependency-lock"""

from trueup.drivers.terraform.source_hcl import attributes, blocks, body_of, heading, literal, text, tree_of
from trueup.model.values import digest


def pinned(lock_file: bytes) -> dict[str, str]:
    """Provider address to its version and a digest of its hashes."""
    root = tree_of(lock_file)
    found = {}
    for block in blocks(body_of(root)):
        match heading(block):
            case ["provider", address]:
                given = attributes(body_of(block))
                hashes = text(given["hashes"]) if "hashes" in given else ""
                found[address] = f"{literal(given.get('version')) or '?'} {digest(hashes.split())}"
    return found
