"""What an exception in the subprocess says, as JSON: its class and those it descends from, its words, its places.
What it means is for the client (client_errors.py) to say."""

from collections.abc import Iterator, Mapping
from typing import Any

from trueup.drivers.dns.process.walk import StepFailed
from trueup.model.values import JSON

LONGEST = 4000
"""Characters of one text."""


def complaint(error: Exception) -> JSON:
    """Keys: during, zone, provider, classes (outermost last), words, reasons, context, mark ([file, line]), status,
    code, body."""
    step = error if isinstance(error, StepFailed) else None
    if step is not None:
        error = step.error
        while isinstance(error, StepFailed):
            step, error = error, error.error
    return {
        "during": step.during if step else "config",
        "zone": step.zone if step else "",
        "provider": step.provider if step else "",
        "classes": [f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__],
        "words": str(error)[:LONGEST],
        "causes": [f"{type(each).__name__}: {each}"[:LONGEST] for each in _causes(error)],
        "reasons": [str(reason)[:LONGEST] for reason in getattr(error, "reasons", None) or []],
        "context": str(getattr(error, "context", None) or ""),
        "mark": _mark(error),
        **_answered(error),
    }


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What it was raised from, or while handling."""
    while (error_before := error.__cause__ or error.__context__) is not None:
        yield error_before
        error = error_before


def _mark(error: Any) -> JSON:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return [mark.name, mark.line + 1] if mark is not None else None


def _answered(error: Any) -> Mapping[str, JSON]:
    """What a server said: of `requests` a status and a body, of botocore a code."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        said = response.get("Error") or {}
        return {"status": 0, "code": str(said.get("Code", "")), "body": str(said.get("Message", ""))[:LONGEST]}
    if response is None:
        return {"status": 0, "code": "", "body": ""}
    return {"status": int(response.status_code), "code": "", "body": str(response.text)[:LONGEST]}
