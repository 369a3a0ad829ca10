"""`GET|POST createAuthToken` and `DELETE deleteAuthToken` below /api/services (contract 9)."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from libs.web.gate import signed
from libs.web.ocean_form import Form, is_address, is_nonce
from libs.web.ocean_shapes import json_response
from services.auth.dialects.ocean.params import is_integer, need_signature, take_chain_id, token_form
from services.auth.domain.wallets import SignedRequest
from services.auth.usecases.wallet_tokens import WalletTokens

DELETED = {"success": "Token has been deactivated."}


def add(room: Blueprint, wallet_tokens: WalletTokens) -> None:
    @room.route("/createAuthToken", methods=["GET", "POST"])
    @signed
    def create() -> Response:
        form = token_form()
        address = form.need("address", is_address)
        expiration = form.need("expiration", is_integer)
        wallet_tokens.check_expiration(expiration)
        signed = _signed(form, address)
        if request.method == "HEAD":
            # As upstream: parameters are looked at, then no. A token that nobody can read costs no nonce.
            raise MethodNotAllowed(["GET", "POST", "OPTIONS"])
        response = json_response({"token": wallet_tokens.create(signed, expiration)})
        response.headers["Cache-Control"] = "no-store"
        return response

    @room.delete("/deleteAuthToken")
    @signed
    def delete() -> Response:
        form = token_form()
        address = form.need("address", is_address)
        token = form.need("token")
        wallet_tokens.delete(_signed(form, address), token)
        return json_response(DELETED)


def _signed(form: Form, address: str) -> SignedRequest:
    nonce = form.need("nonce", is_nonce)
    signature = need_signature(form)
    return SignedRequest(address, nonce, signature, take_chain_id(form))
