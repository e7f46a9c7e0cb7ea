"""How the local forge keeps a change request: one JSON document, read with pydantic because pushes bring it too."""

from dataclasses import replace
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from trueup.model.errors import Invalid
from trueup.model.people import Identity
from trueup.model.request import ChangeRequest, Comment, RequestApproval, RequestState, Status


class Record(BaseModel):
    """A change request as it is stored: without what Git knows better (the head of an open one, its merge base)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    title: str
    body: str
    author: Identity
    head_branch: str
    base_branch: str
    head: str
    """The last one seen: what counts once the request is not open any more, or its branch is gone."""
    base: str
    state: RequestState
    opened_at: datetime
    draft: bool = False
    labels: tuple[str, ...] = ()
    approvals: tuple[RequestApproval, ...] = ()
    comments: tuple[Comment, ...] = ()
    merged_commit: str = ""
    merged_by: str = ""

    def with_comment(self, comment: Comment) -> "Record":
        """A comment with a marker takes the place of the one that has it."""
        at = [number for number, each in enumerate(self.comments) if comment.marker and each.marker == comment.marker]
        kept = list(self.comments)
        if at:
            kept[at[0]] = comment
        else:
            kept.append(comment)
        return self.model_copy(update={"comments": tuple(kept)})

    def with_approval(self, approval: RequestApproval) -> "Record":
        """One for each person: a newer one replaces the older."""
        kept = tuple(each for each in self.approvals if each.by != approval.by)
        return self.model_copy(update={"approvals": (*kept, approval)})

    def request(self, repository: str, statuses: dict[str, Status]) -> ChangeRequest:
        return ChangeRequest(
            repository=repository,
            number=self.number,
            title=self.title,
            body=self.body,
            author=self.author,
            head_branch=self.head_branch,
            base_branch=self.base_branch,
            head=self.head,
            base=self.base,
            state=self.state,
            opened_at=self.opened_at,
            draft=self.draft,
            approvals=self.approvals,
            comments=self.comments,
            statuses=statuses,
            merged_commit=self.merged_commit,
            merged_by=self.merged_by,
            labels=self.labels,
        )


class Statuses(BaseModel):
    """The newest status of each context of one commit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    contexts: dict[str, Status] = {}

    def with_status(self, context: str, status: Status) -> "Statuses":
        return Statuses(contexts={**self.contexts, context: replace(status)})


def parse_record(content: bytes, where: str) -> Record:
    """Raises Invalid for what no forge of ours wrote."""
    try:
        return Record.model_validate_json(content)
    except ValidationError as error:
        raise Invalid(f"{where} does not hold a change request: {error.error_count()} mistakes") from error


def parse_statuses(content: bytes, where: str) -> Statuses:
    try:
        return Statuses.model_validate_json(content)
    except ValidationError as error:
        raise Invalid(f"{where} does not hold statuses: {error.error_count()} mistakes") from error
