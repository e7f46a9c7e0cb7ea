"""Notifying: the notifier of a place, as the control repository says at this moment. Secrets are read when needed."""

from collections.abc import Callable
from dataclasses import dataclass

from trueup.adapters.notify.jira import Jira
from trueup.adapters.notify.mail import Mail
from trueup.adapters.notify.pagerduty import PagerDuty
from trueup.adapters.notify.slack import SlackBot, SlackWebhook
from trueup.adapters.notify.teams import Teams
from trueup.adapters.notify.webhook import Webhook
from trueup.engine.catalog import Catalog
from trueup.manifests.alerts import MailAccess, Notify, is_reference
from trueup.model.errors import Invalid
from trueup.ports.credentials import Secrets
from trueup.ports.notifier import Notifier
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Notifiers:
    catalog: Catalog
    secrets: Secrets
    clock: Clock

    def __call__(self, service: str, target: str) -> Notifier:
        """Raises Invalid (not configured, a reference that leads nowhere), Rejected, Unavailable (the secret's)."""
        notify, resolve = self.catalog.manifest.notify, self.secrets.resolve
        match service:
            case "slack":
                return _slack(notify, target, resolve)
            case "teams":
                return Teams(resolve(target))
            case "pagerduty":
                return PagerDuty(resolve(target), notify.pagerduty)
            case "webhook":
                if notify.webhook_secret is None:
                    raise _missing("webhook", "{webhook: {secret: file:/run/secrets/webhook}}")
                return Webhook(resolve(target), resolve(notify.webhook_secret), self.clock.now)
            case "jira":
                if notify.jira is None:
                    raise _missing("jira", "{jira: {url: ..., user: ..., token: ...}}")
                jira = notify.jira
                return Jira(jira.url, jira.user, resolve(jira.token), jira.issue_type, jira.done)
            case "email":
                if notify.smtp is None:
                    raise _missing("smtp", "{smtp: {host: ..., from: ...}}")
                return _mail(notify.smtp, resolve)
        raise Invalid(f"there is no service `{service}`")


def _slack(notify: Notify, target: str, resolve: Callable[[str], str]) -> Notifier:
    if is_reference(target):
        return SlackWebhook(resolve(target))
    if notify.slack is None:
        raise _missing("slack", "{slack: {token: file:/run/secrets/slack}}")
    return SlackBot(resolve(notify.slack.token), notify.slack.url)


def _mail(access: MailAccess, resolve: Callable[[str], str]) -> Mail:
    password = resolve(access.password) if access.password else ""
    return Mail(access.host, access.port, access.tls, access.sender, access.user, password, access.ca)


def _missing(key: str, example: str) -> Invalid:
    return Invalid(f"`notify.{key}` is not configured", hint=f"in trueup.yaml: `notify: {example}`")
