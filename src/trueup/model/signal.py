"""Signal: the live system's own log says that somebody did something. A hint to look, and the answer to who did it."""

from dataclasses import dataclass
from datetime import datetime

from trueup.model.people import Identity


@dataclass(frozen=True)
class LiveEvent:
    """One record of a live system's log (CloudTrail, a database's log), in our words."""

    id: str
    """The live system's own: delivered twice is one event."""
    source: str
    """`aws`, ...: which kind of log it comes from."""
    at: datetime
    """When the live system says that it happened."""
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
    """The run or check of ours that did it; empty for everybody else."""
    break_glass: str = ""
    """The break-glass whose session did it."""
    error: str = ""
    """It was tried and refused: nothing changed."""
