"""The provider's internal routes: nonces are consumed and contract wallets are asked there."""

from collections.abc import Sequence
from typing import Any

from libs.web.internal_client import InternalClient, PeerUnavailable, Reply
from services.auth.domain.errors import LedgerUnavailable
from services.auth.domain.wallets import NonceTooLow, Proof, SignedRequest, UnsupportedChain
from services.auth.ports import Clock

CONSUME = "/internal/nonces/consume"
VERIFY = "/internal/contract-signatures/verify"
CHAINS = "/internal/chains"
SCOPE = "user"
REMEMBER_SECONDS = 60.0
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
        answer = self._asked(asked, request.chain_id)
        if answer.get("valid") is not True or answer.get("message") not in messages:
            return None
        chain_id = answer.get("chain_id")
        return Proof(str(answer["message"]), chain_id if type(chain_id) is int else None)

    def is_signed(self, address: str, text: str, signature: str, chain_id: int) -> bool:
        if not _could_be_a_signature(signature):
            return False
        asked = {"address": address, "message": text, "signature": signature, "signed": "text"}
        answer = self._asked(asked, chain_id)
        return (
            answer.get("valid") is True
            and answer.get("message") == text
            and answer.get("chain_id") == chain_id
        )

    def _asked(self, asked: dict[str, Any], chain_id: int | None) -> dict[str, Any]:
        reply = _post(self._client, VERIFY, asked if chain_id is None else {**asked, "chain_id": chain_id})
        answer = _object(reply)
        if reply.status == 400 and answer.get("error") == "unknown_chain" and chain_id is not None:
            raise UnsupportedChain(chain_id)
        if reply.status != 200:
            raise LedgerUnavailable(f"the signature check answered {reply.status}")
        return answer


class ProviderChains:
    """ServedChains, asked again after a minute; an answer stays good while the provider is away."""

    def __init__(self, client: InternalClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: tuple[int, ...] = ()
        self._asked_at = 0.0

    def ids(self) -> Sequence[int]:
        if not self._known or self._clock.now() - self._asked_at > REMEMBER_SECONDS:
            try:
                self._known = self._fetched()
            except LedgerUnavailable:
                if not self._known:
                    raise
            self._asked_at = self._clock.now()
        return self._known

    def _fetched(self) -> tuple[int, ...]:
        try:
            reply = self._client.get(CHAINS)
        except PeerUnavailable as error:
            raise LedgerUnavailable(error.reason) from error
        found = _object(reply).get("chain_ids") if reply.status == 200 else None
        if not isinstance(found, list) or not found or any(type(item) is not int for item in found):
            raise LedgerUnavailable(f"the chains were answered with {reply.status}")
        return tuple(found)


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
