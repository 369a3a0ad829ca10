"""Signatures of links: HMAC-SHA256 under a key of their own, which every process makes of the same secret."""

import hashlib
import hmac
from typing import Final

from libs.web.settings import Secret

PURPOSE: Final = b"tidegate compute links"


class HmacLinks:
    def __init__(self, secret: Secret) -> None:
        self._key = hmac.digest(secret.reveal().encode(), PURPOSE, hashlib.sha256)

    def sign(self, what: str, until: int) -> str:
        """Lower-case hex."""
        return hmac.digest(self._key, f"GET|{what}|{until}".encode(), hashlib.sha256).hex()

    def holds(self, what: str, until: int, signature: str) -> bool:
        return hmac.compare_digest(self.sign(what, until).encode(), signature.encode(errors="replace"))
