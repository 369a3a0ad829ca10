"""Device authorization (RFC 8628): the codes, and the states that a request goes through."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from services.auth.domain.errors import AuthError

# RFC 8628 6.1: no vowels, so that no words appear, and nothing that looks like a digit; 35 bits in eight.
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LETTERS: Final = 8
LIFETIME_SECONDS: Final = 600  # PROMINENCE's CLI waits all of it when its user said no (contract 5.3)
INTERVAL_SECONDS: Final = 5
# diracx-cli polls every 2 s whatever it is told, and gives up when told to slow down (dirac contract 5.4).
_RESTLESS: Final = frozenset({"myDIRACClientID"})
_RESTLESS_SECONDS: Final = 2
_MOST_CODE_CHARS: Final = 128
_SEPARATORS: Final = str.maketrans("", "", "- \t")


class DeviceState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"  # a grant waits for the next poll
    DENIED = "denied"
    USED = "used"  # the grant was handed out


class AuthorizationPending(AuthError):
    """Nobody has answered yet."""


class PolledTooSoon(AuthError):
    """Nobody has answered yet, and the device asks more often than it was told."""


class DeviceDenied(AuthError):
    """The user said no."""


class UnknownUserCode(AuthError):
    """No request waits under this user code: mistyped, answered or expired, nobody learns which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """What a device asked for. Times in UTC seconds."""

    client_id: str
    scopes: tuple[str, ...]
    state: DeviceState = DeviceState.PENDING
    details: Mapping[str, Any] = field(default_factory=dict)
    grant_id: str | None = None
    interval: int = INTERVAL_SECONDS
    created_at: float
    expires_at: float

    def is_over(self, now: float) -> bool:
        return self.expires_at <= now

    def waits(self, now: float) -> bool:
        """Whether somebody may still answer it."""
        return self.state is DeviceState.PENDING and not self.is_over(now)


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """Both codes in clear: they exist in the answer to the device and nowhere else."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)  # eight letters

    @classmethod
    def make(cls) -> "DeviceCodes":
        letters = "".join(secrets.choice(ALPHABET) for _ in range(USER_CODE_LETTERS))
        return cls(secrets.token_urlsafe(32), letters)


def shown(user_code: str) -> str:
    """`XXXX-XXXX`, as people read and type it."""
    half = USER_CODE_LETTERS // 2
    return f"{user_code[:half]}-{user_code[half:]}"


def typed(text: str) -> str:
    """The eight letters somebody typed: case, dashes and blanks do not count. Raises UnknownUserCode."""
    letters = text[:_MOST_CODE_CHARS].translate(_SEPARATORS)
    if not letters.isascii():
        raise UnknownUserCode  # a sharp s is two letters in upper case
    letters = letters.upper()
    if len(letters) != USER_CODE_LETTERS or not set(letters) <= set(ALPHABET):
        raise UnknownUserCode
    return letters


def device_hash(device_code: str) -> str | None:
    """What is kept of a device code; None for a text that cannot be one."""
    if not 0 < len(device_code) <= _MOST_CODE_CHARS or not device_code.isascii():
        return None
    return hashlib.sha256(device_code.encode()).hexdigest()


def user_hash(user_code: str) -> str:
    """What is kept of a user code: 64 bits, so that two live codes never meet."""
    return hashlib.sha256(user_code.encode()).hexdigest()[:16]


def interval_of(client_id: str) -> int:
    """Seconds that the client is told to wait between polls."""
    return _RESTLESS_SECONDS if client_id in _RESTLESS else INTERVAL_SECONDS


def least_seconds_between_polls(interval: int) -> float:
    """Below which a poll is too soon; 0 for a client that is never told so.

    A second less than the interval: clocks and networks jitter, and PROMINENCE's CLI, which polls every 5 s,
    must never be told to slow down (contract 5.3).
    """
    return interval - 1.0 if interval > _RESTLESS_SECONDS else 0.0
