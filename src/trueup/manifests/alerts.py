"""Alerts: who is told what, as frozen values; and what is wrong with them beyond their own keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time

from trueup.manifests.alert_entries import PAGERDUTY, AlertEntry, NotifyEntry, QuietEntry
from trueup.manifests.mistakes import Mistakes
from trueup.manifests.positions import Parsed
from trueup.model.drift import Severity
from trueup.model.notice import SERVICES
from trueup.ports.credentials import SECRET_SCHEMES


@dataclass(frozen=True)
class Quiet:
    """From `start` to `end` in `zone`, over midnight where it ends earlier than it starts."""

    start: time
    end: time
    zone: str = "UTC"
    exceptions: tuple[str, ...] = ()
    """Events and severities that are told at once."""
    holds: tuple[str, ...] = ("slack", "teams", "email")


@dataclass(frozen=True)
class Alert:
    on: tuple[str, ...]
    environments: tuple[str, ...] = ()
    """Globs; empty: all."""
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Service to where; captures and `{owner}` still to be filled."""
    owners: tuple[str, ...] = ()
    """Globs; empty: all."""
    severity: Severity | None = None
    """STRUCTURAL: nothing that is about minor drift only."""
    quiet: Quiet | None = None


@dataclass(frozen=True)
class SlackAccess:
    token: str
    """A reference, as every secret here."""
    url: str


@dataclass(frozen=True)
class JiraAccess:
    url: str
    user: str
    token: str
    issue_type: str = "Task"
    done: str = ""


@dataclass(frozen=True)
class MailAccess:
    host: str
    port: int
    tls: str
    """`starttls`, `tls` or `none`."""
    sender: str
    user: str = ""
    password: str | None = None
    ca: str | None = None


@dataclass(frozen=True)
class Notify:
    """How each service is reached. What is None cannot be used."""

    slack: SlackAccess | None = None
    pagerduty: str = PAGERDUTY
    jira: JiraAccess | None = None
    smtp: MailAccess | None = None
    webhook_secret: str | None = None
    unowned: str = ""


def is_reference(text: str) -> bool:
    return text.partition(":")[0] in SECRET_SCHEMES


def alerts_of(entries: Iterable[AlertEntry]) -> tuple[Alert, ...]:
    return tuple(
        Alert(
            entry.on,
            entry.env,
            {service: where for service in SERVICES if (where := _where(entry, service))},
            entry.owner,
            entry.severity,
            _quiet(entry.quiet) if entry.quiet else None,
        )
        for entry in entries
    )


def notify_of(entry: NotifyEntry) -> Notify:
    slack, jira, smtp = entry.slack, entry.jira, entry.smtp
    return Notify(
        slack=SlackAccess(slack.token, slack.url.rstrip("/")) if slack else None,
        pagerduty=entry.pagerduty.url.rstrip("/") if entry.pagerduty else PAGERDUTY,
        jira=JiraAccess(jira.url.rstrip("/"), jira.user, jira.token, jira.issue_type, jira.done) if jira else None,
        smtp=(
            MailAccess(smtp.host, smtp.port, smtp.tls, smtp.sender, smtp.user, smtp.password, smtp.ca) if smtp else None
        ),
        webhook_secret=entry.webhook.secret if entry.webhook else None,
        unowned=entry.unowned,
    )


def check_alerts(alerts: Iterable[Alert], notify: Notify, parsed: Parsed, mistakes: Mistakes) -> None:
    """Warns of alerts that nobody would get: they are kept as dead notifications until somebody reads that."""
    for index, alert in enumerate(alerts):
        for service, targets in alert.channels.items():
            place = parsed.place(("alerts", index, service))
            for missing, hint in _missing(service, targets, notify):
                mistakes.warn("unreachable", missing, place, hint)


def _missing(service: str, targets: tuple[str, ...], notify: Notify) -> Iterable[tuple[str, str]]:
    if service == "slack" and notify.slack is None and not all(map(is_reference, targets)):
        yield "no bot writes to that channel", "add `notify: {slack: {token: file:/run/secrets/slack}}`"
    if service == "jira" and notify.jira is None:
        yield "it is not said where Jira is", "add `notify: {jira: {url: ..., user: ..., token: ...}}`"
    if service == "email" and notify.smtp is None:
        yield "it is not said how e-mail leaves", "add `notify: {smtp: {host: ..., from: ...}}`"
    if service == "webhook" and notify.webhook_secret is None:
        yield "nothing signs these requests, so none is sent", "add `notify: {webhook: {secret: file:...}}`"
    if not notify.unowned and any("{owner}" in target for target in targets):
        yield "a stack that nobody owns has no such place", "add `notify: {unowned: platform}`: it stands for `{owner}`"


def _where(entry: AlertEntry, service: str) -> tuple[str, ...]:
    value = getattr(entry, service)
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _quiet(entry: QuietEntry) -> Quiet:
    start, end = time.fromisoformat(entry.start), time.fromisoformat(entry.end)
    return Quiet(start, end, entry.zone, entry.exceptions, entry.holds)
