"""`GET /tidegate/v1/siwe/challenge?address=&chainId=&domain=`: a text to sign in with, good for five minutes.

It is signed as it stands (`personal_sign`), and is worth one sign-in: as a subject_token at /oauth2/token, or
on the login page. `domain`: of the dApp's page, when it is not ours; the operator names those that may.
"""

from typing import Any

from flask import Blueprint, Response

from libs.web.gate import public
from services.auth.dialects.account.errors import answer
from services.auth.dialects.account.params import need, query, take, take_chain_id
from services.auth.domain.sign_in import Challenge
from services.auth.usecases.siwe import SignIn


def add(room: Blueprint, sign_in: SignIn) -> None:
    @room.get("/siwe/challenge")
    @public
    def challenge() -> Response:
        params = query()
        address, chain_id = need(params, "address"), take_chain_id(params)
        return answer(view(sign_in.challenge(address, chain_id, take(params, "domain"))))


def view(challenge: Challenge) -> dict[str, Any]:
    return {
        "message": challenge.text,
        "address": challenge.address,
        "chain_id": challenge.chain_id,
        "nonce": challenge.nonce,
        "expires_at": challenge.expires_at,
    }
