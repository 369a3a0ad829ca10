"""Signed texts that counted once, kept for good: none of them counts again, however it is read.

They have no separators: a result's index and nonce read together are a nonce that is far higher, and part of
a job's id may be read as a part of the nonce. A signature has no end, and no nonce that an address reaches by
counting is above all of these, so there is no time after which a text could be forgotten. A row has about 100
bytes.
"""

from typing import Protocol


class SpentTexts(Protocol):
    """`fingerprint` is 64 hex digits. Both raise StoreUnavailable."""

    def is_spent(self, fingerprint: str) -> bool: ...

    def spend(self, fingerprint: str, now: float) -> bool:
        """False when it was spent before; of simultaneous calls one gets True."""
