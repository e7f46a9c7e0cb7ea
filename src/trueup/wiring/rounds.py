"""Rounds: what every round of the scheduler does besides runs and checks."""

from collections.abc import Callable, Sequence

from trueup.engine.scheduler import Queues
from trueup.engine.site import Site


def rounds(site: Site, queues: Queues) -> Sequence[Callable[[], None]]:
    """Each safe to repeat, and cheap when nothing is due."""
    return (lambda: site.follow_ups.round(queues.enqueue_follow_up),)
