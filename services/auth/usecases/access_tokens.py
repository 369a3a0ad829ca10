"""Access tokens: made here and nowhere else, read here and nowhere else."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from libs.signing import tokens
from libs.signing.errors import SigningError, TokenExpired
from services.auth.domain.access_tokens import (
    TYPE,
    AccessToken,
    AccessTokenOutlived,
    AccessTokenRevoked,
    NotAnAccessToken,
    claims_of,
    read_claims,
)
from services.auth.domain.grants import Grant
from services.auth.domain.tokens import CLIENT as WALLET_CLIENT
from services.auth.ports import Clock
from services.auth.ports.tokens import TokenStanding
from services.auth.usecases.keyring import Keyring

TOKEN_ID_BYTES: Final = 16
_NONE: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """Seconds; what the operator decides."""

    access: int = 12 * 3600  # PROMINENCE's command line cannot refresh
    grant: int = 30 * 86400  # refresh tokens end with their grant


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What to claim. Without `seconds` the operator's lifetime counts; `not_after` caps it (UTC seconds)."""

    subject: str
    client_id: str
    scopes: Sequence[str]
    grant_id: str | None = None
    seconds: int | None = None
    not_after: float | None = None
    auth_time: float | None = None
    amr: Sequence[str] = ()
    confirmation: Mapping[str, Any] | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    text: str = field(repr=False)
    token: AccessToken

    @property
    def expires_in(self) -> int:
        return self.token.expires_at - self.token.issued_at


class AccessTokens:
    def __init__(
        self, keyring: Keyring, standing: TokenStanding, clock: Clock, issuer: str, lifetimes: Lifetimes
    ) -> None:
        self._keyring = keyring
        self._standing = standing
        self._clock = clock
        self._issuer = issuer
        self._lifetimes = lifetimes

    def issue(self, request: TokenRequest) -> Issued:
        """Sign a token; nothing is stored. Raises NoActiveKey."""
        return self._signed(self.describe(request))

    def bound(self, issued: Issued, confirmation: Mapping[str, Any]) -> Issued:
        """The same token for the holder of a certificate (RFC 8705 3); the unbound text must be dropped."""
        return self._signed(replace(issued.token, confirmation=confirmation))

    def _signed(self, token: AccessToken) -> Issued:
        claims = claims_of(token, self._issuer)
        return Issued(
            text=tokens.issue(claims, self._keyring.current().signing, {"typ": TYPE}),
            token=token,
        )

    def describe(self, request: TokenRequest) -> AccessToken:
        """The token without a spelling, for those who hand out references."""
        now = int(self._clock.now())
        seconds = self._lifetimes.access if request.seconds is None else request.seconds
        expires_at = now + seconds
        if request.not_after is not None:
            expires_at = min(expires_at, int(request.not_after))
        return AccessToken(
            token_id=secrets.token_urlsafe(TOKEN_ID_BYTES),
            subject=request.subject,
            client_id=request.client_id,
            scopes=tuple(request.scopes),
            issued_at=now,
            expires_at=expires_at,
            grant_id=request.grant_id,
            auth_time=None if request.auth_time is None else int(request.auth_time),
            amr=tuple(request.amr),
            confirmation=request.confirmation,
            extras=request.extras,
        )

    def read(self, text: str) -> AccessToken:
        """The token, if it counts at this moment.

        Raises NotAnAccessToken, AccessTokenOutlived, AccessTokenRevoked, StoreUnavailable.
        """
        found = self.verified(text)
        now = self._clock.now()
        if found.expires_at <= now:
            raise AccessTokenOutlived
        if not self._standing.counts(found.token_id, found.client_id, found.grant_id, now):
            raise AccessTokenRevoked
        return found

    def verified(self, text: str) -> AccessToken:
        """Signature, spelling and claims; neither `exp` nor what the store says.

        Raises NotAnAccessToken, AccessTokenOutlived (not yet valid).
        """
        try:
            claims = tokens.verify(text, self._keyring.knowing(text), TYPE)
            tokens.check_times(claims, self._clock.now())
        except TokenExpired:
            pass  # told apart by the caller
        except SigningError as error:
            raise NotAnAccessToken from error
        found = read_claims(claims, self._issuer)
        if found.client_id == WALLET_CLIENT:
            raise NotAnAccessToken
        return found

    def revoke(self, token: AccessToken) -> bool:
        """This token alone, at once; whether it was this call. Its grant stands."""
        now = self._clock.now()
        return self._standing.revoke(token.token_id, token.subject, token.client_id, token.expires_at, now)


def request_of(grant: Grant, extras: Mapping[str, Any] = _NONE, seconds: int | None = None) -> TokenRequest:
    """A token on a grant: never longer than the grant, with what the grant knows of the login.

    `ver` ends the token with the next change of the person's password.
    """
    version = grant.details.get("person_version")
    if version is not None:
        extras = {**extras, "ver": version}
    return TokenRequest(
        subject=grant.subject,
        client_id=grant.client_id,
        scopes=grant.scopes,
        grant_id=grant.id,
        seconds=seconds if seconds is not None else grant.details.get("access_seconds"),
        not_after=grant.expires_at,
        auth_time=grant.details.get("auth_time"),
        amr=tuple(grant.details.get("amr", ())),
        confirmation=grant.details.get("cnf"),
        extras=extras,
    )
