"""squawk's findings in our codes: one run of the program for all files. JSON as of squawk 2.70.

What our delivery makes moot (timeouts, which it sets) and what is taste (types, names) is left out; what we tell more
exactly ourselves (types, transactions) too. https://squawkhq.com/docs/rules
"""

import shutil
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from trueup.model.errors import Broken, Invalid
from trueup.system.processes import Command, capture

RULES = {
    "adding-field-with-default": "volatile-default",
    "adding-foreign-key-constraint": "foreign-key",
    "adding-not-nullable-field": "set-not-null",
    "adding-required-field": "required-column",
    "adding-serial-primary-key-field": "primary-key",
    "ban-alter-domain-with-add-constraint": "domain-constraint",
    "ban-drop-column": "drop-column",
    "ban-drop-database": "drop-database",
    "ban-drop-domain": "drop-object",
    "ban-drop-function": "drop-object",
    "ban-drop-not-null": "drop-not-null",
    "ban-drop-schema": "drop-schema",
    "ban-drop-sequence": "drop-object",
    "ban-drop-table": "drop-table",
    "ban-drop-type": "drop-object",
    "ban-drop-view": "drop-object",
    "ban-truncate-cascade": "truncate",
    "disallowed-unique-constraint": "unique-constraint",
    "renaming-column": "rename-column",
    "renaming-object": "rename-object",
    "renaming-table": "rename-table",
    "require-concurrent-index-creation": "index-not-concurrent",
    "require-concurrent-index-deletion": "drop-index-not-concurrent",
    "require-concurrent-partition-detach": "detach-not-concurrent",
    "require-concurrent-reindex": "reindex-not-concurrent",
    "require-lock-timeout": "lock-timeout",
    "require-statement-timeout": "statement-timeout",
    "transaction-nesting": "transaction-control",
}


class _Said(BaseModel):
    file: str
    line: int
    """From 0."""
    column: int
    message: str
    rule_name: str


_SAID = TypeAdapter(list[_Said])


@dataclass(frozen=True)
class Hit:
    """One finding of squawk that is ours too."""

    file: int
    """Index of the text."""
    code: str
    line: int
    """From 1."""
    column: int
    """From 1."""


def hits(texts: Sequence[str], major: int) -> Iterator[Hit]:
    """Of these files, each on its own. Raises Broken when squawk says something that it never said before."""
    if not texts:
        return
    with tempfile.TemporaryDirectory(prefix="trueup-lint-") as name:
        place = Path(name)
        paths = [place / f"{index:05}.sql" for index in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8", newline="")
        options = ("--reporter", "json", "--pg-version", f"{major}.0", "--assume-in-transaction")
        argv = (_program(), *options, *(path.name for path in paths))
        said = capture(Command(argv, place, {"PATH": "/nonexistent", "HOME": name}), seconds=120)
    try:
        found = _SAID.validate_json(said.stdout)
    except ValidationError as error:
        words = said.stderr.decode(errors="replace").strip()
        raise Broken(f"squawk ended with {said.code} and no findings that can be read: {words}") from error
    for one in found:
        if one.rule_name in RULES:
            index = int(Path(one.file).stem)
            # Its columns are bytes.
            before = texts[index].split("\n")[one.line].encode()[: one.column].decode(errors="ignore")
            yield Hit(index, RULES[one.rule_name], one.line + 1, len(before) + 1)


def _program() -> str:
    """The package's own, beside this Python, before any other."""
    found = shutil.which("squawk", path=sysconfig.get_path("scripts")) or shutil.which("squawk")
    if found is None:
        raise Invalid("squawk is not installed", hint="pip install squawk-cli")
    return found
