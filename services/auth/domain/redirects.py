"""Redirect URIs: which ones a client may register, and which request fits a registered one.

OAuth 2.1 section 2.3 and 8.4, RFC 8252 section 7: https; http on the loopback interface, where the port is
free; a private-use scheme, which has a dot. Compared as strings, never as URLs.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from services.auth.domain.errors import AuthError

MAX_CHARS: Final = 2000
# RFC 3986's characters, without `#`: a fragment has no place in a redirect URI.
_CHARS = r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]"
_SHAPE: Final = re.compile(rf"{_CHARS}+")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?"
_PORT = r"(?::(?P<port>\d{1,5}))?"
_HTTPS: Final = re.compile(rf"https://(?:{_NAME}|\[[0-9A-Fa-f:.]+\]){_PORT}(?:[/?].*)?")
_LOOPBACK: Final = re.compile(rf"http://(?P<host>127\.0\.0\.1|\[::1\]|localhost){_PORT}(?P<rest>(?:[/?].*)?)")
_PRIVATE: Final = re.compile(
    r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/[^/].*|[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/"
)
_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadRedirectUri(AuthError):
    """Not one that a client may register; the message says why."""


def check(uri: str) -> None:
    """Raises BadRedirectUri."""
    if not uri or len(uri) > MAX_CHARS:
        raise BadRedirectUri("A redirect URI has 1 to 2000 characters.")
    if "#" in uri:
        raise BadRedirectUri("A redirect URI has no fragment.")
    if _SHAPE.fullmatch(uri) is None or _PERCENT.search(uri):
        raise BadRedirectUri("The redirect URI is not a URI.")
    found = _HTTPS.fullmatch(uri) or _LOOPBACK.fullmatch(uri)
    if found is None and _PRIVATE.fullmatch(uri) is None:
        raise BadRedirectUri(
            "A redirect URI is https, http on 127.0.0.1, [::1] or localhost, or has a scheme with a dot."
        )
    if found is not None and not _is_port(found["port"]):
        raise BadRedirectUri("The redirect URI has no such port.")


def fits(registered: Iterable[str], uri: str) -> bool:
    """Whether `uri` is one of them: the very same text, or the same on the loopback but for the port."""
    return any(uri == known or _same_loopback(known, uri) for known in registered)


def extended(uri: str, params: Iterable[tuple[str, str]]) -> str:
    """`uri` with more query parameters; its own are kept."""
    separator = "" if uri.endswith(("?", "&")) else "&"
    if "?" not in uri:
        separator = "?"
    return f"{uri}{separator}{urlencode(list(params))}"


def _same_loopback(known: str, uri: str) -> bool:
    if len(uri) > MAX_CHARS or _SHAPE.fullmatch(uri) is None:
        return False
    left, right = _LOOPBACK.fullmatch(known), _LOOPBACK.fullmatch(uri)
    if left is None or right is None or not _is_port(right["port"]):
        return False
    return (left["host"], left["rest"]) == (right["host"], right["rest"])


def _is_port(text: str | None) -> bool:
    return text is None or 0 < int(text) < 65536
