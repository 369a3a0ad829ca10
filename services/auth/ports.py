"""What the auth service needs from the outside, as Protocols; adapters implement them, wiring chooses."""

from collections.abc import Sequence
from typing import Any, Protocol

from services.auth.domain.signing_keys import StoredKey
from services.auth.domain.tokens import WalletToken
from services.auth.domain.wallets import Proof, SignedRequest


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""


class NonceLedger(Protocol):
    """The provider's ledger, in the scope that all of a user's signed requests share."""

    def consume(self, address: str, nonce: str) -> None:
        """Use up `nonce`, atomically. Raises NonceTooLow, LedgerUnavailable."""


class ContractWallets(Protocol):
    """Smart accounts, which only somebody with access to the chain can ask (EIP-1271)."""

    def prove(self, request: SignedRequest, messages: Sequence[str]) -> Proof | None:
        """Which message the account accepts as signed; None when none.

        Raises LedgerUnavailable, UnsupportedChain.
        """


class KeyStore(Protocol):
    def all(self) -> list[StoredKey]:
        """Raises StoreUnavailable."""

    def add_active(self, key: StoredKey) -> None:
        """Add `key` unless there is an active one already: of N simultaneous callers one wins, in silence."""


class KeySealer(Protocol):
    """Keeps private keys unreadable in the database."""

    def seal(self, kid: str, private_jwk: dict[str, str]) -> str: ...

    def open(self, kid: str, sealed: str) -> dict[str, Any]:
        """Raises KeyUnreadable."""


class TokenStore(Protocol):
    """What is remembered of tokens: those that were revoked before their time."""

    def is_revoked(self, token_id: str) -> bool:
        """Raises StoreUnavailable."""

    def revoke(self, token: WalletToken, now: float) -> bool:
        """Whether this call revoked it; False when it was revoked before."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` tokens that expired before that time; how many there were."""


class SpentMessages(Protocol):
    """Fingerprints of signed texts that bind a lifetime and must not be read in another way later."""

    def spend(self, fingerprint: str, now: float) -> bool:
        """Whether this call was the first for it."""

    def is_spent(self, fingerprint: str) -> bool: ...
