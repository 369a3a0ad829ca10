"""Private keys at rest: AES-256-GCM under a key that scrypt makes of AUTH_KEY_SECRET, a salt per row.

Sealed text: `v1.` + base64url(salt 16 | nonce 12 | ciphertext and tag). The key id is authenticated too, so
that rows cannot be swapped.
"""

import base64
import hashlib
import json
import os
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.web.settings import Secret
from services.auth.domain.signing_keys import KeyUnreadable

VERSION: Final = "v1."
SALT_SIZE: Final = 16
NONCE_SIZE: Final = 12
# About 40 ms and 16 MiB, once per key and process: a weak secret costs an attacker that much per guess.
_SCRYPT = {"n": 1 << 14, "r": 8, "p": 1, "dklen": 32}


class ScryptSealer:
    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def seal(self, kid: str, private_jwk: dict[str, str]) -> str:
        salt, nonce = os.urandom(SALT_SIZE), os.urandom(NONCE_SIZE)
        sealed = self._cipher(salt).encrypt(nonce, json.dumps(private_jwk).encode(), kid.encode())
        return VERSION + base64.urlsafe_b64encode(salt + nonce + sealed).decode()

    def open(self, kid: str, sealed: str) -> dict[str, Any]:
        try:
            if not sealed.startswith(VERSION):
                raise ValueError("unknown version")
            raw = base64.urlsafe_b64decode(sealed.removeprefix(VERSION))
            salt, nonce = raw[:SALT_SIZE], raw[SALT_SIZE : SALT_SIZE + NONCE_SIZE]
            text = self._cipher(salt).decrypt(nonce, raw[SALT_SIZE + NONCE_SIZE :], kid.encode())
        except (ValueError, InvalidTag) as error:
            raise KeyUnreadable(f"signing key {kid} cannot be opened with this AUTH_KEY_SECRET") from error
        document: dict[str, Any] = json.loads(text)
        return document

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(hashlib.scrypt(self._secret.reveal().encode(), salt=salt, **_SCRYPT))
