"""Wallet signatures for services without chain access: plain accounts and smart accounts (EIP-1271).

POST /internal/contract-signatures/verify
  {"address", "message" | "messages", "signature", "chain_id"?, "signed"?: "hash" | "text"}
  -> 200 {"valid": bool, "chain_id": int, "message": the text that was signed | null}
GET /internal/chains -> 200 {"chain_ids": [int, ...], "fee_tokens": {"<chain id>": address}}

Without `chain_id` the first configured chain is meant. Wallets sign the Keccak hash of Ocean's texts, and
Sign-In with Ethereum's as they stand: `"signed": "text"`.
"""

from collections.abc import Mapping

from flask import Blueprint, Response

from libs.chain.errors import UnknownChain
from libs.web.params import Params
from libs.web.service_tokens import requires_service
from services.provider.dialects.internal.body import need_text, read, take_chain_id
from services.provider.dialects.internal.errors import BadRequest, answer
from services.provider.domain.callers import SignatureRefused
from services.provider.usecases.authenticate import Authenticate
from services.provider.usecases.compute_quote import FeeTokens

MAX_MESSAGES = 8
HASH, TEXT = "hash", "text"


def add(
    room: Blueprint, authenticate: Authenticate, addresses: Mapping[int, str], fee_tokens: FeeTokens
) -> None:
    @room.post("/contract-signatures/verify")
    @requires_service("auth", "compute", "catalogue")
    def verify() -> Response:
        params = read()
        chain_id = take_chain_id(params, "chain_id")
        if chain_id is None:
            chain_id = next(iter(addresses))
        if chain_id not in addresses:
            raise UnknownChain(chain_id)
        address, signature = need_text(params, "address"), need_text(params, "signature")
        try:
            signed = authenticate.signed_message(
                address, chain_id, _messages(params), signature, is_text=_is_text(params)
            )
        except SignatureRefused:
            return answer({"valid": False, "chain_id": chain_id, "message": None})
        return answer({"valid": True, "chain_id": chain_id, "message": signed})

    @room.get("/chains")
    @requires_service("auth", "compute", "catalogue")
    def chains() -> Response:
        tokens = {str(chain_id): token for chain_id, token in fee_tokens.of(addresses).items()}
        return answer({"chain_ids": list(addresses), "fee_tokens": tokens})


def _is_text(params: Params) -> bool:
    signed = params.value("signed")
    if signed not in (None, HASH, TEXT):
        raise BadRequest("signed")
    return signed == TEXT


def _messages(params: Params) -> list[str]:
    values = params.value("messages")
    if values is None:
        return [need_text(params, "message")]
    if not isinstance(values, list) or not 0 < len(values) <= MAX_MESSAGES:
        raise BadRequest("messages")
    texts = [str(value) for value in values if isinstance(value, str)]
    if len(texts) != len(values):
        raise BadRequest("messages")
    return texts
