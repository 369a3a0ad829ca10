"""Refusals of this room: `error` and `error_description` (RFC 6749 5.2), `detail` for DiracX's clients."""

import json
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Error, UnsupportedGrantTypeError
from flask import Response

from services.auth.domain.errors import AuthError, LedgerUnavailable, StoreUnavailable
from services.auth.domain.people import TooManyGuesses
from services.auth.domain.signing_keys import NoActiveKey

REALM = "tidegate"
UNAVAILABLE = "temporarily_unavailable"

# class -> (status, code, text, seconds to wait)
RESPONSES: dict[type[AuthError], tuple[int, str, str, int | None]] = {
    StoreUnavailable: (503, UNAVAILABLE, "The database cannot be used right now.", 1),
    LedgerUnavailable: (503, UNAVAILABLE, "Wallets cannot be checked right now.", 1),
    NoActiveKey: (503, UNAVAILABLE, "Tokens cannot be made right now.", 30),
}


def render(error: AuthError) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            status, code, text, wait = RESPONSES[ancestor]
            response = problem(status, code, text)
            if wait is not None:
                response.headers["Retry-After"] = str(wait)
            return response
    if isinstance(error, TooManyGuesses):
        response = problem(429, "too_many_requests", "Too many requests from this address.")
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    raise KeyError(type(error).__name__)


def refusal(error: OAuth2Error, *, used_basic: bool) -> Response:
    """Authlib's error. 401 for `invalid_client`, with a challenge when Basic was used (RFC 6749 5.2)."""
    is_client = error.error == "invalid_client"
    response = problem(401 if is_client else error.status_code, error.error, text_of(error))
    if is_client and used_basic:
        response.headers["WWW-Authenticate"] = f'Basic realm="{REALM}"'
    return response


def text_of(error: OAuth2Error) -> str:
    """One text for whatever is wrong with a client: nobody learns which ids exist."""
    if isinstance(error, InvalidClientError):
        return "The client is unknown or did not prove itself."
    if isinstance(error, UnsupportedGrantTypeError):
        return "This grant_type is not supported."
    return str(error.description or "The request cannot be served.")


def problem(status: int, code: str, text: str) -> Response:
    """`detail` is what diracx-client reads of a failed refresh (DIRAC contract 0.3)."""
    return answer({"error": code, "error_description": text, "detail": text, "status": status}, status)


def answer(body: Any, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
