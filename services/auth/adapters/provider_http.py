"""The provider's internal routes: nonces are consumed and contract wallets are asked there."""

from collections.abc import Sequence
from typing import Any

from libs.web.internal_client import InternalClient, PeerUnavailable, Reply
from services.auth.domain.errors import LedgerUnavailable
from services.auth.domain.wallets import NonceTooLow, Proof, SignedRequest, UnsupportedChain

CONSUME = "/internal/nonces/consume"
VERIFY = "/internal/contract-signatures/verify"
SCOPE = "user"
MAX_SIGNATURE_CHARS = 2 * 8192 + 2


class ProviderLedger:
    """A NonceLedger."""

    def __init__(self, client: InternalClient) -> None:
        self._client = client

    def consume(self, address: str, nonce: str) -> None:
        reply = _post(self._client, CONSUME, {"scope": SCOPE, "address": address, "nonce": nonce})
        if reply.status == 409:
            raise NonceTooLow(str(_object(reply).get("stored", "")), nonce)
        if reply.status != 200:
            raise LedgerUnavailable(f"the ledger answered {reply.status}")


class ProviderContractWallets:
    """ContractWallets."""

    def __init__(self, client: InternalClient) -> None:
        self._client = client

    def prove(self, request: SignedRequest, messages: Sequence[str]) -> Proof | None:
        if not _could_be_a_signature(request.signature):
            return None
        asked: dict[str, Any] = {
            "address": request.address,
            "messages": list(messages),
            "signature": request.signature,
        }
        if request.chain_id is not None:
            asked["chain_id"] = request.chain_id
        reply = _post(self._client, VERIFY, asked)
        answer = _object(reply)
        if reply.status == 400 and answer.get("error") == "unknown_chain" and request.chain_id is not None:
            raise UnsupportedChain(request.chain_id)
        if reply.status != 200:
            raise LedgerUnavailable(f"the signature check answered {reply.status}")
        if answer.get("valid") is not True or answer.get("message") not in messages:
            return None
        chain_id = answer.get("chain_id")
        return Proof(str(answer["message"]), chain_id if type(chain_id) is int else None)


def _could_be_a_signature(text: str) -> bool:
    """Anything else is not worth a question to the chain."""
    digits = text.removeprefix("0x")
    if not digits or len(text) > MAX_SIGNATURE_CHARS or not digits.isascii() or not digits.isalnum():
        return False
    try:
        bytes.fromhex(digits)
    except ValueError:
        return False
    return True


def _post(client: InternalClient, path: str, body: Any) -> Reply:
    try:
        return client.post(path, body)
    except PeerUnavailable as error:
        raise LedgerUnavailable(error.reason) from error


def _object(reply: Reply) -> dict[str, Any]:
    try:
        answer = reply.json()
    except PeerUnavailable as error:
        raise LedgerUnavailable(error.reason) from error
    return answer if isinstance(answer, dict) else {}
