"""Jobs of the database driver: real values, and lines that can be looked at afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueup.drivers.database.spec import DatabaseSpec, FlywaySpec
from trueup.model.plan import Address, Resource
from trueup.model.stack import Purpose, StackId
from trueup.model.values import JSON, digest
from trueup.ports.driver import Job
from trueup.ports.tree import StoredTree, Tree
from trueup.system.redaction import Redactor

PATH = "db"


def files(texts: Mapping[str, str], revision: str = "c0ffee") -> StoredTree:
    """A tree with these files in the stack's directory."""
    return StoredTree(revision, {f"{PATH}/{name}": text.encode() for name, text in texts.items()})


@dataclass
class Place:
    """One stack with one database."""

    directory: Path
    url: str
    settled: Mapping[Address, Resource] | None = None
    secrets: dict[str, str] = field(default_factory=dict)
    """By reference: `env:URL` and the like."""
    lines: list[str] = field(default_factory=list)
    spec: type[DatabaseSpec] = FlywaySpec

    def job(
        self, tree: Tree, purpose: Purpose = "check", spec: Mapping[str, Any] | None = None, **more: Any
    ) -> Job[Any]:
        redactor = Redactor(frozenset(self.secrets.values()))
        given: dict[str, Any] = {
            "stack": StackId("stk-1"),
            "name": "orders",
            "purpose": purpose,
            "spec": self.spec(url=self.url, **(spec or {})),
            "path": PATH,
            "tree": tree,
            "directory": self.directory,
            "environment": {},
            "hash_secret": lambda value: str(digest(["key", value])),
            "redact": redactor.text,
            "log": lambda line: self.lines.append(redactor.text(line)),
            "settled": lambda: self.settled,
            "secret": lambda reference: self.secrets.get(reference, reference),
        }
        return Job(**{**given, **more})


def masked(value: JSON) -> str:
    return str(digest(["key", value]))
