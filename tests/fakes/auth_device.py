"""Fakes for signing in on devices."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from services.auth.domain.device import DeviceRequest, DeviceState
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.grants import Grant


@dataclass(slots=True)
class _Row:
    user_hash: str
    request: DeviceRequest
    last_polled_at: float | None = None


class MemoryDeviceRequests:
    """`keep` takes the grant of an approval, as the grants' own store would."""

    def __init__(self, keep: Callable[[Grant], None]) -> None:
        self._lock = threading.Lock()
        self._keep = keep
        self.rows: dict[str, _Row] = {}
        self.is_down = False

    def add(self, device_hash: str, user_hash: str, request: DeviceRequest) -> bool:
        with self._locked():
            if device_hash in self.rows or self._by_user(user_hash) is not None:
                return False
            self.rows[device_hash] = _Row(user_hash, request)
            return True

    def by_device_code(self, device_hash: str) -> DeviceRequest | None:
        with self._locked():
            row = self.rows.get(device_hash)
            return None if row is None else row.request

    def by_user_code(self, user_hash: str) -> DeviceRequest | None:
        with self._locked():
            row = self._by_user(user_hash)
            return None if row is None else row.request

    def approve(self, user_hash: str, grant: Grant, now: float) -> bool:
        with self._locked():
            row = self._by_user(user_hash)
            if row is None or not row.request.waits(now):
                return False
            row.request = replace(row.request, state=DeviceState.APPROVED, grant_id=grant.id)
            self._keep(grant)
            return True

    def deny(self, user_hash: str, now: float) -> bool:
        with self._locked():
            row = self._by_user(user_hash)
            if row is None or not row.request.waits(now):
                return False
            row.request = replace(row.request, state=DeviceState.DENIED)
            return True

    def note_poll(self, device_hash: str, now: float, least_seconds: float) -> bool:
        with self._locked():
            row = self.rows.get(device_hash)
            if row is None or (row.last_polled_at is not None and row.last_polled_at > now - least_seconds):
                return False
            row.last_polled_at = now
            return True

    def use(self, device_hash: str, now: float) -> bool:
        with self._locked():
            row = self.rows.get(device_hash)
            if row is None or row.request.state is not DeviceState.APPROVED or row.request.is_over(now):
                return False
            row.request = replace(row.request, state=DeviceState.USED)
            return True

    def purge(self, expired_before: float, most: int) -> int:
        with self._locked():
            gone = [key for key, row in self.rows.items() if row.request.expires_at < expired_before][:most]
            for key in gone:
                del self.rows[key]
            return len(gone)

    def _by_user(self, user_hash: str) -> _Row | None:
        return next((row for row in self.rows.values() if row.user_hash == user_hash), None)

    def _locked(self) -> threading.Lock:
        if self.is_down:
            raise StoreUnavailable
        return self._lock
