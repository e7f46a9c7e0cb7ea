"""Change request: a pull or merge request of some forge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from trueup.model.people import Identity


class RequestState(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True)
class NewRequest:
    title: str
    body: str
    author: Identity
    head_branch: str
    base_branch: str
    draft: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestApproval:
    """Given in the forge, to one commit: a new head makes it stale."""

    by: Identity
    commit: str
    at: datetime


@dataclass(frozen=True)
class Comment:
    by: str
    at: datetime
    body: str
    marker: str = ""
    """Comments with a marker are edited in place."""


@dataclass(frozen=True)
class ChangeRequest:
    repository: str
    number: int
    title: str
    body: str
    author: Identity
    head_branch: str
    base_branch: str
    head: str
    base: str
    """Merge base with the base branch when it was last looked at."""
    state: RequestState
    opened_at: datetime
    draft: bool = False
    approvals: tuple[RequestApproval, ...] = ()
    comments: tuple[Comment, ...] = ()
    statuses: Mapping[str, "Status"] = field(default_factory=dict)
    """Context to the newest status of the head commit."""
    merged_commit: str = ""
    merged_by: str = ""
    labels: tuple[str, ...] = ()
    """`codification` and `draft evidence` are ours."""


@dataclass(frozen=True)
class Status:
    state: Literal["pending", "success", "failure", "error"]
    description: str
    url: str = ""
