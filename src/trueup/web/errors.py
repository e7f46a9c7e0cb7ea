"""Errors on their way out: kind to status, in one place. A body says kind, message, place and hint, no more."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from trueup.model.errors import Invalid, Place, Refused, Rejected, TrueupError, Unavailable
from trueup.ports.store import Conflict
from trueup.settings import RETRY_AFTER
from trueup.web.headers import SECURITY

LOG = logging.getLogger("trueup.web")


class NotFound(Invalid):
    """The address names nothing: 404."""


class Unauthenticated(Refused):
    """Nobody knows who is asking: 401."""


STATUSES: Mapping[type[TrueupError], int] = {
    NotFound: 404,
    Invalid: 422,
    Unauthenticated: 401,
    # Also where the state of a run forbids it: the person reads why either way, and 409 is kept for a lost race.
    Refused: 403,
    Rejected: 502,
    Unavailable: 503,
}
"""Everything else (Broken, a lost lease) is 500. The first of an error's ancestors that is in here counts."""

KINDS = (Invalid, Refused, Rejected, Unavailable)


def status_of(error: TrueupError) -> int:
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def kind_of(error: TrueupError) -> str:
    """`invalid`, `refused`, `rejected`, `unavailable` or `broken`: what a client raises again."""
    return next((kind.__name__.lower() for kind in KINDS if isinstance(error, kind)), "broken")


def body_of(kind: str, message: str, place: Place | None = None, hint: str = "") -> dict[str, Any]:
    where = {"file": place.file, "line": place.line, "column": place.column} if place else None
    return {"error": {"kind": kind, "message": message, "place": where, "hint": hint}}


def answer_to(error: TrueupError, request_id: str = "") -> JSONResponse:
    status = status_of(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="trueup"'
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER)
    if status == 500:
        LOG.error("request %s: %s", request_id, error, exc_info=error)
        message, hint = f"this is our bug: {error.message}", f"the log has it as request {request_id}"
        return JSONResponse(body_of("broken", message, error.place, hint), 500)
    return JSONResponse(body_of(kind_of(error), error.message, error.place, error.hint), status, headers)


def install(app: FastAPI) -> None:
    app.add_exception_handler(TrueupError, _known)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TrueupError)
    return answer_to(error, _id(request))


async def _conflict(request: Request, error: Exception) -> JSONResponse:
    message = "somebody else decided about the same thing in this moment"
    return JSONResponse(body_of("unavailable", message, hint="look again, and decide anew"), 409)


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    """Names the fields and what was expected, and does not repeat what was sent: it may be a secret."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    broken = any(each["type"] == "json_invalid" for each in found)
    mistakes = "; ".join(f"{_field(each['loc'])}: {each['msg']}" for each in found)
    message = "the body is not JSON" if broken else f"the request is wrong: {mistakes}"
    return JSONResponse(body_of("invalid", message, hint="/api/v1/openapi.json describes it"), 400 if broken else 422)


async def _http(request: Request, error: Exception) -> JSONResponse:
    """What the router itself says: no such path, no such method."""
    assert isinstance(error, HTTPException)
    message = {404: "there is no such address", 405: "this address does not answer to this method"}
    hint = "/api/v1/openapi.json lists them"
    body = body_of("invalid", message.get(error.status_code, str(error.detail)), hint=hint)
    return JSONResponse(body, error.status_code, error.headers)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    """Nothing of it leaks. The server's log has the traceback, and the id leads there."""
    LOG.error("request %s failed", _id(request), exc_info=error)
    body = body_of("broken", "this is our bug", hint=f"the log has it as request {_id(request)}")
    return JSONResponse(body, 500, {**SECURITY, "X-Request-Id": _id(request)})


def _field(location: tuple[Any, ...]) -> str:
    return ".".join(str(step) for step in location if step != "body") or "the body"


def _id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))
