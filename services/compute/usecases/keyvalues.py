"""Keys and values of a caller, held to what a key and a value may be."""

from collections.abc import Sequence
from typing import Final

from services.compute.ports import Clock
from services.compute.ports.keyvalue import HIDDEN, MAX_KEY, MAX_VALUE, KeyValue

MAX_LISTED: Final = 10_000


class BadKey(Exception):
    """No key can be so; the sentence says why."""


class BadValue(Exception):
    """No value can be so; the sentence says why."""


class KeyValues:
    """All raise StoreUnavailable, and those that take a key BadKey. Keys are without a leading slash."""

    def __init__(self, store: KeyValue, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def get(self, owner: str, key: str) -> bytes | None:
        return self._store.get(owner, _checked(key))

    def set(self, owner: str, key: str, value: bytes) -> None:
        """Raises BadValue, QuotaExceeded."""
        self._store.set(owner, _checked(key), _held(value), self._clock.now())

    def swap(self, owner: str, key: str, old: bytes, value: bytes) -> bool:
        """Whether it was `old` and is `value` now. Raises BadValue."""
        return self._store.swap(owner, _checked(key), old, _held(value), self._clock.now())

    def delete(self, owner: str, key: str) -> None:
        self._store.delete(owner, _checked(key))

    def delete_prefix(self, owner: str, prefix: str) -> int:
        return self._store.delete_prefix(owner, _checked(prefix))

    def list(self, owner: str, prefix: str) -> Sequence[tuple[str, bytes]]:
        """By key, those that serve jobs inside left out."""
        found = self._store.list(owner, _checked(prefix) if prefix else "", MAX_LISTED)
        return [(key, value) for key, value in found if HIDDEN not in key]


def _checked(key: str) -> str:
    if not key:
        raise BadKey("Key not specified")
    if len(key) > MAX_KEY:
        raise BadKey(f"A key has {MAX_KEY} characters at most")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise BadKey("A key is valid Unicode") from None
    if any(ord(character) < 32 or ord(character) == 127 for character in key):
        raise BadKey("A key has no control characters")
    return key


def _held(value: bytes) -> bytes:
    if len(value) > MAX_VALUE:
        raise BadValue("Content of value too large")
    return value
