"""Signing keys: kept, changed and sealed."""

from typing import Any, Protocol

from services.auth.domain.signing_keys import StoredKey


class KeyStore(Protocol):
    def all(self) -> list[StoredKey]:
        """Raises StoreUnavailable."""

    def add_active(self, key: StoredKey) -> None:
        """Add `key` unless there is an active one already: of N simultaneous callers one wins, in silence."""


class KeyChanges(Protocol):
    """What rotation does to stored keys; each is one transaction. Everything raises StoreUnavailable."""

    def add_upcoming(self, key: StoredKey) -> bool:
        """False, and nothing kept, when there is an upcoming key already."""

    def activate(self, kid: str) -> bool:
        """The upcoming key signs from now on, the active one retires. False when `kid` is not upcoming."""

    def withdraw(self, kid: str, successor: StoredKey) -> bool:
        """Its tokens count no more: moves all stamps. Another key signs in the place of an active one: the
        upcoming one, or else `successor`. False when there is no such key or it was withdrawn before.
        """

    def withdraw_outlived(self, retired_before: float) -> list[str]:
        """Keys that retired before that time, whose last tokens have expired."""


class KeySealer(Protocol):
    """Keeps private keys unreadable in the database."""

    def seal(self, kid: str, private_jwk: dict[str, str]) -> str: ...

    def open(self, kid: str, sealed: str) -> dict[str, Any]:
        """Raises KeyUnreadable."""
