"""Notifications as text: the same words in every service; each service's adapter only sets them."""

from collections.abc import Iterator

from trueup.model.notice import Notice, Notification

TITLES = {
    "drift": "Drift",
    "attributed": "Drift has a name",
    "fights-back": "Drift fights back",
    "quarantined": "Drift in quarantine",
    "response": "Automatic response",
    "held": "No automatic response",
    "codification": "Codification",
    "tolerated": "Drift tolerated",
    "resolved": "Drift resolved",
    "undone": "Change by hand undone",
    "deadline": "Deadline",
    "escalation": "Escalation",
    "blocked": "Delivery blocked",
    "approval": "Approval needed",
    "failed": "Run failed",
    "uncertain": "Run uncertain",
    "refused": "Run refused",
    "finished": "Run finished",
    "urgent": "Urgent run",
    "foreign-apply": "Foreign apply",
    "break-glass": "Break-glass",
    "blind": "No events",
    "check-overdue": "Check overdue",
}


def headline(notification: Notification) -> str:
    """One line: what and where, and how many where it is several."""
    first = notification.first
    where = " ".join((first.name or first.environment or "Trueup").split())
    if notification.digest:
        return f"While it was quiet: {counted(notification.count)}"
    if notification.count > 1:
        names = {each.name for each in notification.notices}
        place = where if len(names) == 1 else f"{len(names)} stacks"
        return f"{counted(notification.count)} on {place}"
    return f"{title(first)}: {where}"


def title(notice: Notice) -> str:
    words = TITLES.get(notice.event, notice.event)
    match notice.kind:
        case "drift.breached":
            return "Deadline passed"
        case "drift.reminded":
            return "Deadline comes near"
        case "notification.tried":
            return "A try"
    if notice.follows:
        return f"{words}: over" if notice.over or notice.ends else words
    return words


def counted(count: int) -> str:
    return f"{count} notice" if count == 1 else f"{count} notices"


def facts(notice: Notice) -> Iterator[tuple[str, str]]:
    """Name and value; what is not known is left out."""
    about = (
        ("stack", notice.name),
        ("environment", notice.environment),
        ("address", notice.address),
        ("cause", notice.cause.replace("_", " ")),
        ("severity", notice.severity if notice.address else ""),
        ("by", notice.actor if notice.actor != "trueup" else ""),
        ("owner", ", ".join(notice.owner)),
        ("deadline", f"{notice.deadline:%Y-%m-%d %H:%M} UTC" if notice.deadline and not notice.ends else ""),
        ("came back", f"earlier {notice.earlier}" if notice.earlier else ""),
        ("reason", notice.reason),
    )
    yield from ((name, value) for name, value in about if value)


def ways_on(notice: Notice) -> str:
    """The command that shows more."""
    if notice.ends:
        return ""
    match notice.subject.partition("-")[0]:
        case "dft":
            return f"trueup drift show {notice.subject}"
        case "run":
            return f"trueup run show {notice.subject}"
    return ""


def rest(notification: Notification) -> str:
    """What is not shown."""
    more = notification.count - len(notification.notices)
    return f"and {more} more: `trueup drift list`, `trueup what-changed`" if more > 0 else ""


def plain(notification: Notification) -> str:
    """The whole of it as lines of text."""
    lines: list[str] = []
    for notice in notification.notices:
        lines += [f"{title(notice)}: {notice.summary}"]
        lines += [f"  {name}: {value}" for name, value in facts(notice)]
        if command := ways_on(notice):
            lines.append(f"  {command}")
        lines.append("")
    lines += [line for line in (rest(notification), notification.remark) if line]
    return "\n".join(lines).rstrip() + "\n"


def cut(text: str, limit: int) -> str:
    """At most so many characters, and visibly cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
