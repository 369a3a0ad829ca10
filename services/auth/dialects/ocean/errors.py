"""What each refusal looks like to an Ocean client: one table, in the shapes of libs/web/ocean_shapes.py."""

from collections.abc import Callable
from typing import Any

from flask import Response

from libs.signing.errors import MalformedAddress
from libs.web.ocean_shapes import (
    FieldErrors,
    FieldMessages,
    RequestTooLarge,
    edge_error,
    json_response,
    validation_error,
)
from services.auth.domain import tokens, wallets
from services.auth.domain.errors import LedgerUnavailable, StoreUnavailable
from services.auth.domain.signing_keys import NoActiveKey

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


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class no table names."""
    if isinstance(error, FieldErrors):
        return validation_error(error.messages)
    if isinstance(error, RequestTooLarge):
        return edge_error(str(error), 413)
    for ancestor in type(error).__mro__:
        if ancestor in FIELD_RESPONSES:
            return validation_error(FIELD_RESPONSES[ancestor](error))
        if ancestor in RESPONSES:
            status, text = RESPONSES[ancestor]
            response = json_response({"error": text}, status)
            if status == 503:
                response.headers["Retry-After"] = "1"
            return response
    raise KeyError(type(error).__name__)
