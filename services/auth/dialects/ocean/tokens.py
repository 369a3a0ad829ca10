"""`GET|POST createAuthToken` and `DELETE deleteAuthToken` below /api/services (contract 9)."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from libs.web.gate import signed
from libs.web.params import Params
from services.auth.dialects.ocean.errors import json_response
from services.auth.dialects.ocean.params import (
    is_address,
    is_integer,
    is_nonce,
    need,
    need_signature,
    read,
    take_chain_id,
)
from services.auth.domain.wallets import SignedRequest
from services.auth.usecases.wallet_tokens import WalletTokens

DELETED = {"success": "Token has been deactivated."}


def add(room: Blueprint, wallet_tokens: WalletTokens) -> None:
    @room.route("/createAuthToken", methods=["GET", "POST"])
    @signed
    def create() -> Response:
        params = read()
        address = need(params, "address", is_address)
        expiration = need(params, "expiration", is_integer)
        wallet_tokens.check_expiration(expiration)
        signed = _signed(params, address)
        if request.method == "HEAD":
            # As upstream: parameters are looked at, then no. A token that nobody can read costs no nonce.
            raise MethodNotAllowed(["GET", "POST", "OPTIONS"])
        response = json_response({"token": wallet_tokens.create(signed, expiration)})
        response.headers["Cache-Control"] = "no-store"
        return response

    @room.delete("/deleteAuthToken")
    @signed
    def delete() -> Response:
        params = read()
        address = need(params, "address", is_address)
        token = need(params, "token")
        wallet_tokens.delete(_signed(params, address), token)
        return json_response(DELETED)


def _signed(params: Params, address: str) -> SignedRequest:
    nonce = need(params, "nonce", is_nonce)
    signature = need_signature(params)
    return SignedRequest(address, nonce, signature, take_chain_id(params))
