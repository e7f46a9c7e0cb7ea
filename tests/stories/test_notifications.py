"""Whoever has to decide hears of it, where they work, until it is decided."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.notify import servers
from tests.notify.servers import serving
from tests.stories.small import SmallOffice, named, open_small
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.drift import DriftState, Resolution
from trueup.stages.trend import trend
from trueup.system.clock import FakeClock


@dataclass
class Services:
    """What the company uses to talk, each at an address of this machine."""

    slack: servers.Slack
    pager: servers.PagerDuty
    jira: servers.Jira

    def sections(self, secrets: Path) -> dict[str, Any]:
        """Carla's alerts: the owner's channel and an issue for each drift, a page, and the leads when it takes long."""
        for name, secret in (("slack", self.slack.token), ("jira", self.jira.token), ("pager", self.pager.key)):
            (secrets / name).write_text(f"{secret}\n")
        jira = {"url": self.jira.url, "user": self.jira.user, "token": f"file:{secrets}/jira"}
        return {
            "stacks": [{"terraform": "infra//live/{name}", "env": "dev", "owner": "@acme/Web"}],
            "alerts": [
                {"on": ["drift", "deadline"], "env": "dev", "slack": "#{owner}-infra", "jira": "OPS"},
                {"on": ["drift"], "severity": "structural", "pagerduty": f"file:{secrets}/pager"},
                {"on": ["escalation"], "slack": "#leads"},
            ],
            "notify": {
                "slack": {"token": f"file:{secrets}/slack", "url": f"{self.slack.url}/api"},
                "pagerduty": {"url": self.pager.url},
                "jira": jira,
                "unowned": "core",
            },
        }

    def said(self, channel: str) -> list[str]:
        return [each["text"] for each in self.slack.messages if each["channel"] == channel]


@pytest.fixture
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        started = [
            stack.enter_context(serving(each)) for each in (servers.Slack(), servers.PagerDuty(), servers.Jira())
        ]
        yield Services(*started)


def delivered(office: SmallOffice, clock: FakeClock) -> None:
    """One round of the schedule, and what it gave reason to tell."""
    office.look()
    office.installed.site.notices.gather()
    while office.site.courier.round():
        clock.advance(1)


def test_drift_is_told_until_it_is_decided(
    cloud: Cloud, terminal: Terminal, tmp_path: Path, services: Services
) -> None:
    """Opened: channel, issue, page. Codified: all three closed. Forgotten: reminded, escalated, breached."""
    clock = FakeClock(datetime.now(UTC))
    with open_small(cloud, terminal, tmp_path, clock=clock) as office:
        office.adopt()
        office.govern("propose", escalateAfter={"hours": 30}, sections=services.sections(tmp_path))
        delivered(office, clock)
        assert services.slack.messages == [], "what was before is nobody's news"

        office.open_a_port(8443)
        (drift,) = office.check("web")
        assert drift.owner == ("@acme/Web",)
        delivered(office, clock)
        assert services.said("#web-infra") == ["Drift: infra//live/web"]
        (page,) = services.pager.open.values()
        assert drift.address in page["custom_details"]["text"] and page["severity"] == "error"
        ((key, issue),) = services.jira.issues.items()
        assert f"trueup-{drift.id}" in issue["fields"]["labels"]

        proposed = office.site.codification.codify([drift.id], named("mira"), "keep it open")
        office.merge(proposed.request, approved_by="anna")
        office.look()
        assert office.check("web") == [] and office.drift(drift.id).resolution is Resolution.CODIFIED
        delivered(office, clock)
        assert services.jira.issues[key]["status"] == "done"
        assert services.pager.open == {} and len(services.pager.resolved) == 1
        assert services.slack.messages[-1]["thread_ts"] == "1700000000.000001"

        office.open_a_port(9443)
        (forgotten,) = office.check("web")
        told = []
        for hours in (1, 24, 7, 12, 6):
            clock.advance(hours * 3600)
            before = len(office.kinds())
            delivered(office, clock)
            told += [kind for kind in office.kinds()[before:] if kind.startswith("drift.")]
        assert told == ["drift.reminded", "drift.escalated", "drift.reminded", "drift.breached"]
        assert services.said("#leads") == ["Escalation: infra//live/web"]
        assert services.said("#web-infra")[-1] == "Deadline passed: infra//live/web"
        assert len(services.jira.issues) == 2 and len(services.jira.issues["OPS-2"]["comments"]) == 3
        late = office.drift(forgotten.id)
        assert late.state is DriftState.OPEN and late.breached_at is not None

        with office.site.store.transaction() as tx:
            found = trend(tx.drifts(unresolved=False), clock.now() + timedelta(hours=1), 8)
            counts = tx.notification_counts()
        assert found.open_now == found.breached_now == {"@acme/Web": 1}
        assert {str(state) for _, state in counts} == {"sent"}
        secrets = (services.slack.token, services.jira.token, services.pager.key)
        stored = (tmp_path / "data" / "trueup.db").read_bytes()
        assert not any(secret.encode() in stored for secret in secrets)
