"""Whether the caller of an Ocean request is who they say (contract 3.3, 4, 9), and their nonce used up.

A present signature always decides, even a wrong one; only without one is an AuthToken looked at. The nonce is
consumed here, before any effect. Whoever calls has checked the grammar of address, nonce, job and document.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from libs.signing.errors import MalformedMessage
from libs.signing.keys import checksum
from libs.signing.messages import (
    Candidate,
    ComputeControl,
    ComputeResult,
    ComputeStart,
    ComputeStopUnbound,
    compute_control_candidates,
)
from libs.signing.personal import is_signed_by, message_hash
from services.compute.domain.errors import ComputeError
from services.compute.ports import Clock
from services.compute.ports.provider import NonceTooLow, Provider
from services.compute.ports.spent import SpentTexts
from services.compute.ports.tokens import Holders, TokenRefused

LARGEST_EXACT_DOUBLE: Final = 2**53 - 1
_NUMBER = re.compile(r"[0-9]{1,42}(?:\.[0-9]{1,12})?")
_SIGNATURE = re.compile(r"(?:0x)?(?:[0-9a-fA-F]{2}){1,8192}")


class CredentialMissing(ComputeError):
    """Neither a signature nor an AuthToken came with the request."""


class NonceMissing(ComputeError):
    """A signature came without the nonce that it must cover."""


class SignatureRefused(ComputeError):
    """A signature came and does not prove the address. The signature itself is never carried along."""

    def __init__(self, address: str, nonce: str) -> None:
        super().__init__("signature does not match")
        self.address = address
        self.nonce = nonce


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRequest:
    """What a request proves itself with: literal texts, None for what was not sent."""

    address: str
    nonce: str | None = None
    signature: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proven:
    """`address` is checksummed. `once`: nobody can show the proof again, so all may be told to its bearer."""

    address: str
    once: bool = True


class WalletRequests:
    """All raise SignatureRefused, CredentialMissing, NonceMissing, NonceTooLow, TokenRefused,
    TokensUnavailable, ProviderUnavailable and StoreUnavailable.
    """

    def __init__(self, provider: Provider, holders: Holders, spent: SpentTexts, clock: Clock) -> None:
        self._provider = provider
        self._holders = holders
        self._spent = spent
        self._clock = clock

    def start(self, request: WalletRequest, document_id: str) -> Proven:
        if not request.signature:
            return self._by_token(request)
        nonce = _needed(request)
        message = ComputeStart(request.address, document_id, nonce)
        return self._proven(request, [Candidate(message, nonce)], spends=False)

    def result(self, request: WalletRequest, job_id: str, index: str) -> Proven:
        if not request.signature:
            return self._by_token(request)
        nonce = _needed(request)
        message = ComputeResult(request.address, job_id, index, nonce)
        return self._proven(request, [Candidate(message, nonce)], spends=True)

    def control(self, request: WalletRequest, job_id: str, document_id: str, *, stops: bool) -> Proven:
        """Stop or delete, with the accept set of contract 3.3: ocean.js sends no nonce with a delete, and
        does not sign the one that it sends with a stop.
        """
        if not request.signature:
            return self._by_token(request)
        last = "1" if request.nonce is not None else self._provider.last_nonce(checksum(request.address))
        candidates = compute_control_candidates(
            target=ComputeStopUnbound(request.address, job_id),
            document_id=document_id,
            nonce=request.nonce,
            reported=last,
            stops=stops,
        )
        return self._proven(request, candidates, spends=bool(job_id) and not document_id)

    def reads(self, request: WalletRequest, job_id: str, document_id: str) -> bool:
        """Whether a status request proves its address. It uses nothing up: ocean.py signs a status and then
        takes the same nonce for its next call. A signature that does not count is as good as none.
        """
        if not request.signature:
            return bool(request.auth_token) and self._by_token(request, uses_nonce=False).once
        if request.nonce is None:
            return False
        account = checksum(request.address)
        text = ComputeControl(request.address, job_id, document_id, request.nonce).text()
        if self._signed(account, [text], request.signature) is None:
            return False
        return _rises(request.nonce, self._provider.last_nonce(account))

    def _by_token(self, request: WalletRequest, *, uses_nonce: bool = True) -> Proven:
        """The nonce is optional with a token, and used up when it is there."""
        if not request.auth_token:
            raise CredentialMissing
        account = checksum(request.address)
        if self._holders.holder(request.auth_token) != account:
            raise TokenRefused
        if request.nonce is not None and uses_nonce:
            self._provider.consume_nonce(account, request.nonce)
        return Proven(account)

    def _proven(self, request: WalletRequest, candidates: Sequence[Candidate], *, spends: bool) -> Proven:
        account, signature = checksum(request.address), request.signature or ""
        by_text = {candidate.message.text(): candidate for candidate in candidates}
        signed = self._signed(account, list(by_text), signature)
        if signed is None:
            raise SignatureRefused(account, request.nonce or "")
        consumes = by_text[signed].consumes
        if consumes is None:
            self._check_rise(account, request.nonce)
            return Proven(account, once=False)
        self._use_up(account, consumes, signed if spends else None)
        return Proven(account)

    def _use_up(self, account: str, nonce: str, text: str | None) -> None:
        """`text` is one that could be read as another with a higher nonce: it has no separators."""
        if text is None:
            self._provider.consume_nonce(account, nonce)
            return
        fingerprint = message_hash(text).hex()
        if self._spent.is_spent(fingerprint):  # a replay must not lift the owner's counter either
            raise SignatureRefused(account, nonce)
        self._provider.consume_nonce(account, nonce)
        if not self._spent.spend(fingerprint, self._clock.now()):
            raise SignatureRefused(account, nonce)

    def _check_rise(self, account: str, nonce: str | None) -> None:
        """Of a nonce that no signature covers: it is not stored, but must be above what is."""
        if nonce is not None:
            last = self._provider.last_nonce(account)
            if not _rises(nonce, last):
                raise NonceTooLow(last, nonce)

    def _signed(self, account: str, texts: Sequence[str], signature: str) -> str | None:
        """Plain accounts first, here; only what can be a smart account's signature is asked about."""
        if _SIGNATURE.fullmatch(signature) is None:
            return None
        try:
            found = next((text for text in texts if is_signed_by(text, signature, account)), None)
        except MalformedMessage:
            return None
        return found or self._provider.signed_message(account, texts, signature)


def _needed(request: WalletRequest) -> str:
    if request.nonce is None:
        raise NonceMissing
    return request.nonce


def _rises(nonce: str, shown: str) -> bool:
    """Above what the nonce endpoint shows; beyond exact doubles that is itself above what is stored, and a
    client's own `+ 1` may not change it.
    """
    if _NUMBER.fullmatch(nonce) is None or _NUMBER.fullmatch(shown) is None:
        return False
    sent, last = Decimal(nonce), Decimal(shown)
    return sent > last or (sent == last and last > LARGEST_EXACT_DOUBLE)
