"""Refusals of this room: `{"error": code, "error_description": text}`, codes as in RFC 6749 and 6750."""

import json
from collections.abc import Mapping

from flask import Response

from libs.web.json_bodies import UnknownCoding
from libs.web.params import BadParams, TooLarge
from services.auth.domain.api_keys import BadKeyRequest, NoSuchKey, ScopesNotYours, TooManyKeys
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.grants import GrantRevoked
from services.auth.domain.signing_keys import NoActiveKey

MEMBERS = {"seconds": "expires_in"}  # as this API spells them

# class -> (status, code, text)
RESPONSES: dict[type[Exception], tuple[int, str, str]] = {
    NoSuchKey: (404, "not_found", "You have no such key."),
    TooManyKeys: (409, "too_many_keys", "You have as many keys as one may have: revoke one first."),
    GrantRevoked: (401, "invalid_token", "You may not sign in any more."),
    StoreUnavailable: (503, "temporarily_unavailable", "Keys cannot be asked for right now."),
    NoActiveKey: (503, "temporarily_unavailable", "Tokens cannot be made right now."),
    UnknownCoding: (415, "unsupported_media_type", "The body's Content-Encoding must be gzip or none."),
}


def answer(body: Mapping[str, object], status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(status: int, code: str, text: str) -> Response:
    response = answer({"error": code, "error_description": text}, status)
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    if isinstance(error, BadKeyRequest):
        return refusal(400, "invalid_request", f"{MEMBERS.get(error.member, error.member)} {error.reason}.")
    if isinstance(error, ScopesNotYours):
        return refusal(403, "insufficient_scope", f"You may not do this here: {' '.join(error.missing)}.")
    if isinstance(error, TooLarge):
        return refusal(413, "too_large", error.message)
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            return refusal(*RESPONSES[ancestor])
    if isinstance(error, BadParams):
        return refusal(400, "invalid_request", error.message)
    raise KeyError(type(error).__name__)
