"""The sealed note that lets the egress process fetch one file: what to fetch, valid for a minute,
unreadable outside.

AES-256-GCM under a key that provider and egress share (EGRESS_KEY). The gateway carries it as a header
between the two and never shows it to a client.
"""

import binascii
import json
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.provider.domain.origins import OriginRequest

HEADER = "X-Egress-Ticket"
LIFETIME_SECONDS = 60
MAX_TICKET_CHARS = 32 * 1024  # beside it nothing else of size travels in those headers
MIN_KEY_CHARS = 16
_PURPOSE = b"tidegate egress ticket 1"
_NONCE_BYTES = 12
_SKEW_SECONDS = 5


class TicketRefused(Exception):
    """Not a ticket of ours, or no longer valid."""


class SealedTickets:
    """`key_text` is any secret text of at least MIN_KEY_CHARS. Raises ValueError for a shorter one."""

    def __init__(self, key_text: str, now: Callable[[], float] = time.time) -> None:
        if len(key_text) < MIN_KEY_CHARS:
            raise ValueError(f"EGRESS_KEY must have at least {MIN_KEY_CHARS} characters")
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
        self._cipher = AESGCM(derive.derive(key_text.encode()))
        self._now = now

    def seal(self, plan: OriginRequest) -> str | None:
        """Header text; None when it would be too long, and the caller must carry the bytes itself."""
        note = [
            int(self._now()) + LIFETIME_SECONDS,
            plan.method,
            plan.url,
            dict(plan.headers),
            None if plan.body is None else plan.body.decode("latin-1"),
            plan.content_type,
            plan.fallback_name,
        ]
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, json.dumps(note).encode(), _PURPOSE)
        text = urlsafe_b64encode(nonce + sealed).decode()
        return text if len(text) <= MAX_TICKET_CHARS else None

    def open(self, text: str) -> OriginRequest:
        """Raises TicketRefused."""
        if len(text) > MAX_TICKET_CHARS:
            raise TicketRefused("too long")
        try:
            data = urlsafe_b64decode(text.encode("ascii"))
            note = json.loads(self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _PURPOSE))
        except (binascii.Error, UnicodeError, ValueError, InvalidTag):
            raise TicketRefused("not one of ours") from None
        expires, method, url, headers, body, content_type, fallback_name = note
        if not 0 <= expires - self._now() <= LIFETIME_SECONDS + _SKEW_SECONDS:
            raise TicketRefused("expired")
        content = None if body is None else body.encode("latin-1")
        return OriginRequest(method, url, headers, content, content_type, fallback_name)
