"""/repositories: what is watched in Git, and its change requests."""

from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter, Query

from trueup.model.errors import Refused
from trueup.model.request import ChangeRequest, NewRequest, RequestState
from trueup.model.values import JSON
from trueup.ports.forge import Forge
from trueup.render.encoding import to_json
from trueup.web.bodies import ApproveRequest, Comment, OpenRequest, PerhapsReason
from trueup.web.envelope import segment
from trueup.web.errors import NotFound
from trueup.web.visit import PREFIX, Deciding, Reading, Visit

router = APIRouter(prefix=f"{PREFIX}/repositories", tags=["repositories"])

Wanted = Annotated[RequestState | Literal["all"], Query()]


@router.get("")
def list_repositories(visit: Reading) -> JSON:
    """As the control repository declares them; never how they are reached."""
    heads = visit.site.catalog.heads()
    return [
        {
            "name": name,
            "url": _without_secrets(each.url),
            "branch": each.branch,
            "forge": each.forge,
            "head": heads.get(name),
        }
        for name, each in sorted(visit.site.catalog.manifest.repositories.items())
    ]


@router.get("/{name}/requests")
def list_requests(visit: Reading, name: str, state: Wanted = RequestState.OPEN) -> JSON:
    """Change requests of one repository."""
    wanted = None if state == "all" else RequestState(state)
    return [to_json(request) for request in _forge(visit, name).list(wanted)]


@router.post("/{name}/requests", status_code=201)
def open_request(visit: Deciding, name: str, body: OpenRequest) -> JSON:
    """Opens one for a branch that was pushed; whoever asks is its author."""
    forge = _forge(visit, name)
    base = body.base_branch or visit.site.catalog.manifest.repositories[segment(name)].branch
    new = NewRequest(body.title, body.body, visit.by, body.head_branch, base, body.draft, tuple(body.labels))
    return to_json(forge.open(new))


@router.get("/{name}/requests/{number}")
def show_request(visit: Reading, name: str, number: int) -> JSON:
    """One change request, with its diff."""
    forge = _forge(visit, name)
    return {**to_json(forge.get(number)), "diff": forge.diff(number)}


@router.post("/{name}/requests/{number}/approve")
def approve_request(visit: Deciding, name: str, number: int, body: ApproveRequest) -> JSON:
    """Approves the commit that was looked at; refused for its author, and when the head moved."""
    forge = _forge(visit, name)
    request = forge.get(number)
    _not_an_author(visit, request)
    approved = forge.approve(number, visit.by, body.commit)
    return {**to_json(approved), "boundary": visit.caller.boundary}


@router.post("/{name}/requests/{number}/merge")
def merge_request(visit: Deciding, name: str, number: int) -> JSON:
    """Merges it into its base branch."""
    return to_json(_forge(visit, name).merge(number, visit.by))


@router.post("/{name}/requests/{number}/close")
def close_request(visit: Deciding, name: str, number: int, body: PerhapsReason | None = None) -> JSON:
    """Closes it without merging."""
    return to_json(_forge(visit, name).close(number, visit.by, body.reason if body else ""))


@router.post("/{name}/requests/{number}/comment")
def comment_on_request(visit: Deciding, name: str, number: int, body: Comment) -> JSON:
    """Says something on it."""
    forge = _forge(visit, name)
    forge.comment(number, visit.person, body.body)
    return to_json(forge.get(number))


def _not_an_author(visit: Visit, request: ChangeRequest) -> None:
    """The forge compares identities; one person has many."""
    if visit.site.books.who(request.author) == visit.person:
        raise Refused(
            f"{visit.person} opened #{request.number} and may not approve it", hint="anybody else who may approve can"
        )


def _forge(visit: Visit, name: str) -> Forge:
    known = visit.site.catalog.manifest.repositories
    if segment(name) not in known:
        hint = f"declared: {', '.join(sorted(known)) or 'none'}"
        raise NotFound(f"there is no repository {segment(name)}", hint=hint)
    forge = visit.site.forges(segment(name))
    if forge is None:
        raise Refused(f"{segment(name)} has no forge whose change requests can be reached from here")
    return forge


def _without_secrets(url: str) -> str:
    """A token in a URL is a mistake, and not one to repeat."""
    parts = urlsplit(url)
    if not parts.scheme or "@" not in parts.netloc:
        return url
    user, _, host = parts.netloc.rpartition("@")
    kept = f"{user.partition(':')[0]}@" if parts.scheme == "ssh" else ""
    return urlunsplit((parts.scheme, kept + host, parts.path, "", ""))
