"""API keys: `<20 hex>.<43 url-safe>`, the id and a secret that is shown once (DCP contract 2.4)."""

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.auth.domain import scopes
from services.auth.domain.errors import AuthError

DEFAULT_SCOPES: Final = (scopes.JOB_WRITE, scopes.JOB_READ, scopes.ACCOUNTS_READ)
MAX_LABEL_CHARS: Final = 255
MOST_SECONDS: Final = 10 * 366 * 86400
MOST_KEYS: Final = 100  # of one subject at a time
_KEY = re.compile(r"([0-9a-f]{20})\.([A-Za-z0-9_-]{43})")


class NoSuchKey(AuthError):
    """No key of that id, one that was revoked, or somebody else's."""


class TooManyKeys(AuthError):
    """The subject has as many keys as one may have."""


class BadKeyRequest(AuthError):
    """A key that nobody may have; `member` and `reason` say why, without quoting what was sent."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"{member}: {reason}")
        self.member = member
        self.reason = reason


class ScopesNotYours(AuthError):
    """A key may do no more than what made it; `missing` names what that cannot do."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__("more than the maker may do")
        self.missing = tuple(missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Acts as its subject: a person or a wallet. Times in UTC seconds."""

    key_id: str
    secret_hash: str = field(repr=False)  # SHA-256, hex
    subject: str
    label: str
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float | None
    last_used_at: float | None = None  # give or take an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """What is asked for. Without scopes: the usual ones, as far as the maker has them."""

    label: str = ""
    seconds: int | None = None
    scopes: tuple[str, ...] | None = None

    def check(self) -> None:
        """Raises BadKeyRequest."""
        if len(self.label) > MAX_LABEL_CHARS or not self.label.isprintable():
            raise BadKeyRequest("label", f"must be at most {MAX_LABEL_CHARS} printable characters")
        if self.seconds is not None and not 1 <= self.seconds <= MOST_SECONDS:
            raise BadKeyRequest("seconds", f"must be between 1 and {MOST_SECONDS} seconds")
        if self.scopes is not None and not (self.scopes and scopes.ALL.issuperset(self.scopes)):
            raise BadKeyRequest("scopes", f"must be some of {', '.join(sorted(scopes.ALL))}")

    def scopes_of(self, maker: Collection[str]) -> tuple[str, ...]:
        """What the key may do when `maker` are the scopes of what makes it. Raises ScopesNotYours."""
        if self.scopes is None:
            return tuple(scope for scope in DEFAULT_SCOPES if scope in maker)
        wanted = tuple(dict.fromkeys(self.scopes))
        missing = [scope for scope in wanted if scope not in maker]
        if missing:
            raise ScopesNotYours(missing)
        return wanted


def new_key_id() -> str:
    return secrets.token_hex(10)


def split_key(text: str) -> tuple[str, str] | None:
    """Id and secret; None when it is not shaped like a key."""
    match = _KEY.fullmatch(text)
    return None if match is None else (match.group(1), match.group(2))
