"""EventBridge of the emulated AWS: every write that the cloud recorded is posted to Trueup, as an API destination does.

The envelope is EventBridge's for `AWS API Call via CloudTrail`, which leaves reads out
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html).
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from trueup.demo.trail import RECORDER
from trueup.model.values import JSON

PAUSE = 0.1
"""Seconds between two looks at what the cloud recorded."""


class EventBridge:
    """Delivers while the context lasts, from the moment at which it begins; what is not taken is sent again."""

    def __init__(self, cloud: Path, url: str, token: str) -> None:
        """`cloud` is the emulator's directory, `url` the address of Trueup, `token` one that may post events."""
        self._file = cloud / RECORDER
        self._http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)
        self._target = f"{url}/api/v1/events/aws"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._deliver, name="eventbridge", daemon=True)

    def __enter__(self) -> Self:
        self._offset = self._file.stat().st_size
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        self._http.close()

    def _deliver(self) -> None:
        waiting: list[JSON] = []
        while not self._ended.wait(PAUSE):
            waiting += (envelope(record) for record in self._new() if not record["readOnly"])
            while waiting and self._taken(waiting[0]):
                del waiting[0]

    def _new(self) -> Iterator[JSON]:
        """Records since the last look; a line that is still being written comes with the next one."""
        with self._file.open("rb") as stream:
            stream.seek(self._offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                yield json.loads(line)["event"]

    def _taken(self, event: JSON) -> bool:
        try:
            return self._http.post(self._target, json=event).is_success
        except httpx.TransportError:
            return False


def envelope(record: JSON) -> JSON:
    """One CloudTrail record as EventBridge delivers it."""
    service = record["eventSource"].partition(".")[0]
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{service}",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }
