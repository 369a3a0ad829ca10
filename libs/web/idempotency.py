"""The Idempotency-Key header: a name for one request, so that sending it again does nothing twice."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from flask import Request

from libs.web.params import read_body

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class BadIdempotencyKey(ValueError):
    """A header that cannot be one."""


@dataclass(frozen=True, slots=True)
class SentKey:
    """`fingerprint`: SHA-256 (hex) of method, path and body; another request has another."""

    key: str
    fingerprint: str


def sent_key(asked: Request, most_bytes: int) -> SentKey | None:
    """None when there is none. Raises BadIdempotencyKey, and what read_body raises."""
    sent = asked.headers.get(HEADER)
    if sent is None:
        return None
    if _KEY.fullmatch(sent) is None:
        raise BadIdempotencyKey
    whole = f"{asked.method}\n{asked.path}\n".encode() + read_body(asked, most_bytes)
    return SentKey(sent, hashlib.sha256(whole).hexdigest())
