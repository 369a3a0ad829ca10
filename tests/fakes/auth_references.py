"""A memory version of the port ReferenceTokens."""

import threading

from services.auth.domain.references import ReferenceToken


class MemoryReferenceTokens:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.tokens: dict[str, ReferenceToken] = {}

    def add(self, token: ReferenceToken) -> None:
        with self._lock:
            assert token.token_hash not in self.tokens
            self.tokens[token.token_hash] = token

    def find(self, token_hash: str) -> ReferenceToken | None:
        return self.tokens.get(token_hash)

    def purge(self, expired_before: float, most: int) -> int:
        with self._lock:
            over = [key for key, token in self.tokens.items() if token.expires_at < expired_before][:most]
            for key in over:
                del self.tokens[key]
            return len(over)
