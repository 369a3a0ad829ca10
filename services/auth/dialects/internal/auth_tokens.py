"""`POST /internal/auth-tokens/introspect {"token"}`: asked at every use of an AuthToken.

200 {"active": true, "jti", "sub", "address", "exp", "chain_id"?} or {"active": false}. `chain_id` is there
for tokens of contract wallets only. An unsigned or foreign token is inactive, not an error (RFC 7662).
"""

from typing import Any

from flask import Blueprint, Response, request

from libs.web.params import BadParams, Limits, Params
from libs.web.service_tokens import requires_service
from services.auth.dialects.internal.errors import BadRequest, answer
from services.auth.domain.tokens import TokenInvalid, TokenOutlived, TokenRevoked, WalletToken
from services.auth.usecases.wallet_tokens import WalletTokens

LIMITS = Limits(body=16 * 1024)
INACTIVE = {"active": False}


def add(room: Blueprint, wallet_tokens: WalletTokens) -> None:
    @room.post("/auth-tokens/introspect")
    @requires_service()
    def introspect() -> Response:
        try:
            found = wallet_tokens.introspect(_token())
        except (TokenInvalid, TokenOutlived, TokenRevoked):
            return answer(INACTIVE)
        return answer(_view(found))


def _token() -> str:
    try:
        token = Params.of_json(request, LIMITS).value("token")
    except BadParams as error:
        raise BadRequest from error
    if not isinstance(token, str) or not token:
        raise BadRequest
    return str(token)


def _view(token: WalletToken) -> dict[str, Any]:
    view: dict[str, Any] = {
        "active": True,
        "jti": token.token_id,
        "sub": token.subject,
        "address": token.address,
        "exp": token.expires_at,
    }
    if token.chain_id is not None:
        view["chain_id"] = token.chain_id
    return view
