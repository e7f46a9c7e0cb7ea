"""`alerts:` and `notify:` of trueup.yaml as pydantic models: who is told what, and how each service is reached."""

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, StrictInt, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from trueup.manifests.keys import Part, Reference, Texts
from trueup.model.drift import Severity
from trueup.model.notice import EVENTS, SERVICES
from trueup.ports.credentials import SECRET_SCHEMES

PAGERDUTY = "https://events.pagerduty.com"
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_SLACK = re.compile(rf"(?:{'|'.join(SECRET_SCHEMES)}):.+|[#@]?[a-zA-Z0-9_{{}}.-]+")


def _event(value: Any) -> Any:
    if not isinstance(value, str) or value not in EVENTS:
        raise PydanticCustomError("event", f"expected one of {', '.join(EVENTS)}")
    return value


def _time(value: Any) -> Any:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise PydanticCustomError("time", 'expected a time of day in quotes, like "22:00"')
    return value


def _zone(value: Any) -> Any:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("zone", "expected a time zone like Europe/Berlin or UTC") from None
    return value


def _slack(value: Any) -> Any:
    if not isinstance(value, str) or not _SLACK.fullmatch(value):
        raise PydanticCustomError("slack", 'expected a channel like "#infra", or a reference to an incoming webhook')
    return value


Event = Annotated[str, BeforeValidator(_event), WithJsonSchema({"type": "string", "enum": list(EVENTS)})]
TimeOfDay = Annotated[str, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": _TIME.pattern})]
Zone = Annotated[str, BeforeValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})]
Service = Literal["slack", "teams", "pagerduty", "webhook", "email", "jira"]


class EscalateEntry(Part):
    """When drift that nobody decided about is told to the next ones: alerts that have `on: [escalation]`."""

    sightings: StrictInt | None = Field(None, ge=2, description="After so many checks that saw it.")
    hours: StrictInt | None = Field(None, ge=1, description="After so many hours.")

    @model_validator(mode="after")
    def _some(self) -> "EscalateEntry":
        if self.sightings is None and self.hours is None:
            raise PydanticCustomError("some", "give `sightings`, `hours` or both")
        return self


class QuietEntry(Part):
    """Hours in which people are left alone: what happens is told afterwards, in one digest."""

    start: TimeOfDay = Field(alias="from", description="Local time at which it begins.")
    end: TimeOfDay = Field(alias="to", description="Local time at which it ends; the next day when it is earlier.")
    zone: Zone = Field("UTC", description="The time zone, like Europe/Berlin.")
    exceptions: Texts = Field((), alias="except", description="Events and severities that are told at once.")
    holds: tuple[Service, ...] = Field(
        ("slack", "teams", "email"), description="Services that are held; pages only when they are named."
    )

    @model_validator(mode="after")
    def _known(self) -> "QuietEntry":
        if self.start == self.end:
            raise PydanticCustomError("quiet", "`from` and `to` are the same: that is no time at all")
        for each in self.exceptions:
            if each not in (*EVENTS, *Severity):
                known = ", ".join([*Severity, *EVENTS])
                raise PydanticCustomError("except", f"`except` names events and severities: {known}")
        return self


class AlertEntry(Part):
    """Who is told what."""

    on: tuple[Event, ...] = Field(min_length=1, description="What happened.")
    env: Texts = Field((), description="Only in these environments.")
    owner: Texts = Field((), description="Only what these own; globs.")
    severity: Severity | None = Field(None, description="structural leaves out what is about minor drift only.")
    slack: Annotated[str, BeforeValidator(_slack)] | None = Field(
        None, description="A channel, in which `{owner}` and captures are filled; or a reference to a webhook's URL."
    )
    teams: Reference | None = Field(None, description="Refers to a Workflows URL.")
    pagerduty: Reference | None = Field(None, description="Refers to an integration key of Events API v2.")
    webhook: Reference | None = Field(None, description="Refers to a URL that takes signed JSON.")
    email: Texts = Field((), description="Addresses; `{owner}` alone is the owner's own.")
    jira: str | None = Field(
        None, pattern=r"^[A-Z][A-Z0-9_]+$", description="A project, in which each drift gets an issue."
    )
    quiet: QuietEntry | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> "AlertEntry":
        if not any(getattr(self, service) for service in SERVICES):
            raise PydanticCustomError("somewhere", f"it goes nowhere: add one of {', '.join(SERVICES)}")
        return self


class SlackEntry(Part):
    """A bot that may write to channels (`chat:write`, and `chat:write.public` for those it was not invited to)."""

    token: Reference = Field(description="The bot's token.")
    url: str = Field("https://slack.com/api", pattern=r"^https?://", description="Another address of the Web API.")


class PagerDutyEntry(Part):
    url: str = Field(PAGERDUTY, pattern=r"^https?://", description="https://events.eu.pagerduty.com in Europe.")


class JiraEntry(Part):
    """Jira Cloud, REST API v3."""

    url: str = Field(pattern=r"^https?://", description="https://NAME.atlassian.net")
    user: str = Field(min_length=1, description="The e-mail address that the token belongs to.")
    token: Reference = Field(description="An API token.")
    issue_type: str = Field("Task", min_length=1, description="Of new issues.")
    done: str = Field("", description="The transition when it is resolved; else the first one that leads to done.")


class MailEntry(Part):
    """How e-mail leaves."""

    host: str = Field(min_length=1, description="The mail server.")
    port: StrictInt = Field(587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = Field("starttls", description="`none` only inside of one machine.")
    user: str = ""
    password: Reference | None = None
    sender: str = Field(alias="from", pattern=r"^[^@\s]+@[^@\s]+$", description="Whom it comes from.")
    ca: str | None = Field(None, description="A file with the certificate authority of the mail server.")

    @model_validator(mode="after")
    def _login(self) -> "MailEntry":
        if bool(self.user) != bool(self.password):
            raise PydanticCustomError("login", "`user` and `password` belong together")
        if self.password and self.tls == "none":
            raise PydanticCustomError("login", "a password is never sent without TLS: use starttls or tls")
        return self


class WebhookEntry(Part):
    secret: Reference = Field(description="Signs each request: `whsec_` and base64, or any text.")


class NotifyEntry(Part):
    """How notifications reach each service."""

    slack: SlackEntry | None = None
    pagerduty: PagerDutyEntry | None = None
    jira: JiraEntry | None = None
    smtp: MailEntry | None = None
    webhook: WebhookEntry | None = None
    unowned: str = Field("", pattern=r"^[a-z0-9._-]*$", description="Stands for `{owner}` where nobody owns a stack.")
