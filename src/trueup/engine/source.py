"""Source: what one walk starts from: a stack, how it is declared, and its files at one commit."""

from dataclasses import dataclass
from typing import Any

from trueup.model.stack import Declaration, Stack
from trueup.ports.tree import Tree


@dataclass(frozen=True)
class Source:
    stack: Stack
    declaration: Declaration
    tree: Tree
    revision: str

    @property
    def spec(self) -> Any:
        return self.declaration.spec

    @property
    def path(self) -> str:
        return self.declaration.path

    @property
    def is_gone(self) -> bool:
        """Nothing is at its path any more, neither a file nor a directory."""
        path = self.path.strip("/")
        beside = self.tree.entries(path.rpartition("/")[0])
        return not self.tree.entries(path) and all(each.path != path for each in beside)
