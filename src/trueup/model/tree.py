"""A file of a repository as a tree lists it, and edits to one."""

from collections.abc import Mapping
from dataclasses import dataclass

Edits = Mapping[str, bytes | None]
"""Repository path to its new content; None deletes the file."""


@dataclass(frozen=True)
class TreeEntry:
    path: str
    """POSIX, relative to the repository's root."""
    digest: str
    """Equal for equal contents: a Git blob id, or `sha256:...`; only compared with others of the same tree kind."""
    executable: bool = False
    link: bool = False
    """A symbolic link; its content is the target."""
