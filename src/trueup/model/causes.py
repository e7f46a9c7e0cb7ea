"""Causes: why one path differs between what was settled (S), what is real (R) and what the code wants (D)."""

from dataclasses import dataclass
from enum import StrEnum

from trueup.model.values import JSON, Path, digest, dotted


class Cause(StrEnum):
    INTENDED = "intended"
    """S = R, D differs: the code asks for it."""
    GHOST_REVERT = "ghost_revert"
    """S = D, R differs: applying would undo what somebody did by hand."""
    CONFLICT = "conflict"
    """All differ: code and hand changed the same thing."""
    CONVERGED = "converged"
    """R = D, S differs, and the code sets it: a codified drift before it is settled."""
    UNMANAGED = "unmanaged"
    """R left S and no plan would touch it, because the code does not set it."""
    NOISE = "noise"
    """A difference that means nothing: computed, or equal after normalising."""
    UNKNOWN = "unknown"
    """Live but never settled, and the plan would change it: guarded like a conflict."""

    @property
    def is_drift(self) -> bool:
        return self in (Cause.GHOST_REVERT, Cause.CONFLICT, Cause.UNMANAGED, Cause.UNKNOWN)

    @property
    def is_guarded(self) -> bool:
        """An apply with such a difference needs a person's decision."""
        return self in (Cause.GHOST_REVERT, Cause.CONFLICT, Cause.UNKNOWN)


@dataclass(frozen=True)
class Difference:
    """One path at one address. In a set, the path ends in the element's key (its digest) and the values are
    the element itself or None; () is the whole resource (created, deleted)."""

    path: Path
    cause: Cause
    settled: JSON
    real: JSON
    desired: JSON

    @property
    def label(self) -> str:
        return dotted(self.path)

    def fingerprint(self, address: str) -> str:
        """Equal for the same deviation seen again: address, path and the value that is real."""
        return str(digest([address, list(self.path), self.real]))
