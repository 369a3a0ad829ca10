"""`GET /oauth2/token`: flow A with a certificate, and the exchange of a code (contract 1.2, 1.3).

A GET that makes something, with a code in its URL, is what RESTDIRAC's clients do and nothing that new ones
should: the answer says `Deprecation`, secrets of clients are refused in a URL, and no refresh token is taken.
"""

from typing import Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Blueprint, Response, request

from libs.web.gate import signed
from libs.web.params import BadParams, Limits, parse_pairs
from services.auth.dialects.dirac.server import LegacyServer
from services.auth.dialects.oauth.errors import problem, refusal
from services.auth.dialects.oauth.forms import TokenForm, plain
from services.auth.domain.clients import CLIENT_CREDENTIALS, CODE

LIMITS: Final = Limits(query=16 * 1024, pairs=50)
DEPRECATED_SINCE: Final = "@1735689600"  # RFC 9745: 2025-01-01
NOT_IN_URLS: Final = ("client_secret", "client_assertion", "password", "refresh_token")


def add(room: Blueprint, server: LegacyServer) -> None:
    @signed
    def legacy_token() -> Response:
        if not server.parts.legacy_get:
            response = problem(405, "invalid_request", "Tokens are asked for by POST.")
            response.headers["Allow"] = "POST"
            return response
        try:
            response = server.token(_form())
        except OAuth2Error as error:
            response = refusal(error, used_basic="Authorization" in request.headers)
        response.headers["Deprecation"] = DEPRECATED_SINCE
        return response

    room.add_url_rule("/oauth2/token", "legacy_token", legacy_token, methods=["GET"])


def _form() -> TokenForm:
    """Raises InvalidRequestError, InvalidClientError."""
    try:
        values = parse_pairs(request.query_string, "query", LIMITS)
    except BadParams as error:
        raise InvalidRequestError(plain(str(error))) from error
    for name in NOT_IN_URLS:
        if name in values:
            raise InvalidRequestError(f"The {name} must not stand in a URL: use POST.")
    if values.get("grant_type", CODE) not in (CODE, CLIENT_CREDENTIALS):
        raise InvalidRequestError("This grant_type needs POST.")
    return TokenForm(request.headers.get("Authorization"), values)
