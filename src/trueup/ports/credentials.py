"""Credentials: the environment that a driver's subprocesses get, and secrets by reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from trueup.model.stack import Declaration

SECRET_SCHEMES = ("file", "env", "awssm", "awsssm")
"""What stands before the first colon of a secret reference; any other text in its place is the value itself."""


@dataclass(frozen=True)
class Granted:
    """A built environment for subprocesses and the secrets in it, for the redactor."""

    environment: Mapping[str, str]
    secrets: frozenset[str]
    identity: str = ""
    """Whom the live system will see, where it can be told: a role ARN, a profile."""


@dataclass(frozen=True)
class Lent:
    """Short-lived credentials that a person takes away."""

    environment: Mapping[str, str] = field(repr=False)
    """Keys of a role, and where its cloud is; nothing else of ours."""
    identity: str
    """Whom the live system will see: the ARN of the role's session."""
    role: str
    until: datetime


class Credentials(Protocol):
    def grant(self, stack: Declaration, right: Literal["plan", "apply"], session: str) -> Granted:
        """`session` names the run or check, so that the live system's own log names it. `plan` never contains
        what only `apply` may have. Raises Invalid (a reference that leads nowhere), Refused (nothing is
        configured for `apply`, or the mode forbids it), Rejected (a role's trust), Unavailable."""
        ...

    def lend(self, stack: Declaration, session: str, until: datetime) -> Lent:
        """For a person under break-glass: the role below `breakGlass:`, whatever the stack's mode is, permitted until
        that moment and no longer. Raises Refused where none is configured; else as `grant`."""
        ...


class Secrets(Protocol):
    def resolve(self, reference: str) -> str:
        """`file:/run/secrets/token`, `env:NAME`, ... Raises Invalid, Rejected (access denied), Unavailable."""
        ...
