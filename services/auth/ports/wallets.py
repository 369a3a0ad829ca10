"""What is asked of the provider about wallets, and the texts they signed that are spent."""

from collections.abc import Sequence
from typing import Protocol

from services.auth.domain.wallets import Proof, SignedRequest


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

    def is_signed(self, address: str, text: str, signature: str, chain_id: int) -> bool:
        """Whether the account there takes it for a signature of the text as it stands (EIP-4361).

        Raises LedgerUnavailable, UnsupportedChain.
        """


class ServedChains(Protocol):
    def ids(self) -> Sequence[int]:
        """The chains that the provider serves, at least one. Smart accounts sign in on the first: the same
        address may be somebody else's on another chain. Raises LedgerUnavailable.
        """


class SpentMessages(Protocol):
    """Fingerprints of signed texts that bind a lifetime and must not be read in another way later."""

    def spend(self, fingerprint: str, now: float) -> bool:
        """Whether this call was the first for it."""

    def is_spent(self, fingerprint: str) -> bool: ...
