"""An SQS queue that EventBridge fills (a rule with the queue as its target). The only file that asks SQS."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from trueup.model.errors import Invalid, Rejected, TrueupError, Unavailable
from trueup.ports.events import Message

AT_ONCE = 10
"""The most that SQS hands out in one answer."""
_MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress")
_FOR_NOW = ("RequestThrottled", "ThrottlingException", "ServiceUnavailable", "InternalFailure", "KmsThrottled")


class SqsQueue:
    """ports.events.EventQueue. Messages stay hidden for the queue's own visibility timeout while they are stored."""

    def __init__(
        self,
        url: str,
        region: str,
        endpoint: str | None,
        keys: Callable[[], Mapping[str, str]],
        wait: int = 20,
    ) -> None:
        """`keys` answers AWS_ACCESS_KEY_ID and so on, or a profile, or nothing: then boto3 looks where it always
        looks. It is asked again before each wait, because roles end. `wait`: seconds of one long poll."""
        self._url, self._region, self._endpoint, self._keys, self._wait = url, region, endpoint, keys, wait
        self._client: tuple[Mapping[str, str], Any] | None = None

    def receive(self) -> Sequence[Message]:
        answer = self._ask("receive_message", MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=self._wait)
        return [Message(each["ReceiptHandle"], _document(each.get("Body", ""))) for each in answer.get("Messages", ())]

    def delete(self, messages: Sequence[Message]) -> None:
        entries = [{"Id": str(number), "ReceiptHandle": each.receipt} for number, each in enumerate(messages)]
        if entries:
            self._ask("delete_message_batch", Entries=entries)

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._session(), operation)(QueueUrl=self._url, **arguments)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, self._url) from None
        return answer

    def _session(self) -> Any:
        keys = dict(self._keys())
        if self._client is None or self._client[0] != keys:
            session = boto3.Session(
                aws_access_key_id=keys.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=keys.get("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=keys.get("AWS_SESSION_TOKEN"),
                profile_name=keys.get("AWS_PROFILE"),
                region_name=self._region,
            )
            patience = Config(
                connect_timeout=10, read_timeout=self._wait + 20, retries={"max_attempts": 2, "mode": "standard"}
            )
            self._client = (keys, session.client("sqs", endpoint_url=self._endpoint, config=patience))
        return self._client[1]


def _document(body: str) -> Mapping[str, Any] | None:
    """EventBridge puts the envelope into the body; SNS between them would put it into `Message`, as a text."""
    try:
        document = json.loads(body)
        if isinstance(document, dict) and document.get("Type") == "Notification":
            document = json.loads(document.get("Message", ""))
    except (ValueError, TypeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _translated(error: ClientError | BotoCoreError, url: str) -> TrueupError:
    if isinstance(error, NoCredentialsError):
        hint = "give it `credentials:` below `events:`, or Trueup's own process some"
        return Invalid(f"the queue {url} cannot be read: there are no AWS credentials", hint=hint)
    if not isinstance(error, ClientError):
        return Unavailable(f"SQS does not answer for {url}: {type(error).__name__}")
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in _MISSING:
        return Invalid(f"there is no queue {url}", hint="write its whole URL below `events:`, and its region")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _FOR_NOW or status >= 500:
        return Unavailable(f"SQS is busy ({url}): {code}")
    return Rejected(
        f"SQS does not give messages of {url}: {code}", hint="allow sqs:ReceiveMessage and sqs:DeleteMessage there"
    )
