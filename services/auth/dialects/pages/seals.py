"""What proves that a form or a way back is ours, made for this very browser: HMACs with our own key.

`visitor` is the browser's cookie: of the session once somebody is signed in, of the visit before.
"""

import base64
import binascii
import hmac
import json
from hashlib import sha256
from typing import Final

MOST_CHARS: Final = 48 * 1024
_LABEL: Final = b"tidegate pages 1"


class Seals:
    def __init__(self, secret: str) -> None:
        """`secret` is the service's own; the key is derived for this purpose alone."""
        self._key = hmac.digest(secret.encode(), _LABEL, "sha256")

    def token(self, visitor: str, form: str) -> str:
        """The anti-forgery token of one form (43 characters of base64url)."""
        return self._mac("form", visitor, form)

    def is_token(self, visitor: str, form: str, token: str) -> bool:
        return bool(visitor) and _same(token, self.token(visitor, form))

    def seal(self, visitor: str, purpose: str, text: str) -> str:
        """`text` in a form that this browser alone can bring back, for this purpose alone. Not encrypted."""
        return f"{_encoded(text.encode())}.{self._mac(purpose, visitor, text)}"

    def open(self, visitor: str, purpose: str, sealed: str) -> str | None:
        """None unless it is what `seal` gave for the same browser and purpose."""
        if not visitor or len(sealed) > MOST_CHARS:
            return None
        encoded, _, mac = sealed.partition(".")
        try:
            text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            return None
        return text if _same(mac, self._mac(purpose, visitor, text)) else None

    def _mac(self, purpose: str, visitor: str, text: str) -> str:
        # A JSON list: no two different lists have the same text.
        message = json.dumps([purpose, visitor, text]).encode()
        return _encoded(hmac.new(self._key, message, sha256).digest())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())
