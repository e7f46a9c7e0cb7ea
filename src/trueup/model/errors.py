"""The five kinds of error. Kind and phase decide retry, run state and HTTP status, in one place each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in a repository or file something is: lines and columns count from 1, 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


class TrueupError(Exception):
    """What is wrong, where, and what to do next. The message is already redacted when it reaches a person."""

    def __init__(self, message: str, *, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.message}" + (f"\n  {self.hint}" if self.hint else "")


class Invalid(TrueupError):
    """The repository, the configuration or the request is wrong: file, line, what to write instead."""


class Refused(TrueupError):
    """A rule, a guard or a permission said no: which one, and how to proceed."""


class Rejected(TrueupError):
    """The live system said no, definitively: its own words, redacted."""


class Unavailable(TrueupError):
    """No answer; trying again with back-off may help."""


class Broken(TrueupError):
    """Our own bug: the evidence is kept."""


class LostLease(TrueupError):
    """Another worker may own this stack now: stop before the next effect."""
