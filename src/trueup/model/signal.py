"""Signal: the live system's own log says that somebody did something. A hint to look, and the answer to who did it."""

from dataclasses import dataclass
from datetime import datetime

from trueup.model.people import Identity
from trueup.model.plan import Address
from trueup.model.stack import StackId


@dataclass(frozen=True)
class LiveEvent:
    """One record of a live system's log (CloudTrail, a database's log), in our words."""

    id: str
    """The live system's own: delivered twice is one event."""
    source: str
    """`aws`, ...: which kind of log it comes from."""
    at: datetime
    """When the live system says that it happened; never after it was received."""
    received_at: datetime
    name: str
    """What was called: `AuthorizeSecurityGroupIngress`."""
    identity: Identity
    """Who did it, in a form that `people:` can match."""
    subjects: frozenset[str]
    """Ids, ARNs and names of what was touched, parents included: looked up in the index."""
    session: str = ""
    """The principal in the live system's words: an ARN, with the role session's name."""
    address: str = ""
    user_agent: str = ""
    run: str = ""
    """The run or check of ours that its session is named after; empty for everybody else."""
    break_glass: str = ""
    """The break-glass whose session did it."""
    error: str = ""
    """It was tried and refused: nothing changed."""
    reads: bool = False
    """It changes nothing: a read, a sign-in, a session that was opened."""
    email: str = ""
    """Of the person, where the company's own directory named the session."""
    account: str = ""
    region: str = ""
    mentions: frozenset[str] = frozenset()
    """Words of the request, in lower case: they tell which of several calls made a certain difference."""

    @property
    def changes(self) -> bool:
        return not self.reads and not self.error


@dataclass(frozen=True)
class Subject:
    """One name under which the live system's log may speak of a managed address, or of its parent."""

    text: str
    """An id, an ARN, or `noun/name`: equal to what a LiveEvent has among its subjects."""
    address: Address
    exact: bool = True
    """An id or an ARN: unique by itself. A name counts only in its own account and region."""
    account: str = ""
    """Empty: unknown, or it does not matter."""
    region: str = ""

    def is_meant_by(self, event: LiveEvent) -> bool:
        """Where both sides know the account and the region, a name must agree with them."""
        if self.text not in event.subjects:
            return False
        account = not (self.account and event.account) or self.account == event.account
        region = not (self.region and event.region) or self.region == event.region
        return self.exact or (account and region)


@dataclass(frozen=True)
class Wake:
    """A check that events asked for. It waits until they have been quiet for a moment, so that a burst is one check."""

    stack: StackId
    first_at: datetime
    """Of the burst: it does not wait for ever."""
    due_at: datetime
    reason: str
    """The newest event's name, and whose it was."""
    events: int = 1
