"""Logins with a keystore and its password: opened within bounds, and remembered by what proved them.

Only addresses and labels are kept. Keys and passwords are dropped as soon as the address is known.
"""

import contextlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from libs.signing.errors import KeystoreRefused
from libs.web.principal import WALLET, Principal
from services.auth.domain import scopes
from services.auth.domain.audit import AuditEvent
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.guesses import peer_key
from services.auth.domain.keystores import (
    Attempt,
    KeystoreIdentity,
    KeystoreLoginRefused,
    TooManyDerivations,
    read_basic,
    read_form,
)
from services.auth.ports import Clock
from services.auth.ports.people import Audit, Guesses
from services.auth.usecases.principals import Found
from services.auth.usecases.resolvers import Claim, Subjects

MOST_AT_ONCE: Final = 2
MOST_WAITING: Final = 4  # more would take all threads of the process from everybody else
WAIT_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 10
REMEMBER_SECONDS: Final = 300.0
MOST_REMEMBERED: Final = 4096
CREDENTIAL: Final = "keystore"
SCOPES: Final = scopes.BATCH | {scopes.KEYS}  # who has a wallet's key may do what the wallet may


class Derivations:
    """Expensive keys are derived two at a time: each may take a quarter of a gigabyte."""

    def __init__(
        self, most: int = MOST_AT_ONCE, waiting: int = MOST_WAITING, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._free = threading.Semaphore(most)
        self._room = threading.Semaphore(most + waiting)
        self._wait_seconds = wait_seconds

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        """Raises TooManyDerivations when it does not come up in time, or too many wait already."""
        if not self._room.acquire(blocking=False):
            raise TooManyDerivations(RETRY_SECONDS)
        try:
            if not self._free.acquire(timeout=self._wait_seconds):
                raise TooManyDerivations(RETRY_SECONDS)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._room.release()


class Remembered:
    """Who sent what opened lately, by a MAC whose key never leaves this process. Bounded; thread-safe."""

    def __init__(self, clock: Clock, seconds: float = REMEMBER_SECONDS, most: int = MOST_REMEMBERED) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[float, KeystoreIdentity]] = OrderedDict()  # oldest first

    def key(self, *texts: str) -> bytes:
        """Stands for `texts`, which themselves are not kept."""
        mac = hmac.new(self._secret, digestmod="sha256")
        for text in texts:
            raw = text.encode(errors="surrogatepass")
            mac.update(len(raw).to_bytes(8) + raw)
        return mac.digest()

    def get(self, key: bytes) -> KeystoreIdentity | None:
        with self._lock:
            until, identity = self._known.get(key, (0.0, None))
        return identity if self._clock.now() < until else None

    def put(self, key: bytes, identity: KeystoreIdentity) -> None:
        now = self._clock.now()
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = (now + self._seconds, identity)
            while len(self._known) > self._most or next(iter(self._known.values()))[0] <= now:
                self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)


class KeystoreLogins:
    def __init__(
        self, guesses: Guesses, audit: Audit, clock: Clock, derivations: Derivations | None = None
    ) -> None:
        self._guesses = guesses
        self._audit = audit
        self._derivations = derivations or Derivations()
        self._remembered = Remembered(clock)

    def basic(self, credentials: str, peer: str) -> KeystoreIdentity:
        """Whose keystore follows `Basic `. `peer` is the client's address.

        Raises KeystoreLoginRefused, TooManyGuesses, TooManyDerivations, StoreUnavailable.
        """
        known = self._remembered.key(credentials)
        return self._remembered.get(known) or self._login(known, peer, lambda: read_basic(credentials))

    def form(self, keystore: str, password: str, peer: str) -> KeystoreIdentity:
        """The same for a keystore's JSON and a password that came apart."""
        known = self._remembered.key(keystore, password)
        return self._remembered.get(known) or self._login(known, peer, lambda: read_form(keystore, password))

    def _login(self, known: bytes, peer: str, read: Callable[[], list[Attempt]]) -> KeystoreIdentity:
        """Failures count, successes do not clear: anybody can make a keystore that opens."""
        guesser = peer_key(peer)
        self._guesses.check(guesser)
        try:
            identity = self._open(known, read())
        except KeystoreLoginRefused as refused:
            self._guesses.failed(guesser)
            self._record("refused", {"cause": refused.cause})
            raise
        self._record("ok", {}, WALLET + identity.address)
        return identity

    def _open(self, known: bytes, attempts: list[Attempt]) -> KeystoreIdentity:
        if all(attempt.keystore.kdf.is_cheap for attempt in attempts):
            identity = _first_that_opens(attempts)
        else:
            with self._derivations.slot():
                # Whoever waited may have waited for the very same keystore.
                identity = self._remembered.get(known) or _first_that_opens(attempts)
        self._remembered.put(known, identity)
        return identity

    def _record(self, outcome: str, details: dict[str, str], subject: str = "") -> None:
        event = AuditEvent(
            event="login.keystore", outcome=outcome, actor=subject, subject=subject, details=details
        )
        self._audit.record(event)


def _first_that_opens(attempts: list[Attempt]) -> KeystoreIdentity:
    """Raises KeystoreLoginRefused, TooManyDerivations when there is no memory for it."""
    cause = ""
    for attempt in attempts:
        for password in attempt.passwords:
            try:
                return KeystoreIdentity(attempt.keystore.open(password).address, attempt.keystore.label)
            except KeystoreRefused as refused:
                cause = str(refused)
            except MemoryError:
                raise TooManyDerivations(RETRY_SECONDS) from None
    raise KeystoreLoginRefused(cause)


class KeystoreResolver:
    """DCP's Basic tokens: the wallet's person, or the wallet itself while it is nobody's."""

    def __init__(self, logins: KeystoreLogins, subjects: Subjects) -> None:
        self._logins = logins
        self._subjects = subjects

    def accepts(self, value: str) -> bool:
        return True

    def resolve(self, value: str, peer: str) -> Found:
        """Raises TooManyDerivations, too."""
        try:
            return self._found(self._logins.basic(value, peer))
        except KeystoreLoginRefused as error:
            raise CredentialRefused from error

    def identity(self, value: str, peer: str) -> KeystoreIdentity:
        """Which wallet it is, for those who must tell several wallets of a person apart."""
        return self._logins.basic(value, peer)

    def form(self, keystore: str, password: str, peer: str) -> tuple[KeystoreIdentity, Principal]:
        """For a keystore and a password that came apart. Raises KeystoreLoginRefused, CredentialRefused."""
        identity = self._logins.form(keystore, password, peer)
        return identity, self._found(identity).principal

    def _found(self, identity: KeystoreIdentity) -> Found:
        claim = Claim(subject=WALLET + identity.address, credential=CREDENTIAL, scopes=SCOPES)
        return self._subjects.found(claim)
