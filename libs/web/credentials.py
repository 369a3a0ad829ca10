"""What a request proves itself with, read from its headers and parameters. Pure: knows no framework.

Each dialect's room picks the readers its clients need. A reader returns None when its kind of credential is
not there, and raises BadCredential when what is there cannot be one; nothing is verified here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

BEARER, BASIC, CERTIFICATE = "bearer", "basic", "certificate"
MAX_TOKEN_CHARS: Final = 8192
MAX_BASIC_CHARS: Final = 24 * 1024  # a keystore travels in it (DCP contract 2.1)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # b64token, RFC 6750 section 2.1
_VISIBLE = re.compile(r"[\x20-\x7e]+")
INVALID_REQUEST, INVALID_TOKEN = "invalid_request", "invalid_token"


class BadCredential(Exception):
    """A credential that cannot be one; `code` is RFC 6750's. The text never quotes what was sent."""

    def __init__(self, text: str, code: str = INVALID_TOKEN, status: int = 401) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Credential:
    """`value` is the token, or for `basic` what follows the scheme, undecoded."""

    kind: str
    value: str = field(repr=False)


class Caller(Protocol):
    """Where a credential came from: the room, the client's address, and the thumbprint of the certificate
    that its connection proved (RFC 8705 3.1), if any.
    """

    @property
    def window(self) -> str: ...

    @property
    def peer(self) -> str: ...

    @property
    def thumbprint(self) -> str | None: ...


def bearer(header: str | None, *, schemes: Sequence[str] = (BEARER,)) -> Credential | None:
    """`Bearer <token>` (RFC 6750 2.1); scheme in any case, one blank or more. PROMINENCE: also `token`."""
    scheme, rest = _split(header)
    return token(rest) if scheme in schemes else None


def bare(header: str | None) -> Credential | None:
    """A JWT that stands alone in the header (OpenPAI's early clients)."""
    text = (header or "").strip(" ")
    return token(text) if text.count(".") == 2 and " " not in text else None


def reversed_bearer(header: str | None) -> Credential | None:
    """`<token> Bearer`, as DIRAC's seed prints it."""
    words = (header or "").split()
    return token(words[0]) if len(words) == 2 and words[1].lower() == BEARER else None


def token_parameter(values: Sequence[str]) -> Credential | None:
    """The `access_token` parameter (RFC 6750 2.2, 2.3), all values given. DIRAC's legacy window alone."""
    if not values:
        return None
    if len(set(values)) > 1:
        raise BadCredential("access_token is given twice.", INVALID_REQUEST, 400)
    return token(values[0])


def basic(header: str | None) -> Credential | None:
    """`Basic <text>`, undecoded: the text may hold a whole keystore (DCP), which RFC 7617 splits wrongly."""
    scheme, rest = _split(header)
    if scheme != BASIC:
        return None
    if len(rest) > MAX_BASIC_CHARS or _VISIBLE.fullmatch(rest) is None:
        raise BadCredential("The Basic credentials are malformed.")
    return Credential(BASIC, rest)


def one_of(*found: Credential | None) -> Credential | None:
    """The one credential there is. The same twice is fine; two that differ are RFC 6750's invalid_request."""
    given = {credential for credential in found if credential is not None}
    if len(given) > 1:
        raise BadCredential("More than one credential is given.", INVALID_REQUEST, 400)
    return given.pop() if given else None


def token(text: str) -> Credential:
    """A bearer token from its text. Raises BadCredential when it is too long or has foreign characters."""
    if len(text) > MAX_TOKEN_CHARS or _TOKEN.fullmatch(text) is None:
        raise BadCredential("The access token is malformed.")
    return Credential(BEARER, text)


def _split(header: str | None) -> tuple[str, str]:
    scheme, _, rest = (header or "").strip(" ").partition(" ")
    return scheme.lower(), rest.lstrip(" ")


def quoted(text: str) -> str:
    """What may stand between quotes in a WWW-Authenticate parameter (RFC 6750 section 3)."""
    shown = "".join(character for character in text if _VISIBLE.fullmatch(character))
    return shown.replace("\\", "").replace('"', "'")
