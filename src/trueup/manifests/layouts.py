"""Layouts: another repository's own trueup.yaml, which says where its stacks are and nothing else."""

from pydantic import ValidationError

from trueup.manifests.document import Document, LayoutDocument
from trueup.manifests.entries import Entry, Scope, read_entries, schema_of
from trueup.manifests.formats import Formats
from trueup.manifests.mistakes import Mistakes
from trueup.manifests.positions import parse
from trueup.model.errors import Invalid
from trueup.ports.tree import Tree

FILE = "trueup.yaml"


def layout_file(repository: str) -> str:
    """How places in it are told."""
    return f"{repository}//{FILE}"


def read_layout(key: str, tree: Tree, formats: Formats, mistakes: Mistakes) -> tuple[Entry, ...]:
    """Its entries; `mistakes` gets everything that does not belong there."""
    try:
        parsed = parse(tree.read(FILE), layout_file(key))
    except Invalid as error:
        mistakes.add_error(error)
        return ()
    if not isinstance(parsed.value, dict):
        mistakes.add("missing", "expected keys and values", parsed.place(()), "it may hold `stacks:` only")
        return ()
    governing = [name for name in parsed.value if name in set(Document.model_fields) - {"stacks"}]
    for name in governing:
        hint = "move it to the trueup.yaml of the control repository"
        mistakes.add("not-here", f"`{name}` cannot be set here", parsed.key_place((name,)), hint)
    try:
        LayoutDocument.model_validate({name: value for name, value in parsed.value.items() if name not in governing})
    except ValidationError as error:
        mistakes.add_validation(error, parsed, (), schema_of(LayoutDocument))
    return read_entries(Scope(parsed, formats, key, None), mistakes)
