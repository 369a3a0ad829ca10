"""Payment accounts and what was booked between them. Every method is one transaction; all raise
StoreUnavailable. Escrows are booked with the jobs themselves (ports/slices.py, NewJob.slices).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from services.compute.domain.ledger import Account, Entry


class Ledger(Protocol):
    def accounts(self, owners: Sequence[str]) -> Sequence[Account]:
        """Those of these subjects, oldest first."""

    def open(self, account: Account, now: float) -> Account:
        """With its balance as the opening entry from the mint. One that is there already and its owner's is
        given as it is. Raises AccountTaken (somebody else's).
        """

    def grant(self, address: str, amount: Decimal, now: float) -> Account:
        """From the mint, by an operator. Raises AccountUnknown; ValueError for what is no amount."""

    def revoke(self, address: str, owner: str) -> None:
        """It is no longer listed and pays for nothing new; what it had reserved still comes back. Twice is
        once, and opening it again leaves it as it is. Raises AccountUnknown.
        """

    def entries(self, address: str, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, Entry]]:
        """Of an account or an escrow, oldest first, each with its number."""
