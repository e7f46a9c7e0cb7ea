"""/tokens: personal tokens for the API."""

from fastapi import APIRouter

from trueup.model.errors import Refused
from trueup.model.values import JSON
from trueup.render.encoding import to_json
from trueup.settings import TOKEN_LIFE
from trueup.web.access import person_name
from trueup.web.bodies import CreateToken
from trueup.web.tokens import NewToken, Scope
from trueup.web.visit import PREFIX, Administering, Reading

router = APIRouter(prefix=f"{PREFIX}/tokens", tags=["tokens"])


@router.get("")
def list_tokens(visit: Reading) -> JSON:
    """All for an admin, else one's own; never a secret."""
    mine = str(visit.by)
    everything = visit.caller.may(Scope.ADMIN)
    return [to_json(token) for token in visit.tokens.all() if everything or token.person == mine]


@router.post("", status_code=201)
def create_token(visit: Administering, body: CreateToken) -> JSON:
    """Makes one for a person. The answer has its text, this once."""
    expires = body.expires_at or visit.site.clock.now() + TOKEN_LIFE
    wanted = NewToken(person_name(body.person), tuple(dict.fromkeys(body.scopes)), expires)
    token, text = visit.tokens.create(wanted, visit.person)
    return {**to_json(token), "token": text}


@router.delete("/{id}")
def revoke_token(visit: Reading, id: str) -> JSON:
    """Ends one at once: one's own, or any for an admin."""
    found = visit.tokens.get(id)
    if not visit.caller.may(Scope.ADMIN) and (found is None or found.person != str(visit.by)):
        raise Refused("only an admin revokes the token of somebody else")
    return to_json(visit.tokens.revoke(id, visit.person))
