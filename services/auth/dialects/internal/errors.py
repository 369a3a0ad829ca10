"""Refusals as the other services read them: `{"error": code}`, never a text to parse."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response

from services.auth.domain.errors import AuthError, StoreUnavailable
from services.auth.domain.keystores import TooManyDerivations
from services.auth.domain.people import TooManyGuesses
from services.auth.domain.service_clients import UnknownClient
from services.auth.domain.signing_keys import NoActiveKey


class BadRequest(AuthError):
    """The caller sent something else than agreed; `code` is RFC 6749's where it has one."""

    def __init__(self, code: str = "invalid_request") -> None:
        super().__init__(code)
        self.code = code


RESPONSES: dict[type[AuthError], tuple[int, str, Mapping[str, str]]] = {
    UnknownClient: (401, "invalid_client", {"WWW-Authenticate": 'Basic realm="internal"'}),
    StoreUnavailable: (503, "store_unavailable", {"Retry-After": "1"}),
    NoActiveKey: (503, "no_signing_key", {"Retry-After": "30"}),
    TooManyDerivations: (503, "busy", {"Retry-After": "10"}),
}


def render(error: AuthError) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    if isinstance(error, BadRequest):
        return answer({"error": error.code}, 400)
    if isinstance(error, TooManyGuesses):
        response = answer({"error": "too_many_requests"}, 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            status, code, headers = RESPONSES[ancestor]
            response = answer({"error": code}, status)
            response.headers.extend(dict(headers))
            return response
    raise KeyError(type(error).__name__)


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
