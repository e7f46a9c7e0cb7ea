"""An AWS request as the audit trail writes it: which operation, by whom, with which parameters.

The record format is CloudTrail's (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html);
which request is which operation follows from the service descriptions that botocore carries.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from trueup.demo.parameters import from_form, from_json, from_rest
from trueup.model.values import JSON

ACCOUNT = "123456789012"
RECORDER = "recorder.ndjson"
"""The file, beside the emulator's log, to which it appends one JSON object a request."""
UNREACHABLE = "unreachable"
"""A file that names, one a line, the services that do not answer for now."""

READS = ("Describe", "Get", "Head", "List", "Lookup", "Search", "Select", "Simulate")


@dataclass(frozen=True)
class Request:
    """One signed HTTP request, as far as the trail needs it. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def scope(self) -> tuple[str, str, str]:
        """Access key, region and service out of the signature (SigV4); unsigned requests are ("", "", "")."""
        signed = self.headers.get("authorization", "") + "&" + unquote(self.query)
        found = re.search(r"Credential=([^/,&\s]+)/\d{8}/([^/,&]+)/([^/,&]+)/aws4_request", signed)
        return (found[1], found[2], found[3]) if found else ("", "", "")

    @property
    def fields(self) -> dict[str, str]:
        """Query string and, where the body is a form, its fields."""
        fields = dict(parse_qsl(self.query, keep_blank_values=True))
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            fields |= parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True)
        return fields


@dataclass(frozen=True)
class Operation:
    """What was asked for: `ec2` `AuthorizeSecurityGroupIngress` and its parameters, secrets hidden."""

    service: str
    name: str
    parameters: JSON

    @property
    def action(self) -> str:
        """As in a policy: `ec2:AuthorizeSecurityGroupIngress`."""
        return f"{self.service}:{self.name}"

    @property
    def read_only(self) -> bool:
        return self.name.startswith(READS) or self.is_session

    @property
    def is_data(self) -> bool:
        """Works on what is inside of a resource, not on the resource: the trail calls it a data event."""
        match self.service:
            case "s3":
                return isinstance(self.parameters, dict) and "key" in self.parameters
            case "dynamodb":
                return "Item" in self.name or self.name in ("Query", "Scan")
            case "sqs":
                return "Message" in self.name
        return False

    @property
    def is_session(self) -> bool:
        """Opens a session under another identity: changes nothing, yet nobody would call it reading."""
        return self.service == "sts" and self.name.startswith("Assume")


def operation(request: Request) -> Operation:
    """The operation behind a request; what botocore does not know is named by its method and path."""
    _, _, service = request.scope
    service = service or ("sts" if request.fields.get("Action", "").startswith("AssumeRole") else "s3")
    model = _model(service)
    found = _identify(model, request) if model else None
    if found is None:
        return Operation(service, f"{request.method} {request.path}", None)
    return Operation(service, found.name, _parameters(found, request))


@cache
def _model(service: str) -> ServiceModel | None:
    try:
        return botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None


def _identify(model: ServiceModel, request: Request) -> OperationModel | None:
    protocol = model.metadata["protocol"]
    if protocol.startswith("rest"):
        return _by_route(model, request)
    name = request.headers.get("x-amz-target", "").rpartition(".")[2] or request.fields.get("Action", "")
    return model.operation_model(name) if name in model.operation_names else None


@dataclass(frozen=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    query: tuple[str, ...]
    headers: tuple[str, ...]
    operation: OperationModel

    def matches(self, request: Request) -> bool:
        present = request.fields
        return (
            self.method == request.method
            and self.pattern.fullmatch(request.path) is not None
            and all(
                key in present and (not value or present[key] == value)
                for key, _, value in (part.partition("=") for part in self.query)
            )
            and all(name in request.headers for name in self.headers)
        )


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    """Every operation of a REST service, the most demanding ones first: the first match is the operation."""
    model = _model(service)
    routes = [_route(model.operation_model(name)) for name in model.operation_names] if model else []
    return tuple(
        sorted(
            routes, key=lambda route: (len(route.query) + len(route.headers), len(route.pattern.pattern)), reverse=True
        )
    )


def _route(operation: OperationModel) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    parts = re.split(r"({[^}]+})", path.rstrip("/"))
    pattern = "".join(_placeholder(part) if part.startswith("{") else re.escape(part) for part in parts)
    needed = {"querystring": [part for part in query.split("&") if part and not part.startswith("x-id=")], "header": []}
    for name, member in _required(operation.input_shape):
        place = member.serialization.get("location")
        if place in needed:
            needed[place].append(member.serialization.get("name", name))
    headers = tuple(name.lower() for name in needed["header"])
    return _Route(
        operation.http["method"], re.compile(pattern + "/?"), tuple(needed["querystring"]), headers, operation
    )


def _placeholder(part: str) -> str:
    return f"(?P<{part.strip('{+}')}>{'.+' if part.endswith('+}') else '[^/]+'})"


def _required(shape: Shape | None) -> Iterable[tuple[str, Shape]]:
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            yield name, shape.members[name]


def _by_route(model: ServiceModel, request: Request) -> OperationModel | None:
    return next((route.operation for route in _routes(model.service_name) if route.matches(request)), None)


def _parameters(operation: OperationModel, request: Request) -> JSON:
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return None
    match operation.service_model.metadata["protocol"]:
        case "query" | "ec2" as protocol:
            return from_form(shape, request.fields, ec2=protocol == "ec2")
        case "rest-xml" | "rest-json":
            found = _route(operation).pattern.fullmatch(request.path)
            return from_rest(shape, found.groupdict() if found else {}, request.fields, request.body)
        case "json" if request.body:
            return from_json(shape, json.loads(request.body))
        case _:
            return None
