"""Password hashes: argon2id, and those of OpenPAI's user files until their owners sign in once.

Every check costs the same, whatever is stored: one argon2id and one PBKDF2, so that the time says nothing
about who exists. So many are computed at once and so many may wait; the rest is told to come again.
"""

import hmac
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5, pbkdf2_hmac
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.auth.domain.people import PasswordsBusy

log = logging.getLogger(__name__)
# OWASP's second choice, about 40 ms and 19 MiB: https://cheatsheetseries.owasp.org (Password Storage).
_MEMORY_KIB: Final = 19 * 1024
_ROUNDS: Final = 2
_AT_ONCE: Final = 2
_MOST_WAITING: Final = 20
_WAIT_SECONDS: Final = 3.0
_IMPORTED: Final = "openpai-pbkdf2"
# Of the whole process, however many of us it makes.
_TURNS: Final = threading.BoundedSemaphore(_AT_ONCE)
_PLACES: Final = threading.BoundedSemaphore(_AT_ONCE + _MOST_WAITING)


class Argon2Passwords:
    def __init__(self, at_once: int | None = None, wait_seconds: float = _WAIT_SECONDS) -> None:
        """`at_once` gives this one turns of its own."""
        self._argon2 = PasswordHasher(time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=1)
        self._turns = _TURNS if at_once is None else threading.BoundedSemaphore(at_once)
        self._places = _PLACES if at_once is None else threading.BoundedSemaphore(at_once + _MOST_WAITING)
        self._wait_seconds = wait_seconds
        self._nobodys = self._argon2.hash("nobody has this password")

    def hash(self, password: str) -> str:
        with self._turn():
            return self._argon2.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        text = _encodable(password)
        known = stored or ""
        is_imported = known.startswith(_IMPORTED + "$")
        with self._turn():
            was_imported_right = _is_imported(known if is_imported else _NOBODYS_IMPORTED, text)
            was_right = self._is_argon2(known if known and not is_imported else self._nobodys, text)
        if not known or text != password:
            return False
        return was_imported_right if is_imported else was_right

    def is_outdated(self, stored: str) -> bool:
        return stored.startswith(_IMPORTED) or self._argon2.check_needs_rehash(stored)

    def _is_argon2(self, stored: str, password: str) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (InvalidHashError, VerificationError) as error:
            if isinstance(error, InvalidHashError):
                log.error("a stored password hash cannot be read")
            return False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise PasswordsBusy
        try:
            if not self._turns.acquire(timeout=self._wait_seconds):
                raise PasswordsBusy
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


def imported(username: str, passwd: str) -> str:
    """What to store for a user of an OpenPAI user file; `passwd` is its member of that name, 128 hex digits.

    Raises ValueError.
    """
    if len(bytes.fromhex(passwd)) != 64:
        raise ValueError("not a password hash of OpenPAI")
    return f"{_IMPORTED}${username}${passwd.lower()}"


def _is_imported(stored: str, password: str) -> bool:
    """OpenPAI contract 3.2: hex(PBKDF2-HMAC-SHA512(password, hex(MD5(name)), 10000, 64 bytes))."""
    _, _, rest = stored.partition("$")
    username, _, wanted = rest.rpartition("$")
    salt = md5(username.encode(), usedforsecurity=False).hexdigest().encode()
    made = pbkdf2_hmac("sha512", password.encode(), salt, 10_000, 64).hex()
    return hmac.compare_digest(made, wanted)


def _encodable(password: str) -> str:
    """Half characters cannot be hashed; no password has them."""
    return password.encode(errors="replace").decode()


_NOBODYS_IMPORTED: Final = f"{_IMPORTED}$nobody${'0' * 128}"
