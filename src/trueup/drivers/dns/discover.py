"""octoDNS configurations that nobody declared, found in a tree by what they must hold."""

import re
from collections.abc import Iterator

from trueup.drivers.dns.configuration.config import read
from trueup.model.errors import Invalid
from trueup.ports.driver import Discovered
from trueup.ports.tree import Tree

SECTIONS = tuple(re.compile(rb"^%s:" % name, re.MULTILINE) for name in (b"providers", b"zones"))
ENVIRONMENTS = re.compile(r"(?:^|[/._-])(prod|production|staging|stage|test|dev|development)(?=$|[/._-])")


def discover(tree: Tree) -> Iterator[Discovered]:
    """With the environment that the path names."""
    for entry in tree.entries():
        if not entry.path.endswith((".yaml", ".yml")) or entry.link:
            continue
        content = tree.read(entry.path)
        if all(section.search(content) for section in SECTIONS) and _builds_octodns(tree, entry.path):
            named = ENVIRONMENTS.search(entry.path)
            why = "it holds octoDNS's `providers:` and `zones:`"
            yield Discovered(entry.path, "octodns", named[1] if named else "", why=why)


def _builds_octodns(tree: Tree, path: str) -> bool:
    """Others have providers and zones too."""
    try:
        return any(block.class_name.startswith("octodns") for block in read(tree, path).blocks)
    except Invalid:
        return False
