"""`GET|POST createAuthToken` and `DELETE deleteAuthToken` below /api/services (contract 9)."""

import json

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from libs.web.gate import signed
from libs.web.ocean_form import Form, is_address, is_nonce
from libs.web.ocean_shapes import json_response
from libs.web.plain import Answer, Asked, Way, add_way, json_answer
from services.auth.dialects.ocean.params import (
    is_integer,
    need_signature,
    query_form,
    take_chain_id,
    token_form,
)
from services.auth.domain.wallets import SignedRequest
from services.auth.usecases.wallet_tokens import WalletTokens

_REFUSED = "tidegate.token_refused"
DELETED = {"success": "Token has been deactivated."}


def add(room: Blueprint, wallet_tokens: WalletTokens) -> None:
    def asked_of(form: Form) -> tuple[SignedRequest, str]:
        address = form.need("address", is_address)
        expiration = form.need("expiration", is_integer)
        wallet_tokens.check_expiration(expiration)
        return _signed(form, address), expiration

    @room.route("/createAuthToken", methods=["GET", "POST"])
    @signed
    def create() -> Response:
        if (refused := request.environ.pop(_REFUSED, None)) is not None:
            raise refused
        signed, expiration = asked_of(token_form())
        if request.method == "HEAD":
            # As upstream: parameters are looked at, then no. A token that nobody can read costs no nonce.
            raise MethodNotAllowed(["GET", "POST", "OPTIONS"])
        return _made(wallet_tokens.create(signed, expiration)).response()

    def plain_create(asked: Asked) -> Answer | None:
        signed, expiration = asked_of(query_form(asked.environ["QUERY_STRING"]))
        try:
            return _made(wallet_tokens.create(signed, expiration))
        except Exception as error:  # noqa: BLE001 - the nonce may be used up: it is told, not tried again
            asked.environ[_REFUSED] = error
            return None

    # dApps sign in with it; each has its own signature, so nothing here is remembered.
    add_way(room, Way("create", "GET", "/createAuthToken", plain_create, has_query=True))

    @room.delete("/deleteAuthToken")
    @signed
    def delete() -> Response:
        form = token_form()
        address = form.need("address", is_address)
        token = form.need("token")
        wallet_tokens.delete(_signed(form, address), token)
        return json_response(DELETED)


def _made(token: str) -> Answer:
    body = json.dumps({"token": token}, separators=(",", ":")).encode()
    return json_answer(body, ("Cache-Control", "no-store"))


def _signed(form: Form, address: str) -> SignedRequest:
    nonce = form.need("nonce", is_nonce)
    signature = need_signature(form)
    return SignedRequest(address, nonce, signature, take_chain_id(form))
