"""A fake of the port Sessions."""

import threading
from dataclasses import replace

from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.sessions import Session


class MemorySessions:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.live: dict[str, Session] = {}
        self.ended: dict[str, Session] = {}
        self.writes = 0
        self.is_down = False

    def add(self, session_hash: str, session: Session) -> None:
        self._check()
        self.live[session_hash] = session

    def get(self, session_hash: str) -> Session | None:
        self._check()
        return self.live.get(session_hash)

    def extend(self, session_hash: str, expires_at: float) -> None:
        self._check()
        with self._lock:
            self.writes += 1
            found = self.live.get(session_hash)
            if found is not None and found.expires_at < expires_at:
                self.live[session_hash] = replace(found, expires_at=expires_at)

    def end(self, session_hash: str, now: float) -> bool:
        self._check()
        with self._lock:
            found = self.live.pop(session_hash, None)
            if found is not None:
                self.ended[session_hash] = found
            return found is not None

    def end_all(self, subject: str, now: float) -> int:
        found = [key for key, session in self.live.items() if session.subject == subject]
        return sum(self.end(key, now) for key in found)

    def purge(self, expired_before: float, most: int) -> int:
        self._check()
        rows = {**self.live, **self.ended}
        gone = [key for key, session in rows.items() if session.expires_at < expired_before][:most]
        for key in gone:
            self.live.pop(key, None)
            self.ended.pop(key, None)
        return len(gone)

    def _check(self) -> None:
        if self.is_down:
            raise StoreUnavailable
