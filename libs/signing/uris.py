"""The parts of RFC 3986 that signed texts are made of. Only shapes: nothing is decoded or normalised."""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

_UNRESERVED: Final = r"A-Za-z0-9._~\-"
_SUB_DELIMS: Final = r"!$&'()*+,;="
_PCT: Final = r"%[0-9A-Fa-f]{2}"


def _many(characters: str) -> str:
    # One character a turn: nothing to go back into, so hostile texts cost linear time.
    return rf"(?:[{characters}]|{_PCT})*"


_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"
_PCHARS = _many(_UNRESERVED + _SUB_DELIMS + ":@")
_USERINFO = rf"(?:{_many(_UNRESERVED + _SUB_DELIMS + ':')}@)?"
_LITERAL = rf"\[(?P<literal>[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+)\]"
_AUTHORITY = rf"{_USERINFO}(?:{_LITERAL}|(?P<name>{_many(_UNRESERVED + _SUB_DELIMS)}))(?::[0-9]*)?"
_TAIL = _many(_UNRESERVED + _SUB_DELIMS + ":@/?")
_PATH = _many(_UNRESERVED + _SUB_DELIMS + ":@/")
_URI = re.compile(rf"{_SCHEME}:(?://{_AUTHORITY}(?:/{_PATH})?|(?!//){_PATH})(?:\?{_TAIL})?(?:\#{_TAIL})?")
_AUTHORITY_ALONE = re.compile(_AUTHORITY)
_SCHEME_ALONE = re.compile(_SCHEME)
_PCHARS_ALONE = re.compile(_PCHARS)
_STATEMENT = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}:/?#\[\]@ ]*")


def is_scheme(text: str) -> bool:
    return _SCHEME_ALONE.fullmatch(text) is not None


def is_authority(text: str) -> bool:
    """`[userinfo@]host[:port]` with a host that is not empty."""
    match = _AUTHORITY_ALONE.fullmatch(text)
    return match is not None and match["name"] != "" and _is_literal(match["literal"])


def is_uri(text: str) -> bool:
    """A URI with its scheme; relative references are none."""
    match = _URI.fullmatch(text)
    return match is not None and _is_literal(match["literal"])


def is_pchars(text: str) -> bool:
    return _PCHARS_ALONE.fullmatch(text) is not None


def is_plain_sentence(text: str) -> bool:
    """Reserved and unreserved characters and spaces: ASCII without line breaks, quotes and percent signs."""
    return _STATEMENT.fullmatch(text) is not None


def _is_literal(literal: str | None) -> bool:
    if literal is None or literal.startswith("v"):
        return True
    try:
        IPv6Address(literal)
    except AddressValueError:
        return False
    return True
