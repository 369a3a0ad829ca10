"""Fakes for the auth service's ports."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from services.auth.domain.errors import LedgerUnavailable, StoreUnavailable
from services.auth.domain.signing_keys import KeyState, KeyUnreadable, StoredKey
from services.auth.domain.tokens import WalletToken
from services.auth.domain.wallets import NonceTooLow, Proof, SignedRequest, UnsupportedChain


class FrozenClock:
    def __init__(self, now: float = 1_700_000_000.25) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


class MemoryLedger:
    """A NonceLedger as strict as the real one: only a higher number is accepted, atomically."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.stored: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.is_down = False

    def consume(self, address: str, nonce: str) -> None:
        if self.is_down:
            raise LedgerUnavailable
        with self._lock:
            self.asked.append((address, nonce))
            stored = self.stored.get(address)
            if stored is not None and Decimal(nonce) <= Decimal(stored):
                raise NonceTooLow(stored, nonce)
            self.stored[address] = nonce


class MemoryContractWallets:
    """Accounts that accept given (message, signature) pairs on one chain."""

    def __init__(self, chain_id: int = 8996) -> None:
        self.chain_id = chain_id
        self.accepts: dict[str, set[tuple[str, str]]] = {}
        self.asked: list[SignedRequest] = []
        self.accepts_texts: dict[str, set[tuple[str, str]]] = {}
        self.asked_texts: list[tuple[str, int]] = []
        self.is_down = False

    def prove(self, request: SignedRequest, messages: Sequence[str]) -> Proof | None:
        self.asked.append(request)
        if self.is_down:
            raise LedgerUnavailable
        if request.chain_id not in (None, self.chain_id):
            raise UnsupportedChain(request.chain_id or 0)
        accepted = self.accepts.get(request.address.lower(), set())
        signed = next((m for m in messages if (m, request.signature) in accepted), None)
        return None if signed is None else Proof(signed, self.chain_id)

    def is_signed(self, address: str, text: str, signature: str, chain_id: int) -> bool:
        self.asked_texts.append((address, chain_id))
        if self.is_down:
            raise LedgerUnavailable
        if chain_id != self.chain_id:
            raise UnsupportedChain(chain_id)
        return (text, signature) in self.accepts_texts.get(address.lower(), set())


class ChainList:
    """ServedChains."""

    def __init__(self, *chain_ids: int) -> None:
        self.chain_ids = chain_ids or (8996, 1)
        self.is_down = False

    def ids(self) -> Sequence[int]:
        if self.is_down:
            raise LedgerUnavailable
        return self.chain_ids


class MemoryKeyStore:
    """KeyStore and KeyChanges."""

    def __init__(self, clock: FrozenClock | None = None) -> None:
        self.clock = clock or FrozenClock()
        self.moved_all = 0
        self._lock = threading.Lock()
        self.keys: list[StoredKey] = []
        self.reads = 0
        self.is_down = False

    def all(self) -> list[StoredKey]:
        self.reads += 1
        if self.is_down:
            raise StoreUnavailable
        with self._lock:
            return list(self.keys)

    def add_active(self, key: StoredKey) -> None:
        with self._lock:
            if not any(known.state is KeyState.ACTIVE for known in self.keys):
                self.keys.append(replace(key, changed_at=self.clock.now()))

    def add_upcoming(self, key: StoredKey) -> bool:
        with self._lock:
            if self._of(KeyState.UPCOMING):
                return False
            self.keys.append(replace(key, state=KeyState.UPCOMING, changed_at=self.clock.now()))
            return True

    def activate(self, kid: str) -> bool:
        with self._lock:
            if kid not in self._of(KeyState.UPCOMING):
                return False
            for active in self._of(KeyState.ACTIVE):
                self._set(active, KeyState.RETIRED)
            self._set(kid, KeyState.ACTIVE)
            return True

    def withdraw(self, kid: str, successor: StoredKey) -> bool:
        with self._lock:
            known = next((key for key in self.keys if key.kid == kid), None)
            if known is None or known.state is KeyState.WITHDRAWN:
                return False
            self._set(kid, KeyState.WITHDRAWN)
            if known.state is KeyState.ACTIVE:
                if upcoming := self._of(KeyState.UPCOMING):
                    self._set(upcoming[0], KeyState.ACTIVE)
                else:
                    self.keys.append(replace(successor, state=KeyState.ACTIVE, changed_at=self.clock.now()))
            self.moved_all += 1
            return True

    def withdraw_outlived(self, retired_before: float) -> list[str]:
        with self._lock:
            retired = self._of(KeyState.RETIRED)
            gone = [k.kid for k in self.keys if k.kid in retired and k.changed_at < retired_before]
            for kid in gone:
                self._set(kid, KeyState.WITHDRAWN)
            return gone

    def _of(self, state: KeyState) -> list[str]:
        return [key.kid for key in self.keys if key.state is state]

    def _set(self, kid: str, state: KeyState) -> None:
        self.keys = [
            replace(key, state=state, changed_at=self.clock.now()) if key.kid == kid else key
            for key in self.keys
        ]


class PlainSealer:
    """Seals nothing; opens only what it sealed."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, str]] = {}

    def seal(self, kid: str, private_jwk: dict[str, str]) -> str:
        self._kept[kid] = private_jwk
        return kid

    def open(self, kid: str, sealed: str) -> dict[str, Any]:
        if kid not in self._kept:
            raise KeyUnreadable
        return dict(self._kept[kid])


class MemoryTokenStore:
    def __init__(self) -> None:
        self.moved: Callable[[str], object] = lambda subject: None  # a wallet's stamp
        self._lock = threading.Lock()
        self.revoked: dict[str, WalletToken] = {}
        self.is_down = False

    def is_revoked(self, token_id: str) -> bool:
        if self.is_down:
            raise StoreUnavailable
        return token_id in self.revoked

    def revoke(self, token: WalletToken, now: float) -> bool:
        if self.is_down:
            raise StoreUnavailable
        with self._lock:
            is_new = self.revoked.setdefault(token.token_id, token) is token
        if is_new:
            self.moved(token.subject)
        return is_new

    def purge(self, expired_before: float, most: int) -> int:
        gone = [key for key, token in self.revoked.items() if token.expires_at < expired_before][:most]
        for key in gone:
            del self.revoked[key]
        return len(gone)


class MemorySpentMessages:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.spent: set[str] = set()

    def spend(self, fingerprint: str, now: float) -> bool:
        with self._lock:
            is_new = fingerprint not in self.spent
            self.spent.add(fingerprint)
            return is_new

    def is_spent(self, fingerprint: str) -> bool:
        return fingerprint in self.spent
