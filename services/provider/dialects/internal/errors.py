"""Refusals as the other services read them: `{"error": code, ...facts}`, never a text to parse."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from libs.chain import errors as chain
from services.provider.domain import (
    access,
    asset,
    callers,
    fees,
    file_types,
    files,
    grants,
    nonces,
    origins,
    userdata,
)
from services.provider.domain.errors import ProviderError, UnsupportedChain


class BadRequest(ProviderError):
    """The caller, one of our own services, sent something else than agreed."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is missing or of the wrong type")
        self.field = field


Facts = Callable[[Any], Mapping[str, Any]]


def _none(_: Exception) -> Mapping[str, Any]:
    return {}


INPUT_UNAVAILABLE = (502, "input_unavailable", _none)

RESPONSES: dict[type[Exception], tuple[int, str, Facts]] = {
    BadRequest: (400, "bad_request", lambda e: {"field": e.field}),
    callers.MalformedAddress: (400, "malformed_address", _none),
    nonces.MalformedNonce: (400, "malformed_nonce", _none),
    nonces.NonceTooLow: (409, "nonce_too_low", lambda e: {"stored": e.stored, "sent": e.sent}),
    nonces.LedgerUnavailable: (503, "ledger_unavailable", _none),
    grants.GrantRefused: (403, "grant_refused", _none),
    grants.GrantsUnavailable: (503, "grants_unavailable", _none),
    grants.InputChanged: (502, "input_unavailable", lambda _: {"reason": "changed"}),
    origins.OriginRefused: INPUT_UNAVAILABLE,
    origins.OriginUnavailable: INPUT_UNAVAILABLE,
    origins.ContractReadFailed: INPUT_UNAVAILABLE,
    origins.TooManyProbes: (503, "busy", _none),
    # The document changed since the grant was made.
    files.FilesUnusable: INPUT_UNAVAILABLE,
    files.NoSuchFile: INPUT_UNAVAILABLE,
    file_types.FileObjectRefused: INPUT_UNAVAILABLE,
    userdata.UserdataUnreadable: INPUT_UNAVAILABLE,
    userdata.ParametersMissing: INPUT_UNAVAILABLE,
    asset.CatalogueUnavailable: (503, "catalogue_unavailable", _none),
    access.AccessControlUnavailable: (503, "access_control_unavailable", _none),
    fees.FeeTooLarge: (500, "fee_too_large", _none),
    UnsupportedChain: (400, "unknown_chain", _none),
    chain.UnknownChain: (400, "unknown_chain", _none),
    chain.ChainError: (502, "chain_unavailable", _none),
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
