"""Bodies: what clients send, parsed. Unknown fields are mistakes, and texts have an end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from trueup.model.break_glass import Because
from trueup.model.causes import Cause
from trueup.model.values import JSON
from trueup.web.tokens import Scope

Line = Annotated[str, Field(max_length=1000)]
Text = Annotated[str, Field(max_length=60_000)]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Seconds = Annotated[float, Field(gt=0, le=366 * 86400)]
Names = Annotated[list[Name], Field(min_length=1, max_length=1000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(Body):
    """Why; goes into the ledger."""

    reason: Line


class PerhapsReason(Body):
    reason: Line = ""


class Adopt(Body):
    reason: Line
    seen: Name | None = None
    """Of the preview that was looked at: adopts only if nothing moved since."""


class Move(Body):
    to: Name


class Use(Body):
    arguments: Mapping[Name, Line] = Field(default_factory=dict)
    commit: Line = ""
    """Empty: the branch's head."""
    reason: Line = ""


class Unlock(Body):
    lock: Name
    """The lock's id as it was looked at."""
    reason: Line


class Approve(Body):
    note: Line = ""
    effect: Name | None = None
    """The effect that was looked at: approves only if the run still has it."""


class Release(Body):
    addresses: Names
    reason: Line


class Codify(Body):
    ids: Names
    reason: Line = ""


class CodifyBacklog(Body):
    stack: Name
    person: Line = ""
    """Only what they did; `nobody`: only what no event told of."""
    cause: Cause | None = None
    reason: Line = ""


class Revert(Body):
    ids: Names
    reason: Line


class Tolerate(Body):
    reason: Line
    until: AwareDatetime


class OpenBreakGlass(Body):
    because: Because
    reason: Line
    stack: Line = ""
    environment: Line = ""
    ttl: Seconds | None = None
    """Without it: as long as the environment says."""
    ticket: Line = ""
    second: Line = ""
    began: AwareDatetime | None = None
    ended: AwareDatetime | None = None


class ExtendBreakGlass(Body):
    reason: Line
    ttl: Seconds | None = None


class CloseBreakGlass(Body):
    reason: Line = ""


class BreakGlassCredentials(Body):
    stack: Line = ""
    """Whose role, where the stacks have several."""


class OpenRequest(Body):
    title: Name
    head_branch: Name
    base_branch: Name | None = None
    body: Text = ""
    draft: bool = False
    labels: list[Name] = Field(default=[], max_length=20)


class ApproveRequest(Body):
    commit: Name


class Comment(Body):
    body: Annotated[str, Field(min_length=1, max_length=60_000)]


class Export(Body):
    repository: Line = ""


class AuditSelf(Body):
    records: list[dict[str, JSON]] | None = None
    """CloudTrail records; without them the configured trail is read."""


class TryRoute(Body):
    route: int = Field(ge=1)
    """Its number, as GET /notifications/routes tells it."""
    owner: Line = ""
    env: Line = ""


class CreateToken(Body):
    person: Name
    scopes: list[Scope] = Field(default=[Scope.READ], min_length=1)
    expires_at: AwareDatetime | None = None
    """Without it: in 90 days."""


Moment = Annotated[AwareDatetime | None, Field(description="ISO 8601 with an offset")]
When = datetime
