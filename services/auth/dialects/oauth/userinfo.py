"""`GET, POST /oauth2/userinfo` (OIDC core 5.3), and what a person may see of the applications they let in:

GET    /oauth2/tokens        the grants that count
DELETE /oauth2/tokens/<id>   ends one: a grant's `id`, which is `gid` in its access tokens
"""

from typing import Any

from flask import Blueprint, Flask, Response, g

from libs.web.gate import add_window, needs, rfc6750_window
from libs.web.principal import Principal
from services.auth.deps import OAuthParts
from services.auth.dialects.oauth.errors import answer, problem
from services.auth.domain.grants import Grant
from services.auth.domain.scopes import KEYS


def add(app: Flask, room: Blueprint, parts: OAuthParts) -> None:
    add_window(app, room, rfc6750_window("oauth"))

    @room.route("/oauth2/userinfo", methods=["GET", "POST"])
    @needs("openid")
    def userinfo() -> Response:
        return answer(userinfo_of(parts, g.principal))

    @room.get("/oauth2/tokens")
    @needs(KEYS)
    def tokens() -> Response:
        return answer({"tokens": [view(parts, grant) for grant in parts.flows.owned_by(g.principal)]})

    @room.delete("/oauth2/tokens/<grant_id>")
    @needs(KEYS)
    def end(grant_id: str) -> Response:
        """404 for somebody else's too: nobody learns which ids exist."""
        grant = parts.flows.get_owned(grant_id, g.principal)
        if grant is None:
            return problem(404, "not_found", "There is no such grant.")
        parts.flows.revoke(grant, g.principal.subject)
        return answer({"id": grant.id, "revoked": True})


def userinfo_of(parts: OAuthParts, principal: Principal) -> dict[str, Any]:
    """For other rooms too."""
    return parts.identities.userinfo(principal.subject, principal.scopes)


def view(parts: OAuthParts, grant: Grant) -> dict[str, Any]:
    """Times in UTC seconds."""
    client = parts.registry.find(grant.client_id)
    last_used = grant.last_used_at
    return {
        "id": grant.id,
        "client_id": grant.client_id,
        "client_name": grant.client_id if client is None else client.name,
        "flow": grant.flow,
        "scope": list(grant.scopes),
        "group": grant.details.get("group"),
        "created_at": int(grant.created_at),
        "last_used_at": None if last_used is None else int(last_used),
        "expires_at": int(grant.expires_at),
    }
