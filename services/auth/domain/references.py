"""Reference tokens: opaque access tokens for clients that put them into URLs (DIRAC contract 1.5)."""

import re
from dataclasses import dataclass
from typing import Final

from services.auth.domain.secrets import SECRET_CHARS

_TEXT: Final = re.compile(rf"[A-Za-z0-9_-]{{{SECRET_CHARS}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceToken:
    """What is kept of one; whose it is and what it may do stands in its grant. Times in UTC seconds."""

    token_hash: str
    token_id: str
    grant_id: str
    issued_at: float
    expires_at: float


def is_reference(text: str) -> bool:
    """Whether it looks like one: 43 characters of base64url, no dots."""
    return _TEXT.fullmatch(text) is not None
