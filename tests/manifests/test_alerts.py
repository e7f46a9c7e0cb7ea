"""`alerts:` and `notify:` of trueup.yaml: what is understood, and what is wrong with it."""

from datetime import time, timedelta

import pytest

from tests.manifests.samples import FORMATS
from trueup.manifests.alert_entries import Service
from trueup.manifests.alerts import Notify, Quiet
from trueup.manifests.native import Control, load
from trueup.model.drift import Severity
from trueup.model.errors import Invalid
from trueup.model.notice import SERVICES
from trueup.model.stack import Escalation

HEAD = "apiVersion: trueup.dev/v1\n"


def read(text: str) -> Control:
    return load((HEAD + text).encode(), "trueup.yaml", FORMATS)


def test_an_alert_with_everything() -> None:
    """Frozen values, with times as times."""
    control = read(
        """
alerts:
  - on: [drift, break-glass]
    env: [prod, "stag*"]
    owner: web
    severity: structural
    slack: "#{owner}-infra"
    jira: OPS
    email: a@acme.example
    quiet: {from: "22:00", to: "07:30", zone: Europe/Berlin, except: [structural, uncertain], holds: [slack]}
notify:
  slack: {token: file:/run/slack}
  jira: {url: "https://acme.atlassian.net/", user: bot@acme.example, token: file:/run/jira, done: Close}
  smtp: {host: mail.acme.example, from: trueup@acme.example}
  unowned: core
"""
    )
    (alert,) = control.alerts
    assert alert.channels == {"slack": ("#{owner}-infra",), "email": ("a@acme.example",), "jira": ("OPS",)}
    assert (alert.environments, alert.owners, alert.severity) == (("prod", "stag*"), ("web",), Severity.STRUCTURAL)
    quiet = Quiet(time(22), time(7, 30), "Europe/Berlin", ("structural", "uncertain"), ("slack",))
    assert alert.quiet == quiet
    assert control.notify.slack is not None and control.notify.slack.url == "https://slack.com/api"
    assert control.notify.jira is not None and control.notify.jira.url == "https://acme.atlassian.net"
    assert control.notify.smtp is not None and (control.notify.smtp.port, control.notify.smtp.tls) == (587, "starttls")
    assert control.notify.pagerduty == Notify().pagerduty and control.findings == ()
    assert set(Service.__args__) == set(SERVICES)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alerts: [{on: [drifts], slack: '#a'}]", "expected one of drift,"),
        ("alerts: [{on: [drift]}]", "it goes nowhere"),
        ("alerts: [{on: [drift], slack: 'a b'}]", "expected a channel"),
        ("alerts: [{on: [drift], pagerduty: 0123456789}]", "never the secret itself"),
        ("alerts: [{on: [drift], jira: ops}]", "jira"),
        ("alerts: [{on: [drift], slack: '#a', quiet: {from: 22, to: '07:00'}}]", "a time of day in quotes"),
        ("alerts: [{on: [drift], slack: '#a', quiet: {from: '07:00', to: '07:00'}}]", "no time at all"),
        ("alerts: [{on: [drift], slack: '#a', quiet: {from: '22:00', to: '07:00', zone: Mars}}]", "time zone"),
        ("alerts: [{on: [drift], slack: '#a', quiet: {from: '22:00', to: '07:00', except: [loud]}}]", "events and sev"),
        ("environments: {prod: {escalateAfter: {}}}", "`sightings`, `hours` or both"),
        ("notify: {smtp: {host: a, from: b}}", "from"),
        ("notify: {smtp: {host: a, from: b@c, user: d}}", "belong together"),
        ("notify: {smtp: {host: a, from: b@c, user: d, password: file:/e, tls: none}}", "never sent without TLS"),
        ("notify: {slack: {token: xoxb-1}}", "never the secret itself"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    """One mistake each; a secret that was typed is not repeated."""
    with pytest.raises(Invalid) as caught:
        read(text)
    assert said in str(caught.value) and "trueup.yaml:2" in str(caught.value)
    assert "0123456789" not in str(caught.value) and "xoxb" not in str(caught.value)


def test_alerts_that_nobody_would_get_are_warned_of() -> None:
    """The design's line is right without `notify:`, and says what is missing."""
    control = read(
        'alerts: [{on: [drift], slack: "#{owner}-infra", jira: OPS, email: a@b, webhook: file:/run/url}]',
    )
    said = {finding.message for finding in control.findings if finding.code == "unreachable"}
    assert len(said) == 5 and not any(finding.stops for finding in control.findings)
    assert any("nothing signs" in each for each in said) and any("nobody owns" in each for each in said)


def test_escalation_belongs_to_environments() -> None:
    """Sightings, hours, or both."""
    control = read("environments: {prod: {escalateAfter: {hours: 24, sightings: 5}}, dev: {}}")
    assert control.rules.environments["prod"].escalate_after == Escalation(5, timedelta(hours=24))
    assert control.rules.environments["dev"].escalate_after is None
