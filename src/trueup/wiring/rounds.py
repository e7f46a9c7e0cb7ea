"""Rounds: what every round of the scheduler does besides runs and checks."""

from collections.abc import Callable, Sequence

from trueup.engine.alarms import Alarms
from trueup.engine.deadlines import Deadlines
from trueup.engine.scheduler import Queues
from trueup.engine.site import Site


def rounds(site: Site, queues: Queues) -> Sequence[Callable[[], object]]:
    """Each safe to repeat, and cheap when nothing is due."""
    deadlines = Deadlines(site.store, site.catalog, site.clock)
    return (
        site.signals.wake,
        lambda: site.follow_ups.round(queues.enqueue_follow_up),
        deadlines.watch,
        Alarms(site.store, site.catalog, site.errands, site.signals, site.clock).look,
        site.notices.gather,
    )
