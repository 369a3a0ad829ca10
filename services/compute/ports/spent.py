"""Signed texts that counted once, kept for good: none of them counts again, however it is read."""

from typing import Protocol


class SpentTexts(Protocol):
    """`fingerprint` is 64 hex digits. Both raise StoreUnavailable."""

    def is_spent(self, fingerprint: str) -> bool: ...

    def spend(self, fingerprint: str, now: float) -> bool:
        """False when it was spent before; of simultaneous calls one gets True."""
