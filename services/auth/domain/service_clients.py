"""Our own services as clients: who may have a service token."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from services.auth.domain.errors import AuthError

AUDIENCE: Final = "internal"
SUBJECT_PREFIX: Final = "service:"
MIN_SECRET_CHARS: Final = 16
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class UnknownClient(AuthError):
    """No such service, or another secret; which of the two is not said."""


def is_service_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


class ServiceClients:
    """Names with the digests of their secrets; the secrets themselves are not kept."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._digests = {name: _digest(secret) for name, secret in secrets.items()}

    def check(self, name: str, secret: str) -> None:
        """Raises UnknownClient, after the same work for a known and an unknown name."""
        known = self._digests.get(name)
        matches = hmac.compare_digest(known or _digest("no such service"), _digest(secret))
        if known is None or not matches:
            raise UnknownClient


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
