"""Keys that sign tokens, and the states they pass through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.auth.domain.errors import AuthError


class KeyState(StrEnum):
    """upcoming -> active -> retired -> withdrawn; any state may go to withdrawn at once."""

    UPCOMING = "upcoming"  # published, so that everyone knows it before it signs
    ACTIVE = "active"  # signs; there is at most one
    RETIRED = "retired"  # published until the last token it signed has expired
    WITHDRAWN = "withdrawn"  # compromised or outlived: not published, its tokens do not count


PUBLISHED = frozenset({KeyState.UPCOMING, KeyState.ACTIVE, KeyState.RETIRED})


class KeyUnreadable(AuthError):
    """A stored private key cannot be opened: another AUTH_KEY_SECRET, or the row was changed."""


class NoActiveKey(AuthError):
    """No stored key may sign, and none could be made."""


class NoSuchKey(AuthError):
    """No key of that id, or it was withdrawn before."""


class NotSettled(AuthError):
    """The upcoming key was published so recently that not everyone knows it; `seconds` are left."""

    def __init__(self, seconds: int) -> None:
        super().__init__("the upcoming key is not known everywhere yet")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row: the public part in clear, the private part sealed."""

    kid: str
    state: KeyState
    public_jwk: Mapping[str, Any]
    private_sealed: str
    changed_at: float = field(default=0.0, compare=False)  # since when it is in this state, UTC seconds


def active_key(keys: Sequence[StoredKey]) -> StoredKey | None:
    return next((key for key in keys if key.state is KeyState.ACTIVE), None)


def published(keys: Sequence[StoredKey]) -> list[Mapping[str, Any]]:
    """The JWKS entries, the signing key first."""
    shown = [key for key in keys if key.state in PUBLISHED]
    shown.sort(key=lambda key: (key.state is not KeyState.ACTIVE, key.kid))
    return [key.public_jwk for key in shown]
