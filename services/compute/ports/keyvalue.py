"""A small key-value store, private to each owner. Keys are texts without NUL, values bytes."""

from collections.abc import Sequence
from typing import Final, Protocol

MAX_KEY: Final = 1024
MAX_VALUE: Final = 16_000
MAX_KEYS: Final = 10_000  # of one owner
HIDDEN: Final = "_internal_"  # keys that hold it are not listed


class KeyValue(Protocol):
    """Every method is one transaction and raises StoreUnavailable."""

    def get(self, owner: str, key: str) -> bytes | None: ...

    def set(self, owner: str, key: str, value: bytes, now: float) -> None:
        """Raises QuotaExceeded (keys of one owner)."""

    def swap(self, owner: str, key: str, old: bytes, value: bytes, now: float) -> bool:
        """Only while it is `old`: of simultaneous swaps one wins."""

    def delete(self, owner: str, key: str) -> None:
        """Nothing there is fine."""

    def delete_prefix(self, owner: str, prefix: str) -> int: ...

    def list(self, owner: str, prefix: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """By key. The prefix is of the text, not of a path."""
