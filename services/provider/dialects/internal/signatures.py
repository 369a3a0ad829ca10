"""Wallet signatures for services without chain access: plain accounts and smart accounts (EIP-1271).

POST /internal/contract-signatures/verify {"address", "message" | "messages", "signature", "chain_id"?}
  -> 200 {"valid": bool, "chain_id": int, "message": the text that was signed | null}
Without `chain_id` the first configured chain is meant.
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

MAX_MESSAGES = 8


def add(room: Blueprint, authenticate: Authenticate, addresses: Mapping[int, str]) -> None:
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
            signed = authenticate.signed_message(address, chain_id, _messages(params), signature)
        except SignatureRefused:
            return answer({"valid": False, "chain_id": chain_id, "message": None})
        return answer({"valid": True, "chain_id": chain_id, "message": signed})


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
