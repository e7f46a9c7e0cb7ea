"""Trace: of the events that touched a drifted address, the one that made the difference."""

from collections.abc import Callable, Collection, Iterable, Sequence

from trueup.model.drift import Drift, Origin
from trueup.model.signal import LiveEvent, Subject
from trueup.model.words import words_in

TAGS = ("tags", "tags_all", "tag")


def origin_of(
    drift: Drift, subjects: Collection[Subject], events: Sequence[LiveEvent], who: Callable[[LiveEvent], str]
) -> Origin | None:
    """`subjects`: the names of the drifted address and its parent; `events`: of the time in which it came to differ.
    Several may have done it: the one whose request has most words of the difference, and among equals the last."""
    touching = [event for event in events if event.changes and any(each.is_meant_by(event) for each in subjects)]
    said = _words(drift)
    possible = [event for event in touching if said & event.mentions or not _only_tags(event, drift)]
    event = max(possible, key=lambda event: (len(said & event.mentions), event.at, event.id), default=None)
    if event is None:
        return None
    return Origin(
        actor=who(event),
        at=event.at,
        event=event.id,
        name=event.name,
        address=event.address,
        user_agent=event.user_agent,
        session=event.session,
        break_glass=event.break_glass,
    )


def _words(drift: Drift) -> frozenset[str]:
    """What the difference is about: values that came or went, and the names on the way to them."""
    found: set[str] = set()
    for difference in drift.differences:
        real, settled = words_in(difference.real), words_in(difference.settled)
        # Of a whole resource that came or went every word counts; of two versions what only one of them has.
        found |= real ^ settled
        found |= {str(step).casefold() for step in difference.path[1:]}
    return frozenset(found)


def _only_tags(event: LiveEvent, drift: Drift) -> bool:
    """A call about tags does not open a port."""
    tagging = "tag" in event.name.casefold()
    paths: Iterable[str] = (str(each.path[0]) if each.path else "" for each in drift.differences)
    return tagging and not any(path == "" or path in TAGS for path in paths)
