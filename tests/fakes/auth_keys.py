"""A memory version of the port ApiKeys, as strict as the databases, and people to own keys."""

import threading
from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256

from services.auth.domain.api_keys import MOST_KEYS, ApiKey, TooManyKeys
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.people import Person, PersonState
from tests.fakes.auth_people import MemoryStamps


def person(username: str, *, is_admin: bool = False) -> Person:
    return Person(
        id=sha256(username.encode()).hexdigest()[:32],
        username=username,
        display_name=username.title(),
        email=None,
        state=PersonState.ACTIVE,
        is_admin=is_admin,
        version=1,
        created_at=0.0,
    )


class MemoryApiKeys:
    def __init__(self, stamps: MemoryStamps | None = None) -> None:
        self._lock = threading.Lock()
        self.stamps = stamps or MemoryStamps()
        self.keys: dict[str, ApiKey] = {}
        self.revoked_at: dict[str, float] = {}
        self.uses = 0  # how often a use was written down
        self.is_down = False
        self.cannot_write = False

    def add(self, key: ApiKey, purge_before: float) -> None:
        with self._locked():
            if len(self._live([key.subject], key.created_at)) >= MOST_KEYS:
                raise TooManyKeys
            for known in list(self.keys.values()):
                over = self.revoked_at.get(known.key_id, known.expires_at)
                if over is not None and over < purge_before:
                    del self.keys[known.key_id]
            self.keys[key.key_id] = key

    def find(self, key_id: str, now: float) -> ApiKey | None:
        with self._locked():
            key = self.keys.get(key_id)
            return key if key is not None and self._counts(key, now) else None

    def of_subjects(self, subjects: Collection[str], now: float) -> list[ApiKey]:
        with self._locked():
            return self._live(subjects, now)

    def revoke(self, key_id: str, subjects: Collection[str], now: float) -> bool:
        with self._locked():
            key = self.keys.get(key_id)
            if key is None or key.subject not in subjects or key_id in self.revoked_at:
                return False
            self.revoked_at[key_id] = now
            self.stamps.move(key.subject)
            return True

    def used(self, key_id: str, now: float, not_since: float) -> None:
        if self.cannot_write:
            raise StoreUnavailable
        with self._locked():
            key = self.keys.get(key_id)
            if key is not None and (key.last_used_at is None or key.last_used_at < not_since):
                self.keys[key_id] = replace(key, last_used_at=now)
                self.uses += 1

    def _live(self, subjects: Collection[str], now: float) -> list[ApiKey]:
        found = [key for key in self.keys.values() if key.subject in subjects and self._counts(key, now)]
        return sorted(found, key=lambda key: (-key.created_at, key.key_id))

    def _counts(self, key: ApiKey, now: float) -> bool:
        return key.key_id not in self.revoked_at and (key.expires_at is None or key.expires_at > now)

    def _locked(self) -> threading.Lock:
        if self.is_down:
            raise StoreUnavailable
        return self._lock
