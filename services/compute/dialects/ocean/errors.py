"""What each refusal looks like to an Ocean client: one table, in the shapes of libs/web/ocean_shapes.py.

A refusal of the provider's names its resource: {"error": {"dataset.serviceId": "order_invalid"}}.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response

from libs.signing.errors import MalformedAddress
from libs.web.ocean_form import required
from libs.web.ocean_shapes import (
    FieldErrors,
    FieldMessages,
    RequestTooLarge,
    edge_error,
    json_response,
    refusal,
    render_edge,
    safe_text,
    validation_error,
)
from libs.web.ranges import NotSatisfiable, unsatisfied
from services.compute.domain import errors
from services.compute.ports import provider, tokens
from services.compute.usecases import wallet_requests

__all__ = ["ROOTS", "edge_error", "json_response", "refusal", "render", "render_edge", "validation_error"]

ROOTS: Final = (errors.ComputeError, FieldErrors, RequestTooLarge, MalformedAddress, NotSatisfiable)
NOT_PROVEN: Final = "Invalid signature provided. Please check the nonce or documentId."
RETRY_SECONDS: Final = {503: "1", 429: "60"}

Text = str | Callable[[Any], str]

# class -> (status, text) of E2. The nearest class in the error's own ancestry answers.
RESPONSES: Final[Mapping[type[Exception], tuple[int, Text]]] = {
    errors.EnvironmentUnknown: (400, "Environment invalid or does not exist"),
    errors.EnvironmentRefuses: (400, str),
    errors.BadSpec: (400, lambda e: " ".join(text for _, text in e.problems)),
    errors.QuotaExceeded: (429, str),
    errors.AgreementInUse: (400, "`agreementId` already in use for other job."),
    errors.JobNotFound: (404, "No such job."),
    errors.OutputNotFound: (404, "No such result."),
    errors.StoreUnavailable: (503, "Jobs cannot be read or taken right now."),
    errors.FilesUnavailable: (503, "Results cannot be read right now."),
    provider.ProviderUnavailable: (503, "Orders and nonces cannot be checked right now; nothing was done."),
    tokens.TokensUnavailable: (503, "The AuthToken cannot be checked right now."),
}

# class -> the `errors` object of E1.
FIELD_RESPONSES: Final[Mapping[type[Exception], Callable[[Any], FieldMessages]]] = {
    MalformedAddress: lambda _: {"consumerAddress": ["The consumerAddress must be a valid address."]},
    wallet_requests.CredentialMissing: lambda _: {"signature": [NOT_PROVEN]},
    wallet_requests.NonceMissing: lambda _: {"nonce": [required("nonce")]},
    wallet_requests.SignatureRefused: lambda e: {
        "signature": f"Invalid signature for ethereum address {e.address} and nonce {e.nonce}."
    },
    tokens.TokenRefused: lambda _: {"signature": [NOT_PROVEN]},
    provider.NonceTooLow: lambda e: {
        "signature": f"Invalid signature expected nonce ({e.stored}) > current nonce ({e.sent})."
    },
}


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class no table names."""
    if isinstance(error, FieldErrors):
        return validation_error(error.messages)
    if isinstance(error, RequestTooLarge):
        return edge_error(str(error), 413)
    if isinstance(error, provider.UseRefused):
        return use_refused(error)
    if isinstance(error, NotSatisfiable):
        response = refusal("No byte of this range is there.", 416)
        response.headers["Content-Range"] = unsatisfied(error.size)
        return response
    for ancestor in type(error).__mro__:
        if ancestor in FIELD_RESPONSES:
            return validation_error(FIELD_RESPONSES[ancestor](error))
        if ancestor in RESPONSES:
            status, text = RESPONSES[ancestor]
            response = refusal(text if isinstance(text, str) else text(error), status)
            if status in RETRY_SECONDS:
                response.headers["Retry-After"] = RETRY_SECONDS[status]
            return response
    raise KeyError(type(error).__name__)


def use_refused(error: provider.UseRefused) -> Response:
    text = safe_text(error.code)
    extra = {
        name: safe_text(value) if isinstance(value, str) else value
        for name, value in error.extra.items()
        if name != "error"
    }
    return json_response({"error": {error.resource: text} if error.resource else text, **extra}, 400)
