"""Tokens of wallets, the standing of tokens in general, and what may be used once."""

from typing import Protocol

from services.auth.domain.tokens import WalletToken


class TokenStore(Protocol):
    """What is remembered of tokens: those that were revoked before their time."""

    def is_revoked(self, token_id: str) -> bool:
        """Raises StoreUnavailable."""

    def revoke(self, token: WalletToken, now: float) -> bool:
        """Whether this call revoked it, and moved the wallet's stamp; False when it was revoked before."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` tokens that expired before that time; how many there were."""


class TokenStanding(Protocol):
    """What may end an access token before its time, in one read."""

    def counts(self, token_id: str, client_id: str, grant_id: str | None, now: float) -> bool:
        """Not revoked itself, its client neither removed nor disabled, its grant (if any) standing."""

    def revoke(self, token_id: str, subject: str, client_id: str, expires_at: float, now: float) -> bool:
        """Whether this call revoked it; moves the subject's stamp."""


class SingleUse(Protocol):
    """Values that count once: sign-in nonces, ids of client assertions."""

    def issue(self, purpose: str, value: str, expires_at: float) -> None:
        """Remember a value that we handed out."""

    def spend(self, purpose: str, value: str, now: float) -> bool:
        """Whether an issued, unexpired value was spent by this call: one atomic statement."""

    def spend_foreign(self, purpose: str, value: str, expires_at: float) -> bool:
        """Whether a value made by others (a `jti`) is seen for the first time."""
