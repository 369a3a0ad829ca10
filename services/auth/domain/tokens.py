"""AuthTokens: what they claim, how long they live, when they count (Ocean contract 9, RFC 9068)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from libs.signing.errors import SigningError
from libs.signing.keys import checksum, same_address
from services.auth.domain.errors import AuthError

AUDIENCE: Final = "tidegate"
CLIENT: Final = "ocean-wallet"
SCOPE: Final = "ocean"
KIND: Final = "ocean"
SUBJECT_PREFIX: Final = "eip155:"


class ExpirationPassed(AuthError):
    """A token was asked for that would be expired already."""


class TokenInvalid(AuthError):
    """Not a token of ours, not a wallet's token, or of another address."""


class TokenOutlived(AuthError):
    """A token of ours whose `exp` has passed."""


class TokenRevoked(AuthError):
    """A token of ours that was deleted before."""


@dataclass(frozen=True, slots=True)
class WalletToken:
    """A wallet's token, read from verified claims. Times in UTC seconds."""

    token_id: str
    subject: str
    address: str  # as it was sent when the token was made
    issued_at: int
    expires_at: int
    chain_id: int | None = None

    def belongs_to(self, address: str) -> bool:
        return same_address(self.address, address)


def expiry(requested: int, now: float, most_seconds: int) -> int:
    """The time a token may live to: as asked, capped. Raises ExpirationPassed."""
    if requested <= int(now):
        raise ExpirationPassed
    return min(requested, int(now) + most_seconds)


def claims_of(token: WalletToken, issuer: str) -> dict[str, Any]:
    """`exp` and `address` stay on top, where ocean.js reads them."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": token.subject,
        "aud": AUDIENCE,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "jti": token.token_id,
        "client_id": CLIENT,
        "scope": SCOPE,
        "address": token.address,
    }
    if token.chain_id is not None:
        claims["chain_id"] = token.chain_id
    return claims


def subject_of(address: str) -> str:
    """The principal's subject id: one per account, whatever the spelling. Raises MalformedAddress."""
    return SUBJECT_PREFIX + checksum(address)


def read_claims(claims: Mapping[str, Any], issuer: str) -> WalletToken:
    """A wallet's token from claims whose signature was checked. Raises TokenInvalid for any other kind."""
    if claims.get("iss") != issuer or claims.get("aud") != AUDIENCE or claims.get("client_id") != CLIENT:
        raise TokenInvalid
    address, token_id, chain_id = claims.get("address"), claims.get("jti"), claims.get("chain_id")
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if not isinstance(address, str) or not isinstance(token_id, str) or not token_id:
        raise TokenInvalid
    if type(issued_at) is not int or type(expires_at) is not int or type(chain_id) not in (int, type(None)):
        raise TokenInvalid
    try:
        subject = subject_of(address)
    except SigningError as error:
        raise TokenInvalid from error
    if claims.get("sub") != subject:
        raise TokenInvalid
    return WalletToken(token_id, subject, address, issued_at, expires_at, chain_id)
