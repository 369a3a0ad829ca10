"""The nonce ledger for the services that take signatures but own no ledger.

POST /internal/nonces/consume {"address", "nonce", "scope"?: "user"} -> 200 {"consumed": true}
                                                    | 409 {"error": "nonce_too_low", "stored", "sent"}
GET|POST /internal/nonces/last ?address&scope       -> 200 {"nonce": text | null, "shown": text}
`shown` is what the public nonce endpoint would report.
"""

from flask import Blueprint, Response

from libs.web.params import Params
from libs.web.service_tokens import requires_service
from services.provider.dialects.internal.body import need_text, read
from services.provider.dialects.internal.errors import BadRequest, answer
from services.provider.domain.nonces import DECRYPT_SCOPE, USER_SCOPE, client_view
from services.provider.usecases.nonces import Nonces

SCOPES = frozenset({USER_SCOPE, DECRYPT_SCOPE})


def add(room: Blueprint, nonces: Nonces) -> None:
    @room.post("/nonces/consume")
    @requires_service("auth", "compute", "catalogue")
    def consume() -> Response:
        params = read()
        nonces.consume(_scope(params), need_text(params, "address"), need_text(params, "nonce"))
        return answer({"consumed": True})

    @room.route("/nonces/last", methods=["GET", "POST"])
    @requires_service("auth", "compute", "catalogue")
    def last() -> Response:
        params = read()
        stored = nonces.last(_scope(params), need_text(params, "address"))
        return answer({"nonce": stored, "shown": client_view(stored)})


def _scope(params: Params) -> str:
    if not params.has("scope"):
        return USER_SCOPE
    scope = need_text(params, "scope")
    if scope not in SCOPES:
        raise BadRequest("scope")
    return scope
