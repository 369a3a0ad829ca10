"""Secrets that we hand out: 32 random bytes each, kept as SHA-256 only."""

import hmac
import secrets
from hashlib import sha256
from typing import Final

SECRET_BYTES: Final = 32
SECRET_CHARS: Final = 43  # in base64url without padding


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> str:
    """Hexadecimal. No salt and no stretching: the secret is as long as the hash."""
    return sha256(secret.encode()).hexdigest()


def matches(secret: str, stored_hash: str | None) -> bool:
    """In the time of one comparison, whatever differs."""
    return hmac.compare_digest(hash_of(secret), stored_hash or "")
