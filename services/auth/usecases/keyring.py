"""The signing keys in this process: made once for all workers, reloaded as other processes change them."""

import json
import logging
import threading
from dataclasses import dataclass

from libs.signing import tokens
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.signing_keys import (
    KeyState,
    KeyUnreadable,
    NoActiveKey,
    StoredKey,
    active_key,
    published,
)
from services.auth.ports import Clock
from services.auth.ports.keys import KeySealer, KeyStore

log = logging.getLogger(__name__)
RELOAD_SECONDS = 30.0
RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Keys:
    """One consistent view: the key that signs, all that verify, and the published document."""

    active: tokens.SigningKey | None
    verifying: tokens.PublicKeys
    document: bytes

    @property
    def signing(self) -> tokens.SigningKey:
        """Raises NoActiveKey: tokens cannot be made then, but they are still verified."""
        if self.active is None:
            raise NoActiveKey
        return self.active


class Keyring:
    """Thread-safe. `start` must have succeeded before anything else is asked."""

    def __init__(self, store: KeyStore, sealer: KeySealer, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Keys | None = None
        self._loaded_at = 0.0

    def start(self) -> None:
        """Load the keys; make the first one if there is none. Raises KeyUnreadable, NoActiveKey."""
        if active_key(self._store.all()) is None:
            self._store.add_active(self.new_key())
        self._load()
        _ = self.current().signing

    def current(self) -> Keys:
        """The keys, at most RELOAD_SECONDS old while the database answers."""
        if self._clock.now() - self._loaded_at > RELOAD_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._reload()
            finally:
                self._lock.release()
        assert self._keys is not None, "start() comes first"
        return self._keys

    def knowing(self, token: str) -> tokens.PublicKeys:
        """Verification keys, reloaded first when the token names one that this process has not seen.

        Raises TokenRefused for text that is no token.
        """
        kid = tokens.key_id(token.partition(".")[0])
        keys = self.current()
        if keys.verifying.get(kid) is None and self._clock.now() - self._loaded_at > RETRY_SECONDS:
            with self._lock:
                self._reload()
            keys = self.current()
        return keys.verifying

    def refresh(self) -> None:
        """Load what other processes may just have changed. Raises StoreUnavailable."""
        with self._lock:
            self._load_readable()

    def _reload(self) -> None:
        try:
            self._load_readable()
        except StoreUnavailable:
            # The keys at hand stay good; the next try comes after RETRY_SECONDS, not with each request.
            log.warning("signing keys could not be reloaded")
            self._loaded_at = self._clock.now() - RELOAD_SECONDS + RETRY_SECONDS

    def _load_readable(self) -> None:
        try:
            self._load()
        except KeyUnreadable:
            log.exception("the active signing key cannot be opened: no tokens are made")
            self._load(is_readable=False)

    def _load(self, *, is_readable: bool = True) -> None:
        stored = self._store.all()
        signing = self._opened(active_key(stored)) if is_readable else None
        entries = published(stored)
        document = json.dumps({"keys": entries}, separators=(",", ":")).encode()
        self._keys = Keys(signing, tokens.parse_jwks({"keys": entries}), document)
        self._loaded_at = self._clock.now()

    def _opened(self, key: StoredKey | None) -> tokens.SigningKey | None:
        known = self._keys.active if self._keys is not None else None
        if key is None or (known is not None and known.kid == key.kid):
            return None if key is None else known
        return tokens.load_key(self._sealer.open(key.kid, key.private_sealed))

    def new_key(self, state: KeyState = KeyState.ACTIVE) -> StoredKey:
        """A key that is not stored yet."""
        key = tokens.new_key()
        sealed = self._sealer.seal(key.kid, key.as_private_jwk())
        return StoredKey(key.kid, state, tokens.public_jwk(key), sealed)
