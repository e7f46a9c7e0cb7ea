"""Local servers of the services: they take what the documents allow, refuse the rest, and remember what they took."""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def reply(status: int, document: Any = None, **headers: str) -> Reply:
    body = b"" if document is None else document if isinstance(document, bytes) else json.dumps(document).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


@dataclass
class Service:
    """One service; `trouble` is answered instead, one for each request, until it is used up."""

    requests: list[Request] = field(default_factory=list)
    trouble: list[Reply] = field(default_factory=list)
    url: str = ""

    def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.trouble.pop(0) if self.trouble else self.answer(request)

    def answer(self, request: Request) -> Reply:
        return reply(204)


@contextmanager
def serving(service: Service, wrap: Callable[[Any], Any] = lambda socket: socket) -> Iterator[Any]:
    """Answers the service with its `url` set, while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, content = service.handle(Request(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if status != 204:
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = _any

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = wrap(server.socket)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Slack(Service):
    """chat.postMessage and an incoming webhook, with the limits of Block Kit."""

    token: str = "xoxb-a-secret-token"
    messages: list[Any] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Reply:
        message = request.json
        if wrong := self.wrong(message):
            hook = request.path.startswith("/services/")
            return reply(400, b"invalid_blocks") if hook else reply(200, {"ok": False, "error": wrong})
        if request.path.startswith("/services/"):
            self.messages.append(message)
            return reply(200, b"ok")
        if request.path != "/api/chat.postMessage" or not request.headers["content-type"].startswith(
            "application/json"
        ):
            return reply(404)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return reply(200, {"ok": False, "error": "invalid_auth"})
        if not re.fullmatch(r"#[a-z0-9_-]{1,80}", message["channel"]):
            return reply(200, {"ok": False, "error": "channel_not_found"})
        self.messages.append(message)
        return reply(200, {"ok": True, "ts": f"1700000000.{len(self.messages):06d}"})

    @staticmethod
    def wrong(message: Any) -> str:
        blocks = message["blocks"]
        if not 1 <= len(blocks) <= 50 or not message["text"]:
            return "invalid_blocks"
        total = 0
        for block in blocks:
            match block["type"]:
                case "header":
                    texts, limit = [block["text"]], 150
                case "section":
                    texts, limit = [block["text"]], 3000
                case "context":
                    texts, limit = block["elements"], 3000
                    if not 1 <= len(texts) <= 10:
                        return "invalid_blocks"
                case _:
                    return "invalid_blocks"
            for text in texts:
                total += len(text["text"])
                if not 1 <= len(text["text"]) <= limit or text["type"] not in ("plain_text", "mrkdwn"):
                    return "invalid_blocks"
                plain = re.sub(r"&(amp|lt|gt);", "", text["text"])
                if text["type"] == "mrkdwn" and re.search(r"[&<>]", plain):
                    return "unescaped"
        return "msg_blocks_too_long" if total > 13_000 else ""


@dataclass
class PagerDuty(Service):
    """Events API v2: incidents by their dedup key, and change events."""

    key: str = "0123456789abcdef0123456789abcdef"
    open: dict[str, Any] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        event = request.json
        if event.get("routing_key") != self.key or len(request.body) > 512_000:
            return reply(400, {"status": "invalid event", "errors": ["routing_key"]})
        payload = event.get("payload", {})
        if request.path == "/v2/change/enqueue":
            if not 1 <= len(payload.get("summary", "")) <= 1024 or set(event) - {"routing_key", "payload", "links"}:
                return reply(400, {"status": "invalid event"})
            self.changes.append(event)
            return reply(202, {"status": "success"})
        dedup = event.get("dedup_key", "")
        if request.path != "/v2/enqueue" or not 1 <= len(dedup) <= 255:
            return reply(400, {"status": "invalid event", "errors": ["dedup_key"]})
        match event["event_action"]:
            case "trigger":
                known = payload.get("severity") in ("critical", "error", "warning", "info")
                if not known or not payload.get("source") or not 1 <= len(payload.get("summary", "")) <= 1024:
                    return reply(400, {"status": "invalid event", "errors": ["payload"]})
                self.open[dedup] = payload
            case "resolve":
                self.open.pop(dedup, None)
                self.resolved.append(dedup)
            case _:
                return reply(400, {"status": "invalid event"})
        return reply(202, {"status": "success", "message": "Event processed", "dedup_key": dedup})


@dataclass
class Jira(Service):
    """REST API v3 of one project: issues, labels, properties, comments, transitions."""

    user: str = "bot@acme.example"
    token: str = "jira-secret-token"
    project: str = "OPS"
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    transitions: tuple[tuple[str, str, str], ...] = (
        ("11", "Start", "indeterminate"),
        ("31", "Close", "done"),
        ("41", "Won't do", "done"),
    )

    def answer(self, request: Request) -> Reply:
        basic = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return reply(401, b"")
        path = request.path.removeprefix("/rest/api/3")
        if (request.method, path) == ("POST", "/search/jql"):
            wanted = request.json
            found = re.fullmatch(r'project = "(\w+)" AND labels = "([^"]+)" ORDER BY created ASC', wanted["jql"])
            assert found and wanted["fields"]
            hits = [key for key, each in self.issues.items() if found[2] in each["fields"]["labels"]]
            return reply(200, {"issues": [{"key": key} for key in hits[: wanted["maxResults"]]], "isLast": True})
        if (request.method, path) == ("POST", "/issue"):
            return self._create(request.json)
        found = re.fullmatch(r"/issue/([A-Z]+-\d+)(.*)", path)
        if not found or found[1] not in self.issues:
            return reply(404, {"errorMessages": ["Issue does not exist"]})
        return self._about(self.issues[found[1]], request, found[2])

    def _create(self, body: Any) -> Reply:
        fields = body["fields"]
        summary, labels = fields["summary"], fields["labels"]
        wrong = [
            *(["project"] if fields["project"] != {"key": self.project} else []),
            *(["issuetype"] if fields["issuetype"] != {"name": "Task"} else []),
            *(["summary"] if not 1 <= len(summary) <= 255 or "\n" in summary else []),
            *(["labels"] if any(" " in each or len(each) > 255 for each in labels) else []),
            *(["description"] if not is_document(fields["description"]) else []),
        ]
        if wrong:
            return reply(400, {"errorMessages": [], "errors": dict.fromkeys(wrong, "is not valid")})
        key = f"{self.project}-{len(self.issues) + 1}"
        properties = {each["key"]: each["value"] for each in body.get("properties", [])}
        self.issues[key] = {"fields": fields, "properties": properties, "comments": [], "status": "new"}
        return reply(201, {"id": "10000", "key": key, "self": f"{self.url}/rest/api/3/issue/10000"})

    def _about(self, issue: dict[str, Any], request: Request, rest: str) -> Reply:
        match (request.method, rest):
            case ("GET", "?fields=status"):
                return reply(200, {"fields": {"status": {"statusCategory": {"key": issue["status"]}}}})
            case ("POST", "/comment"):
                if not is_document(request.json["body"]):
                    return reply(400, {"errors": {"comment": "is not valid"}})
                issue["comments"].append(request.json["body"])
                return reply(201, {"id": "1"})
            case ("GET", "/transitions"):
                shown = [{"id": i, "name": n, "to": {"statusCategory": {"key": c}}} for i, n, c in self.transitions]
                return reply(200, {"transitions": shown})
            case ("POST", "/transitions"):
                wanted = request.json["transition"]["id"]
                to = next((category for id, _, category in self.transitions if id == wanted), "")
                if not to:
                    return reply(400, {"errorMessages": ["transition is not valid"]})
                issue["status"] = to
                return reply(204)
        name = rest.removeprefix("/properties/")
        if request.method == "PUT":
            issue["properties"][name] = request.json
            return reply(201)
        known = issue["properties"].get(name)
        return reply(200, {"key": name, "value": known}) if known else reply(404, {"errorMessages": ["no property"]})


def is_document(value: Any) -> bool:
    """Atlassian Document Format, as far as it is used: paragraphs and code with texts that are not empty."""
    if value.get("type") != "doc" or value.get("version") != 1 or not value.get("content"):
        return False
    for part in value["content"]:
        texts = part.get("content", [])
        if part["type"] not in ("paragraph", "codeBlock") or not texts:
            return False
        if any(each["type"] != "text" or not each["text"] for each in texts):
            return False
    return len(json.dumps(value)) <= 32_767


@dataclass
class Teams(Service):
    """A Workflows URL."""

    cards: list[Any] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        message = request.json
        if len(request.body) > 28 * 1024 or message["type"] != "message":
            return reply(413, b"too large")
        (attachment,) = message["attachments"]
        card = attachment["content"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        if card["type"] != "AdaptiveCard" or card["version"] > "1.5" or not card["body"]:
            return reply(400, b"no card")
        known = {"TextBlock", "FactSet"}
        assert all(part["type"] in known for part in card["body"])
        self.cards.append(card)
        return reply(202)


@dataclass
class Receiver(Service):
    """A webhook's receiver that verifies as Standard Webhooks says, with its own arithmetic."""

    secret: str = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    taken: dict[str, Any] = field(default_factory=dict)
    now: Callable[[], float] = lambda: 0.0

    def answer(self, request: Request) -> Reply:
        id, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        key = base64.b64decode(self.secret.split("_", 1)[1])
        wanted = hmac.new(key, b".".join([id.encode(), stamp.encode(), request.body]), hashlib.sha256).digest()
        offered = [each.split(",", 1) for each in request.headers["webhook-signature"].split(" ")]
        if not any(version == "v1" and base64.b64decode(said) == wanted for version, said in offered):
            return reply(401, b"bad signature")
        if abs(self.now() - int(stamp)) > 300:
            return reply(400, b"too old")
        self.taken[id] = request.json
        return reply(200, b"ok")
