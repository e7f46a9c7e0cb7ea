"""Lookup: what people type for a stack, a run, a drift or a change request, and the one thing that they mean."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from trueup.cli.client import Api
from trueup.model.errors import Invalid
from trueup.model.values import JSON

SHOWN = 6
"""Candidates that an error names."""


def stack(api: Api, typed: str) -> JSON:
    """The stack that the API knows by this; else the only one whose name ends in it, or whose id begins with it."""
    try:
        return api.get("stacks", typed)
    except Invalid:
        known: Sequence[JSON] = api.get("stacks")
    ending = [each for each in known if each["name"].endswith(f"/{typed.strip('/')}") or _begins(each["id"], typed)]
    if len(ending) == 1:
        return ending[0]
    names = [str(each["name"]) for each in ending]
    if names:
        raise Invalid(f"{typed} could be {_some(names)}", hint="type more of the name")
    tails = {name[at:]: name for name in (str(each["name"]) for each in known) for at in _beginnings(name)}
    close = [tails[each] for each in get_close_matches(typed, tails, n=1)]
    several = f"there are {_some(sorted(set(tails.values())))}: " if tails else ""
    hint = f"did you mean {close[0]}?" if close else f"{several}`trueup stack list` shows them"
    raise Invalid(f"there is no stack {typed}", hint=hint)


def _beginnings(name: str) -> Iterator[int]:
    """Where the whole name and its last parts begin."""
    yield 0
    yield from (at + 1 for at, each in enumerate(name) if each == "/")


def run(api: Api, typed: str) -> str:
    """The id of the run that this begins."""
    return typed if _whole("run", typed) else _only("run", typed, api.get("runs", limit=1000))


def drift(api: Api, typed: str) -> str:
    """The id of the drift that this begins."""
    return typed if _whole("dft", typed) else _only("drift", typed, api.get("drifts", state="all"))


def break_glass(api: Api, typed: str) -> str:
    """The id of the break-glass that this begins."""
    return typed if _whole("bg", typed) else _only("break-glass", typed, api.get("break-glass", state="all"))


def notification(api: Api, typed: str) -> str:
    """The id of the notification that this begins."""
    if re.fullmatch(r"ntf-[0-9a-z]{24}", typed):
        return typed
    return _only("notification", typed, api.get("notifications"), listed="notifications")


@dataclass(frozen=True)
class RequestName:
    repository: str
    number: int


def request(api: Api, typed: str) -> RequestName:
    """`aws#12`; or `12` where there is one repository."""
    named = re.fullmatch(r"(?:(?P<repository>[^#]+)#|#)?(?P<number>\d+)", typed)
    if named is None:
        raise Invalid(f"{typed} names no change request", hint="like aws#12: `trueup request list` shows them")
    return RequestName(repository(api, named["repository"] or ""), int(named["number"]))


def repository(api: Api, typed: str) -> str:
    """The repository of that name; without a name, the only one."""
    known = [str(each["name"]) for each in api.get("repositories")]
    if typed in known:
        return typed
    if not typed and len(known) == 1:
        return known[0]
    wrong = f"there is no repository {typed}" if typed else "there are several repositories"
    raise Invalid(wrong, hint=f"known: {_some(known) or 'none'}")


def _whole(prefix: str, typed: str) -> bool:
    return re.fullmatch(rf"{prefix}-[0-9a-zA-Z]{{10}}", typed) is not None


def _only(noun: str, typed: str, known: Iterable[JSON], listed: str = "") -> str:
    found = [str(each["id"]) for each in known if _begins(str(each["id"]), typed)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Invalid(f"there is no {noun} {typed}", hint=f"`trueup {listed or noun} list` shows them")
    raise Invalid(f"{typed} could be {_some(found)}", hint="type more of the id")


def _begins(id: str, typed: str) -> bool:
    """With or without the letters that tell what kind of id it is."""
    return bool(typed) and (id.startswith(typed) or id.partition("-")[2].startswith(typed))


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
