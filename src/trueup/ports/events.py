"""Events: what a live system tells of itself, waiting in a queue to be fetched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Message:
    receipt: str
    """With which the queue forgets it."""
    document: Mapping[str, Any] | None
    """One event as it was delivered; None where the message is no JSON object."""


class EventQueue(Protocol):
    def receive(self) -> Sequence[Message]:
        """Waits up to half a minute for some. They come again, later, unless they are deleted. Raises Invalid,
        Rejected and Unavailable."""
        ...

    def delete(self, messages: Sequence[Message]) -> None:
        """Only after what they said is stored."""
        ...
