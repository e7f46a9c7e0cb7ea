"""Events that wait in a queue: fetched, stored, and only then deleted; tested against moto's SQS."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.signals.records import authorize, envelope
from tests.web.site import MANIFEST, Bench, bench
from trueup.adapters.events.sqs import SqsQueue
from trueup.demo.cloud import REGION, Cloud
from trueup.engine.fetching import LOG, Fetching
from trueup.engine.scheduler import LEADER
from trueup.model.errors import Invalid, Unavailable
from trueup.model.plan import Address
from trueup.model.signal import Subject
from trueup.wiring.fetching import fetching

APP = "infra//environments/dev/app"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        stack = made.stack(APP)
        with made.installation.store.transaction() as tx:
            tx.put_subjects(stack.id, [Subject("sg-0a1b2c3d4e5f60718", Address("aws_security_group.web"))])
        yield made


@pytest.fixture
def sqs(cloud: Cloud) -> Any:
    return cloud.client("sqs", cloud.hand)


@pytest.fixture
def url(sqs: Any, cloud: Cloud) -> str:
    made = sqs.create_queue(QueueName=f"events-{uuid4().hex[:8]}", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    return str(made)


def queue(cloud: Cloud, url: str) -> SqsQueue:
    keys = {"AWS_ACCESS_KEY_ID": cloud.hand.access_key, "AWS_SECRET_ACCESS_KEY": cloud.hand.secret_key}
    return SqsQueue(url, REGION, cloud.endpoint, lambda: keys, wait=0)


def listener(site: Bench, cloud: Cloud, url: str) -> Fetching:
    """As the process that leads."""
    made = replace(fetching(site.installation), queues=lambda: {"aws": queue(cloud, url)})
    assert site.installation.store.acquire(LEADER, made.holder, 60) is not None
    return made


def left(sqs: Any, url: str) -> int:
    wanted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(wanted["Attributes"]["ApproximateNumberOfMessages"])


def test_messages_are_taken_and_deleted(site: Bench, cloud: Cloud, sqs: Any, url: str) -> None:
    """Envelopes, also those that SNS wrapped; what is no event is said and dropped, and stops no other."""
    wrapped = {"Type": "Notification", "Message": json.dumps(envelope(authorize(22)))}
    for body in (json.dumps(envelope(authorize())), json.dumps(wrapped), "not JSON", "[1]", '{"detail": {}}'):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    heard = listener(site, cloud, url)
    while heard.round():
        pass
    (source,) = site.installation.site.signals.heard()
    assert (source.counts.accepted, source.counts.unknown) == (2, 0)
    assert left(sqs, url) == 0
    said = "\n".join(line for _, line in site.installation.store.logs(LOG))
    assert "no events: dropped" in said and "eventID" in said


def test_a_message_that_was_not_stored_comes_again(site: Bench, cloud: Cloud, sqs: Any, url: str) -> None:
    """The store is away: nothing is deleted, and the next round has it."""
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(envelope(authorize())))
    heard = listener(site, cloud, url)

    class Away:
        def take(self, *_: object) -> None:
            raise Unavailable("the database does not answer")

    with pytest.raises(Unavailable):
        replace(heard, signals=Away()).round()  # type: ignore[arg-type]
    assert left(sqs, url) == 1
    assert heard.round() == 1
    assert left(sqs, url) == 0


def test_only_the_process_that_leads_listens(site: Bench, cloud: Cloud, sqs: Any, url: str) -> None:
    """The others leave the messages to it."""
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(envelope(authorize())))
    heard = listener(site, cloud, url)
    assert replace(heard, holder="another").round() == 0
    assert heard.round() == 1


def test_a_queue_that_is_not_there_is_named(cloud: Cloud) -> None:
    """With what to write instead; one that does not answer may answer later."""
    with pytest.raises(Invalid, match="there is no queue"):
        queue(cloud, f"{cloud.endpoint}/123456789012/none").receive()
    with pytest.raises(Unavailable, match="SQS does not answer"):
        SqsQueue("http://127.0.0.1:9/1/q", REGION, "http://127.0.0.1:9", lambda: {"AWS_ACCESS_KEY_ID": "a"}).receive()


def test_the_control_repository_names_the_queue(site: Bench, cloud: Cloud, url: str) -> None:
    """URL, region and endpoint; kept as long as the declaration stays."""
    text = f"{MANIFEST}events:\n  aws: {{queue: '{url}', region: {REGION}, endpoint: '{cloud.endpoint}'}}\n"
    site.control.commit("main", {"trueup.yaml": text}, "Listen", base=site.control.head())
    made = fetching(site.installation)
    assert made.queues() == {}
    site.installation.site.catalog.refresh()
    first = made.queues()["aws"]
    assert isinstance(first, SqsQueue) and made.queues()["aws"] is first
