"""AuthTokens of wallets: create, delete, introspect (Ocean contract 9)."""

import secrets
from dataclasses import dataclass

from libs.signing import tokens
from libs.signing.errors import SigningError, TokenExpired
from services.auth.domain.tokens import (
    TokenInvalid,
    TokenOutlived,
    TokenRevoked,
    WalletToken,
    claims_of,
    expiry,
    read_claims,
    subject_of,
)
from services.auth.domain.wallets import SignedRequest
from services.auth.ports import Clock
from services.auth.ports.tokens import TokenStore
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.prove import Prove

PURGE_AFTER_SECONDS = 3600.0  # clocks of other machines may be behind
PURGE_ROWS = 500
_HEADERS = {"typ": "JWT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the operator decides."""

    issuer: str
    most_seconds: int  # no token lives longer


class WalletTokens:
    def __init__(
        self, prove: Prove, keyring: Keyring, store: TokenStore, clock: Clock, policy: Policy
    ) -> None:
        self._prove = prove
        self._keyring = keyring
        self._store = store
        self._clock = clock
        self._policy = policy

    def check_expiration(self, expiration: str) -> None:
        """Whether a token may be asked for with this expiry at all. Raises ExpirationPassed."""
        expiry(int(expiration), self._clock.now(), self._policy.most_seconds)

    def create(self, request: SignedRequest, expiration: str) -> str:
        """A new token; `expiration` is the literal integer text, in UTC seconds, capped by policy.

        Each call makes a token of its own, so that deleting one never touches another.
        Raises ExpirationPassed and what Prove raises.
        """
        now = self._clock.now()
        expires_at = expiry(int(expiration), now, self._policy.most_seconds)
        proof = self._prove(request, expiration)
        token = WalletToken(
            token_id=secrets.token_urlsafe(16),
            subject=subject_of(request.address),
            address=request.address,
            issued_at=int(now),
            expires_at=expires_at,
            chain_id=proof.chain_id,
        )
        return tokens.issue(claims_of(token, self._policy.issuer), self._keyring.current().signing, _HEADERS)

    def delete(self, request: SignedRequest, token: str) -> None:
        """Revoke `token` for good and at once.

        Raises what Prove raises, then TokenInvalid, TokenOutlived, TokenRevoked.
        """
        self._prove(request)
        found = self._verified(token)
        if not found.belongs_to(request.address):
            raise TokenInvalid
        now = self._clock.now()
        if found.expires_at <= now:
            raise TokenOutlived
        if not self._store.revoke(found, now):
            raise TokenRevoked
        # Rows only ever come from here, so this is where they go again: no timer, no thread.
        self._store.purge(now - PURGE_AFTER_SECONDS, PURGE_ROWS)

    def introspect(self, token: str) -> WalletToken:
        """The token, if it counts at this moment. Raises TokenInvalid, TokenOutlived, TokenRevoked."""
        found = self._verified(token)
        if found.expires_at <= self._clock.now():
            raise TokenOutlived
        if self._store.is_revoked(found.token_id):
            raise TokenRevoked
        return found

    def _verified(self, token: str) -> WalletToken:
        """Signature, spelling and claims; not yet expiry."""
        try:
            claims = tokens.verify(token, self._keyring.knowing(token))
            tokens.check_times(claims, self._clock.now())
        except TokenExpired:
            pass  # told apart by the caller, who may have other reasons to refuse first
        except SigningError as error:
            raise TokenInvalid from error
        return read_claims(claims, self._policy.issuer)
