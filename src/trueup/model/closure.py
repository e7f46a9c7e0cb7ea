"""Closure: every file that a stack's meaning depends on."""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.model.values import Digest, digest


@dataclass(frozen=True)
class Closure:
    """Repository paths (POSIX, relative to the repository's root) to the digest of their content."""

    files: Mapping[str, str]

    @property
    def digest(self) -> Digest:
        return digest(dict(self.files))

    def touches(self, paths: frozenset[str]) -> bool:
        return not paths.isdisjoint(self.files)
