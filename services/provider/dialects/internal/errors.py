"""Refusals as the other services read them: `{"error": code, ...facts}`, never a text to parse."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from libs.chain import errors as chain
from services.provider.domain import callers, nonces
from services.provider.domain.errors import ProviderError


class BadRequest(ProviderError):
    """The caller, one of our own services, sent something else than agreed."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is missing or of the wrong type")
        self.field = field


Facts = Callable[[Any], Mapping[str, Any]]

RESPONSES: dict[type[Exception], tuple[int, str, Facts]] = {
    BadRequest: (400, "bad_request", lambda e: {"field": e.field}),
    callers.MalformedAddress: (400, "malformed_address", lambda _: {}),
    nonces.MalformedNonce: (400, "malformed_nonce", lambda _: {}),
    nonces.NonceTooLow: (409, "nonce_too_low", lambda e: {"stored": e.stored, "sent": e.sent}),
    nonces.LedgerUnavailable: (503, "ledger_unavailable", lambda _: {}),
    chain.UnknownChain: (400, "unknown_chain", lambda _: {}),
    chain.ChainError: (502, "chain_unavailable", lambda _: {}),
}


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            status, code, facts = RESPONSES[ancestor]
            return answer({"error": code, **facts(error)}, status)
    raise KeyError(type(error).__name__)


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
