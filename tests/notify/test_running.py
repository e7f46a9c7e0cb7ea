"""The process itself: its schedule finds what happened, its courier delivers it, and both end when asked to."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.notify import servers
from tests.notify.servers import reply, serving
from tests.store import nouns
from tests.web.site import FILES, MANIFEST, Control
from trueup.engine.notices import CURSOR
from trueup.model.notice import NotificationState
from trueup.wiring import Options, installation
from trueup.wiring.running import Works

ALERTS = """
alerts:
  - {{on: [drift], env: prod, webhook: "file:{directory}/url"}}
notify:
  webhook: {{secret: "file:{directory}/secret"}}
"""


@dataclass
class Running:
    works: Works
    receiver: servers.Receiver

    def until(self, states: set[NotificationState]) -> None:
        """Waits for the only notification to get there."""
        while {each.state for each in self.works.installed.site.notices.listed()} != states:
            assert self.works.running
            time.sleep(0.02)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    control = Control(tmp_path)
    text = MANIFEST + ALERTS.format(directory=tmp_path)
    control.commit("main", {**FILES, "trueup.yaml": text}, "Tell us", base=control.head())
    options = Options(data=tmp_path / "data", repository=str(control.directory))
    with serving(servers.Receiver(now=time.time)) as receiver, installation(options) as installed:
        (tmp_path / "url").write_text(f"{receiver.url}/hook")
        (tmp_path / "secret").write_text(receiver.secret)
        works = Works.of(installed)
        works.start()
        try:
            yield Running(works, receiver)
        finally:
            works.stop()


def test_a_running_process_tells_what_the_ledger_says(running: Running) -> None:
    """Signed, once, after one answer that was none; then it stops at once."""
    store = running.works.installed.store
    running.receiver.trouble = [reply(503, b"starting", Retry_After="1")]
    while True:
        with store.transaction() as tx:
            stack = tx.stack_named("infra//environments/prod/app")
            if stack is not None and tx.fact(CURSOR) is not None:
                drift = tx.put_drift(replace(nouns.a_drift(), stack=stack.id))
                tx.record(
                    nouns.a_draft(
                        "drift.open", stack.id, name=stack.name, environment="prod", details={"drift": drift.id}
                    )
                )
                break
        time.sleep(0.02)
    running.until({NotificationState.SENT})
    # A check of this very process may have found meanwhile that the drift is over: that is another one.
    id, document = next(iter(running.receiver.taken.items()))
    assert document["data"]["notices"][0]["subject"] == drift.id
    assert [request.headers["webhook-id"] for request in running.receiver.requests].count(id) == 2
