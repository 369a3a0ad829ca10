"""What each refusal looks like to an Ocean client: one table, and the exact shapes of contract 0.4.

E1  400  {"errors": {field: [text] | text}, "message": "Validation error", "success": false}
E2  4xx  {"error": text}
E3  any  {"error": text, "context": null}   routing mistakes and our own bugs

ocean.js shows the first key of an error object, so `error` comes first. `context` upstream repeats the
request, signatures included; here it is always null.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from libs.signing.errors import MalformedAddress
from services.auth.domain import tokens, wallets
from services.auth.domain.errors import AuthError, LedgerUnavailable, StoreUnavailable
from services.auth.domain.signing_keys import NoActiveKey

STRIPPED_URL = "<URL stripped for security reasons>"
FieldMessages = Mapping[str, str | list[str]]

# class -> (status, text) of E2.
RESPONSES: dict[type[Exception], tuple[int, str]] = {
    tokens.TokenInvalid: (400, "Token is invalid."),
    tokens.TokenOutlived: (400, "Token is expired."),
    tokens.TokenRevoked: (400, "Token is deleted."),
    LedgerUnavailable: (503, "Nonces cannot be checked right now."),
    StoreUnavailable: (503, "Tokens cannot be checked right now."),
    NoActiveKey: (503, "Tokens cannot be made right now."),
}

# class -> the `errors` object of E1.
FIELD_RESPONSES: dict[type[Exception], Callable[[Any], FieldMessages]] = {
    MalformedAddress: lambda _: {"address": ["The address must be a valid address."]},
    tokens.ExpirationPassed: lambda _: {"expiration": ["Invalid timestamp provided."]},
    wallets.MalformedNonce: lambda _: {"nonce": ["The nonce must be a number."]},
    wallets.SignatureRefused: lambda e: {
        "signature": f"Invalid signature for ethereum address {e.address} and nonce {e.nonce}."
    },
    wallets.NonceTooLow: lambda e: {
        "signature": f"Invalid signature expected nonce ({e.stored}) > current nonce ({e.sent})."
    },
    wallets.UnsupportedChain: lambda e: {"chainId": [f"Unsupported chain ID {e.chain_id}"]},
}


class FieldErrors(AuthError):
    """Parameters of the wrong shape; `messages` is the `errors` object of E1."""

    def __init__(self, messages: FieldMessages) -> None:
        super().__init__("parameters of the wrong shape")
        self.messages = messages


class RequestTooLarge(AuthError):
    """The query or body exceeds its limit; the message is a sentence of ours."""


def json_response(body: object, status: int = 200) -> Response:
    """Compact JSON in the key order given (clients depend on the order of error objects)."""
    return Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class no table names."""
    if isinstance(error, FieldErrors):
        return _validation_error(error.messages)
    if isinstance(error, RequestTooLarge):
        return _edge_error(str(error), 413)
    for ancestor in type(error).__mro__:
        if ancestor in FIELD_RESPONSES:
            return _validation_error(FIELD_RESPONSES[ancestor](error))
        if ancestor in RESPONSES:
            status, text = RESPONSES[ancestor]
            response = json_response({"error": text}, status)
            if status == 503:
                response.headers["Retry-After"] = "1"
            return response
    raise KeyError(type(error).__name__)


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """E3 for what no handler saw: unknown routes, wrong methods, our own bugs."""
    return _edge_error(str(error) if isinstance(error, HTTPException) else text, status)


def _validation_error(messages: FieldMessages) -> Response:
    return json_response({"errors": dict(messages), "message": "Validation error", "success": False}, 400)


def _edge_error(text: str, status: int) -> Response:
    safe = " ".join(STRIPPED_URL if "://" in word else word for word in text.split())
    return json_response({"error": safe, "context": None}, status)
