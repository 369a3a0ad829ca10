"""What each refusal looks like to a DCP client: `{"error", "message", "code"}`, both texts the same (G9)."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response

from libs.web import request_ids
from libs.web.json_bodies import UnknownCoding
from libs.web.params import BadParams, TooLarge
from services.auth.domain.api_keys import BadKeyRequest, NoSuchKey, ScopesNotYours, TooManyKeys
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.keystores import KeystoreLoginRefused, TooManyDerivations
from services.auth.domain.people import TooManyGuesses

CHALLENGE = 'Basic realm="dcp", Bearer realm="dcp"'
NO_CREDENTIAL = "Authentication method not provided"
BAD_KEYSTORE = "Invalid identity keystore or password"
BAD_KEY = "Invalid API key"
NONE: Mapping[str, str] = {}
MEMBERS = {"seconds": "expiresIn"}  # as this API spells them
_CODES: Mapping[int, str] = {
    400: "BadRequest",
    404: "NotFound",
    405: "MethodNotAllowed",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    500: "InternalError",
}

# class -> (status, code, text)
RESPONSES: dict[type[Exception], tuple[int, str, str]] = {
    KeystoreLoginRefused: (401, "InvalidKeystore", BAD_KEYSTORE),
    CredentialRefused: (401, "InvalidKeystore", BAD_KEYSTORE),
    NoSuchKey: (404, "KeyNotFound", "Key not found"),
    TooManyKeys: (409, "TooManyKeys", "This identity has too many API keys: revoke one first"),
    TooManyGuesses: (429, "TooManyAttempts", "Too many failed attempts: try again later"),
    TooManyDerivations: (503, "Busy", "Too many keystores are being opened: try again later"),
    StoreUnavailable: (503, "Unavailable", "Credentials cannot be checked right now"),
    UnknownCoding: (415, "UnsupportedMediaType", "The body's Content-Encoding must be gzip or none"),
}


def answer(body: object, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(status: int, code: str, text: str, headers: Mapping[str, str] = NONE, **more: Any) -> Response:
    response = answer({"error": text, "message": text, "code": code, **more}, status)
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    response.headers.update(dict(headers))
    return response


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    if isinstance(error, BadKeyRequest):
        return invalid(MEMBERS.get(error.member, error.member), error.reason)
    if isinstance(error, ScopesNotYours):
        return refusal(403, "ScopeMissing", f"The key may not have the scope {' '.join(error.missing)}")
    if isinstance(error, TooLarge):
        return refusal(413, "TooLarge", error.message)
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            status, code, text = RESPONSES[ancestor]
            seconds = getattr(error, "retry_after", 1 if status == 503 else None)
            return refusal(status, code, text, {} if seconds is None else {"Retry-After": str(seconds)})
    if isinstance(error, BadParams):
        return invalid(error.field, error.message)
    raise KeyError(type(error).__name__)


def invalid(path: str, reason: str) -> Response:
    text = reason if reason.startswith("The ") else f"{path} {reason}"
    return refusal(400, "InvalidRequest", text, detail=[{"path": path, "reason": reason}])


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    more = {"requestId": request_ids.current()} if status >= 500 else {}
    return refusal(status, _CODES.get(status, "Error"), text, NONE, **more)
