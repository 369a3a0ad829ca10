"""A token request as Authlib reads it: the body's parameters, each at most once, empty ones left out."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from flask import Request

from libs.web.params import FORM, BadParams, Limits, parse_pairs, read_body

LIMITS = Limits(body=64 * 1024, pairs=50)
# Authlib refuses plain http; here the gateway speaks TLS and we are behind it.
_URI = "https://gateway/"


class TokenForm(OAuth2Request):
    """`values` are what Authlib sees as the body, whatever the room read them from (DIRAC: the query too)."""

    def __init__(self, authorization: str | None, values: Mapping[str, str]) -> None:
        header = basic_only(authorization)
        super().__init__("POST", _URI, headers={} if header is None else {"Authorization": header})
        self.values = {name: value for name, value in values.items() if value}
        self.payload = BasicOAuth2Payload(self.values)
        refuse_two_ways(self.values, header)

    @property
    def form(self) -> Mapping[str, str]:
        return self.values

    @property
    def args(self) -> Mapping[str, str]:
        return {}


def read_form(request: Request) -> TokenForm:
    """Raises InvalidRequestError, InvalidClientError."""
    return TokenForm(request.headers.get("Authorization"), read_values(request))


def read_values(request: Request) -> dict[str, str]:
    """Raises InvalidRequestError for another type, doubled names, too much of it, and bad text."""
    try:
        body = read_body(request, LIMITS.body)
        if body and request.mimetype != FORM:
            raise InvalidRequestError("The body must be a URL-encoded form.")
        return parse_pairs(body, "body", LIMITS)
    except BadParams as error:
        raise InvalidRequestError(plain(str(error))) from error


def plain(text: str) -> str:
    """As an error_description may be spelled (RFC 6749 5.2)."""
    return "".join(letter for letter in text[:200] if " " <= letter <= "~" and letter not in '"\\')


def basic_only(authorization: str | None) -> str | None:
    """The header when it is well-formed Basic. diracx-cli sends stale bearer tokens along: not ours to read.

    Raises InvalidClientError.
    """
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise refused_basic() from None
    if ":" not in text or "\0" in text:
        raise refused_basic()
    return f"Basic {rest.strip()}"


def refused_basic() -> InvalidClientError:
    return InvalidClientError(status_code=401)


def refuse_two_ways(values: Mapping[str, Any], header: str | None) -> None:
    """One way of client authentication at a time (RFC 6749 2.3). Raises InvalidRequestError."""
    ways = [header, values.get("client_secret"), values.get("client_assertion")]
    if sum(way is not None for way in ways) > 1:
        raise InvalidRequestError("More than one way of client authentication.")
