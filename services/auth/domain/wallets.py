"""Signed token requests of a wallet: their shape and the texts that may be signed (Ocean contract 4, 9)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from libs.signing.messages import AuthToken, AuthTokenWithExpiry
from libs.signing.personal import is_signed_by, message_hash
from services.auth.domain.errors import AuthError

_NONCE = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,12})?")
_TIME_DIGITS = 10  # Unix times have ten digits until the year 2286


class MalformedNonce(AuthError):
    """Not a plain decimal number of at most 30 integer and 12 fraction digits."""


class SignatureRefused(AuthError):
    """A signature came and does not prove the address. The signature itself is never carried along."""

    def __init__(self, address: str, nonce: str) -> None:
        super().__init__("signature does not match")
        self.address = address
        self.nonce = nonce


class NonceTooLow(AuthError):
    """The nonce is not above the stored one: the request was used before, or is older than another one."""

    def __init__(self, stored: str, sent: str) -> None:
        super().__init__("nonce is not above the stored one")
        self.stored = stored
        self.sent = sent


class UnsupportedChain(AuthError):
    """The request names a chain that the provider does not serve."""

    def __init__(self, chain_id: int) -> None:
        super().__init__("chain is not supported")
        self.chain_id = chain_id


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What every token request proves itself with; all texts literal, as received."""

    address: str
    nonce: str
    signature: str
    chain_id: int | None = None  # only contract wallets are bound to a chain


@dataclass(frozen=True, slots=True)
class Proof:
    """Which text was signed, and on which chain when a contract wallet said so."""

    message: str
    chain_id: int | None = None


def check_nonce(nonce: str) -> None:
    """Raises MalformedNonce."""
    if _NONCE.fullmatch(nonce) is None:
        raise MalformedNonce("nonce must be a decimal number")


def plain_message(request: SignedRequest) -> str:
    """What upstream's scripts sign."""
    return AuthToken(request.address, request.nonce).text()


def bound_message(request: SignedRequest, expiration: str) -> str:
    """The alternative that signs the lifetime as well."""
    return AuthTokenWithExpiry(request.address, expiration, request.nonce).text()


def signed_by_account(request: SignedRequest, messages: Sequence[str]) -> str | None:
    """The message that the plain account at `request.address` signed, None when none of them."""
    return next((m for m in messages if is_signed_by(m, request.signature, request.address)), None)


def fingerprint(message: str) -> str:
    """64 hex digits that stand for one signed text. Raises MalformedMessage."""
    return message_hash(message).hex()


def may_hide_an_expiration(nonce: str) -> bool:
    """Whether `address + nonce` could be another request's `address + expiration + nonce`.

    The texts have no separators: a signature over A + 1700003600 + 7 also fits the nonce 17000036007.
    """
    return len(nonce.partition(".")[0]) > _TIME_DIGITS
