"""The emulated AWS as a process of its own: moto's server behind a recorder. Run as `python -m trueup.demo.emulator`.

It prints its port once it listens, ends when its standard input closes (so it never outlives who started it), and
loses everything it holds when it ends.
"""

import argparse
import io
import json
import os
import re
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.route53 import models as zones
from moto.route53.responses import Route53
from werkzeug.serving import make_server

from trueup.demo.permissions import Signer, refusal, signer
from trueup.demo.trail import ACCOUNT, RECORDER, UNREACHABLE, Operation, Request, operation
from trueup.model.values import JSON

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Recorder:
    """WSGI middleware: writes down every request that the cloud answered before the answer leaves.

    Requests are answered one at a time: moto's backends do not expect threads, and a conditional write to S3 (a state
    lock) must not be overtaken.
    """

    def __init__(self, application: Application, directory: Path) -> None:
        self._application = application
        self._unreachable = directory / UNREACHABLE
        self._file = (directory / RECORDER).open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self._sequence = 0

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _request(environ)
        if request.path.startswith("/moto-api"):
            return self._application(environ, start_response)
        asked = operation(request)
        if self._is_unreachable(asked.service):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("this service does not answer for now")
        with self._lock:
            return self._answer(request, asked, environ, start_response)

    def _answer(
        self, request: Request, asked: Operation, environ: Environ, start_response: Callable[..., Any]
    ) -> list[bytes]:
        answered: list[str] = []

        def answer(status: str, *rest: Any) -> Any:
            answered.append(status)
            return start_response(status, *rest)

        who = signer(request)
        identity = _identity(who, request)
        refused = refusal(who, asked)
        if refused:
            as_json = "x-amz-target" in request.headers
            answer("403 Forbidden", [("Content-Type", "application/x-amz-json-1.1" if as_json else "application/xml")])
            content = [refused.body(asked.service, as_json=as_json)]
        else:
            content = list(self._application(environ, answer))
        self._write(_event(request, asked, environ, identity, _error(answered, content)))
        return content

    def _is_unreachable(self, service: str) -> bool:
        try:
            services = self._unreachable.read_text().split()
        except FileNotFoundError:
            return False
        return service in services

    def _write(self, event: JSON) -> None:
        self._sequence += 1
        self._file.write(
            json.dumps({"sequence": self._sequence, "at": datetime.now(UTC).isoformat(), "event": event}) + "\n"
        )


def _request(environ: Environ) -> Request:
    """Reads the body whole and puts it back for moto."""
    terminated = environ.get("wsgi.input_terminated")
    body = environ["wsgi.input"].read(*([] if terminated else [int(environ.get("CONTENT_LENGTH") or 0)]))
    environ["wsgi.input"] = io.BytesIO(body)
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE") or ""
    return Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], headers, body)


def _identity(who: Signer | None, request: Request) -> JSON:
    """Who signed, as CloudTrail writes it: an IAM user or the session of an assumed role."""
    key, _, _ = request.scope
    if who is None:
        return {"type": "Unknown", "accessKeyId": key} if key else {"type": "Anonymous"}
    arn = who.arn
    identity: dict[str, JSON] = {"arn": arn, "accountId": ACCOUNT, "accessKeyId": key}
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind == "user":
        found = [user.id for user in iam_backends[ACCOUNT]["aws"].users.values() if user.name == name]
        return {"type": "IAMUser", "principalId": found[0] if found else key, **identity, "userName": name}
    role, _, session = name.partition("/")
    id, role_arn = _role(role)
    issuer = {"type": "Role", "principalId": id, "arn": role_arn, "accountId": ACCOUNT, "userName": role}
    context = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    return {"type": "AssumedRole", "principalId": f"{id}:{session}", **identity, "sessionContext": context}


def _role(name: str) -> tuple[str, str]:
    """Id and ARN."""
    found = [(role.id, role.arn) for role in iam_backends[ACCOUNT]["aws"].get_roles() if role.name == name]
    return found[0] if found else ("AROAUNKNOWN", f"arn:aws:iam::{ACCOUNT}:role/{name}")


def _error(answered: list[str], content: list[bytes]) -> str:
    """The error code of an answer, "" where there was none."""
    status = answered[-1] if answered else "500"
    if int(status.split()[0]) < 400:
        return ""
    code = re.search(rb'<Code>([^<]+)</Code>|"__type":\s*"([^"]+)"', b"".join(content))
    return next((part.decode() for part in code.groups() if part), status) if code else status


def _event(request: Request, asked: Operation, environ: Environ, identity: JSON, error: str) -> JSON:
    _, region, _ = request.scope
    event = {
        "eventVersion": "1.09",
        "userIdentity": identity,
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{asked.service}.amazonaws.com",
        "eventName": asked.name,
        "awsRegion": region,
        "sourceIPAddress": environ.get("REMOTE_ADDR", ""),
        "userAgent": request.headers.get("user-agent", ""),
        "requestParameters": asked.parameters,
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": asked.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": not asked.is_data,
        "eventCategory": "Data" if asked.is_data else "Management",
        "recipientAccountId": ACCOUNT,
    }
    return {**event, "errorCode": error} if error else event


def whole(list_health_checks: Callable[[Route53], ActionResult]) -> Callable[[Route53], ActionResult]:
    """moto 5.2.5 leaves out of this answer what Route 53 always sends, and what octoDNS relies on."""

    def answer(responses: Route53) -> ActionResult:
        listed = list_health_checks(responses).result
        assert isinstance(listed, dict), listed
        return ActionResult({"IsTruncated": False, "MaxItems": "100", **listed})

    return answer


class ZoneIdentifier(zones.HostedZoneIdentifier):
    """moto 5.2.5 begins a hosted zone's id with any letter, Route 53 with Z."""

    def generate(self, existing_ids: list[str] | None = None, tags: Any = None) -> str:
        return f"Z{str(super().generate(existing_ids, tags))[1:]}"


def main() -> None:
    parser = argparse.ArgumentParser(description="moto behind a recorder")
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    Route53.list_health_checks = whole(Route53.list_health_checks)  # type: ignore[method-assign,assignment]
    zones.HostedZoneIdentifier = ZoneIdentifier  # type: ignore[misc]
    recorder = Recorder(DomainDispatcherApplication(create_backend_app), directory)
    server = make_server("127.0.0.1", 0, recorder, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
