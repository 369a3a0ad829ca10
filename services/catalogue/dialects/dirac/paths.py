"""Paths in URLs: the LFN in UTF-8, as base64 with the URL-safe alphabet (RFC 4648 5; contract 3.1)."""

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from typing import Final

from services.catalogue.domain.files.errors import InvalidPath
from services.catalogue.domain.files.lfn import parse_lfn

_SEGMENT: Final = re.compile(r"([A-Za-z0-9_-]*)={0,2}")
_NOT_BASE64: Final = "A path in a URL is URL-safe base64 (RFC 4648 section 5): `/` is `Lw==`."


def decoded(segment: str) -> str:
    """The LFN; padding may be left out, or escaped once more than it need be. Raises InvalidPath."""
    found = _SEGMENT.fullmatch(segment.replace("%3D", "=").replace("%3d", "="))
    if found is None:
        raise InvalidPath(_NOT_BASE64)
    letters = found[1]
    try:
        raw = b64decode(letters + "=" * (-len(letters) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise InvalidPath(_NOT_BASE64) from None
    try:
        return parse_lfn(raw.decode())
    except UnicodeDecodeError:
        raise InvalidPath("A path is UTF-8.") from None


def encoded(lfn: str) -> str:
    """As it stands in a URL."""
    return urlsafe_b64encode(lfn.encode()).decode()
