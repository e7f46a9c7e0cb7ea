"""Forge: the host of change requests."""

from collections.abc import Sequence
from typing import Protocol

from trueup.model.people import Identity
from trueup.model.request import ChangeRequest, NewRequest, RequestState, Status
from trueup.ports.tree import Edits


class Forge(Protocol):
    """One repository's change requests. Raises Invalid for what does not exist, Refused for what may not be
    done now (a conflict, a closed request, an approval by its author), Unavailable without an answer."""

    @property
    def name(self) -> str:
        """`local`, `github`, ...: where an approval was given."""
        ...

    def open(self, request: NewRequest) -> ChangeRequest: ...

    def get(self, number: int) -> ChangeRequest: ...

    def list(self, state: RequestState | None = RequestState.OPEN) -> Sequence[ChangeRequest]: ...

    def diff(self, number: int) -> str: ...

    def comment(self, number: int, by: str, body: str, marker: str = "") -> None:
        """With a marker, edits the comment that has it."""
        ...

    def approve(self, number: int, by: Identity, commit: str) -> ChangeRequest:
        """Refused when `commit` is not the head any more, or `by` is the author."""
        ...

    def merge(self, number: int, by: Identity) -> ChangeRequest: ...

    def close(self, number: int, by: Identity, reason: str = "") -> ChangeRequest: ...

    def set_status(self, commit: str, context: str, status: Status) -> None: ...

    def push(self, branch: str, base: str, edits: Edits, message: str, author: Identity) -> str:
        """One commit on a new branch (or on top of it, when it exists) from the commit `base`; answers the commit."""
        ...
