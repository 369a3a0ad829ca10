"""Public keys of the auth service, fetched and kept. Knows nothing of what the tokens say."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from libs.signing import tokens
from libs.signing.errors import MalformedJwk
from libs.web.http import Connection, PeerUnavailable

log = logging.getLogger(__name__)
PATH = "/.well-known/jwks.json"
WARM_PAUSES = (0.25, 0.5) + (1.0,) * 300
FIRST_PAUSE = 0.1  # between tries while no set was ever fetched: both services may be starting


class JwksSource(Protocol):
    def for_token(self, token: str) -> tokens.PublicKeys:
        """A key set with the token's key, if auth has it. Raises PeerUnavailable, TokenRefused."""


class LocalJwks:
    """For auth itself, which has its keys at hand."""

    def __init__(self, keys: Callable[[], tokens.PublicKeys]) -> None:
        self._keys = keys

    def for_token(self, token: str) -> tokens.PublicKeys:
        return self._keys()


class RemoteJwks:
    """The key set at `url`: refreshed when old or when a token names an unknown key, the latter rate limited.

    `url` is auth's base URL or the whole address of the document. When auth cannot be reached the last set
    serves on for `stale_seconds`; after that PeerUnavailable. A set that is merely old is refreshed beside
    the request: auth itself waits for us while it consumes a nonce, and with all its threads waiting it
    could not hand out its keys.
    """

    def __init__(
        self,
        url: str,
        *,
        fresh_seconds: float = 300.0,
        stale_seconds: float = 3600.0,
        retry_seconds: float = 2.0,
        timeout_seconds: float = 3.0,
    ) -> None:
        base, _, name = url.partition("/.well-known/")
        self._connection = Connection("auth", base, timeout_seconds, pool_size=2)
        self._path = f"/.well-known/{name}" if name else PATH
        self._fresh, self._stale, self._retry = fresh_seconds, stale_seconds, retry_seconds
        self._lock = threading.Lock()
        self._keys = tokens.PublicKeys({})
        self._fetched_at = self._tried_at = float("-inf")

    def warm(self) -> None:
        """Fetch the keys beside the start of the service: try until auth has answered, for five minutes."""
        threading.Thread(target=self._fetch_first, name="jwks-warm", daemon=True).start()

    def for_token(self, token: str) -> tokens.PublicKeys:
        kid = tokens.key_id(token.partition(".")[0])
        age = time.monotonic() - self._fetched_at
        if self._keys.get(kid) is not None and age < self._stale:
            if age >= self._fresh and time.monotonic() - self._tried_at >= self._retry:
                self._refresh_beside()
            return self._keys
        with self._lock:
            self._refresh(FIRST_PAUSE if self._fetched_at == float("-inf") else None)
        if time.monotonic() - self._fetched_at > self._stale:
            raise PeerUnavailable("auth", "its public keys are not known")
        return self._keys

    def _refresh_beside(self) -> None:
        if not self._lock.acquire(blocking=False):
            return  # somebody is at it already

        def run() -> None:
            try:
                self._refresh()
            finally:
                self._lock.release()

        threading.Thread(target=run, name="jwks-refresh", daemon=True).start()

    def _fetch_first(self) -> None:
        for pause in WARM_PAUSES:
            with self._lock:
                if self._fetched_at == float("-inf"):
                    self._refresh(0.0)
            if self._fetched_at != float("-inf"):
                return
            time.sleep(pause)

    def _refresh(self, pause: float | None = None) -> None:
        """With the lock held; nothing when the last try is less than `pause` (else retry) seconds ago."""
        if time.monotonic() - self._tried_at < (self._retry if pause is None else pause):
            return
        try:
            keys = tokens.parse_jwks(self._connection.send("GET", self._path).json())
            self._keys, self._fetched_at = keys, time.monotonic()
        except (PeerUnavailable, MalformedJwk) as error:
            log.warning("public keys of auth could not be fetched", extra={"reason": str(error)})
        finally:
            self._tried_at = time.monotonic()
