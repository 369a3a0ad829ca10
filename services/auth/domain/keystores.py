"""DCP's Basic tokens: base64 of keystore JSON + ":" + password (DCP contract 2.1).

The JSON holds dozens of colons and so may the password: where one ends and the other starts is known only to
a JSON parser. Nothing here raises anything but KeystoreLoginRefused, whatever is sent.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from libs.signing.errors import KeystoreRefused
from libs.signing.keystores import Keystore, read_keystore
from services.auth.domain.errors import AuthError

MAX_HEADER_CHARS: Final = 16 * 1024
MAX_DECODED_BYTES: Final = 11 * 1024  # a usual one has 500
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
_BASE64 = re.compile(r"([A-Za-z0-9+/]*)={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_BOM = b"\xef\xbb\xbf"


class KeystoreLoginRefused(AuthError):
    """No keystore that opens; `cause` is for our log alone, and quotes nothing."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class TooManyDerivations(AuthError):
    """As many expensive keystores are being opened as we can afford; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many keystores at once")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reading of what was sent: a keystore and the passwords to try, in this order."""

    keystore: Keystore
    passwords: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeystoreIdentity:
    """Whose keystore it was: the address of its key, and the name that it gave itself."""

    address: str  # EIP-55
    label: str


def read_basic(credentials: str) -> list[Attempt]:
    """The readings of what follows `Basic `, at least one. Raises KeystoreLoginRefused."""
    attempts: list[Attempt] = []
    cause = "it is empty"
    for text in _texts(_decoded(credentials)):
        try:
            attempts.append(_attempt(text))
        except KeystoreRefused as refused:
            cause = str(refused)
    if not attempts:
        raise KeystoreLoginRefused(cause)
    return attempts


def read_form(keystore_text: str, password: str) -> list[Attempt]:
    """The same for a keystore and a password that came apart. Raises KeystoreLoginRefused."""
    if len(keystore_text) > MAX_DECODED_BYTES or len(password) > MAX_DECODED_BYTES:
        raise KeystoreLoginRefused("it is too long")
    try:
        keystore, end = read_keystore(keystore_text.lstrip("\ufeff \t\r\n"))
        if keystore_text.lstrip("\ufeff \t\r\n")[end:].strip():
            raise KeystoreRefused("something follows its JSON")
        return [Attempt(keystore, (password.encode(),))]
    except KeystoreRefused as refused:
        raise KeystoreLoginRefused(str(refused)) from None
    except UnicodeEncodeError:
        raise KeystoreLoginRefused("the password is not Unicode") from None


def _decoded(credentials: str) -> bytes:
    if len(credentials) > MAX_HEADER_CHARS:
        raise KeystoreLoginRefused("it is too long")
    match = _BASE64.fullmatch(_BLANKS.sub("", credentials).translate(_URL_SAFE))
    if match is None:
        raise KeystoreLoginRefused("it is not base64")
    digits = match.group(1)
    try:
        decoded = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        raise KeystoreLoginRefused("it is not base64") from None
    if len(decoded) > MAX_DECODED_BYTES:
        raise KeystoreLoginRefused("it is too long")
    return decoded.removeprefix(_BOM)


def _texts(decoded: bytes) -> Iterator[str]:
    """Python and shells send UTF-8, JavaScript's btoa sends Latin-1."""
    try:
        yield decoded.decode()
    except UnicodeDecodeError:
        yield decoded.decode("latin-1")
        return
    if not decoded.isascii():
        yield decoded.decode("latin-1")


def _attempt(text: str) -> Attempt:
    text = text.lstrip("\ufeff \t\r\n")
    if not text.startswith("{"):
        raise KeystoreRefused("it does not start with a keystore")
    keystore, end = read_keystore(text)
    separator, password = text[end:].lstrip(" \t\r\n")[:1], text[end:].lstrip(" \t\r\n")[1:]
    if separator != ":":
        raise KeystoreRefused("no colon follows the keystore")
    passwords = [password.encode()]
    if password.endswith("\n"):  # `echo ... | base64`
        passwords.append(password.removesuffix("\n").removesuffix("\r").encode())
    return Attempt(keystore, tuple(passwords))
