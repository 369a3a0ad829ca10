"""What each refusal looks like to an Ocean client: one table, in the shapes of libs/web/ocean_shapes.py."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response

from libs.chain import errors as chain
from libs.web.ocean_shapes import (
    FieldErrors,
    FieldMessages,
    RequestTooLarge,
    edge_error,
    json_response,
    safe_text,
    validation_error,
)
from services.provider.domain import (
    access,
    asset,
    callers,
    consumable,
    documents,
    fees,
    file_types,
    files,
    nonces,
    order_errors,
    origins,
    userdata,
)
from services.provider.domain.errors import UnsupportedChain

SIGNATURE_NOT_PROVEN = "Invalid signature provided. Please check the nonce or documentId."

RETIRED = {
    documents.State.END_OF_LIFE: "Asset end of life",
    documents.State.DEPRECATED: "Asset deprecated",
    documents.State.REVOKED: "Asset revoked",
}

FILE_UNREACHABLE = "Asset URL not found, not available or invalid."

Text = str | Callable[[Any], str]
Status = int | Callable[[Any], int]


def _payload(error: access.FileUnreachable) -> str:
    asked = {"documentId": error.did, "serviceId": error.service_id, "fileIndex": error.file_index}
    return f"{FILE_UNREACHABLE} Payload was: {json.dumps(asked)}"


def _denied(error: consumable.AccessDenied) -> str:
    return f"Error: Access to asset {error.did} was denied with code: ConsumableCodes.{error.code}."


def _gateway_status(error: Any) -> int:
    """What lies behind us failed: too late, or otherwise."""
    return 504 if error.timed_out else 502


# class -> (status, text). The nearest class in the error's own ancestry answers; new topics add rows here.
RESPONSES: dict[type[Exception], tuple[Status, Text]] = {
    UnsupportedChain: (400, lambda e: f"Unsupported chain ID {e.chain_id}"),
    documents.DecrypterNotAuthorized: (403, "Decrypter not authorized"),
    documents.AssetRetired: (403, lambda e: RETIRED[e.state]),
    documents.UnknownState: (400, "Invalid MetadataState"),
    documents.ForeignNft: (400, "Asset not deployed by the data NFT factory."),
    documents.UnusableTransaction: (400, "Failed to process transaction id."),
    documents.UnusableArguments: (400, "Failed to convert input args to bytes."),
    documents.NotDecryptable: (400, "Failed to decrypt."),
    documents.NotDecompressible: (400, "Failed to decompress"),
    documents.WrongChecksum: (400, "Checksum doesn't match."),
    documents.NotADocument: (400, "Only asset documents are decrypted here."),
    asset.AssetNotFound: (400, "Cannot resolve DID"),
    asset.MalformedAsset: (400, "Asset malformed or disabled."),
    asset.ServiceNotFound: (400, "Invalid serviceId."),
    asset.CatalogueUnavailable: (_gateway_status, "The metadata cache cannot be used right now."),
    consumable.AssetNotConsumable: (400, "Asset is not consumable."),
    consumable.AccessDenied: (400, _denied),
    access.AccessControlDenied: (400, "RBAC Validation failed!"),
    access.AccessControlUnavailable: (_gateway_status, "The access control server cannot be used right now."),
    access.NotAnAccessService: (
        400,
        lambda e: f"Service with index={e.service_id} is not an access service.",
    ),
    access.ComputeQuotedElsewhere: (
        400,
        "Use the initializeCompute endpoint to initialize compute jobs.",
    ),
    access.WrongValidUntil: (400, "The validUntil value is not correct."),
    access.EnvironmentNotFound: (400, "Compute environment does not exist"),
    access.EnvironmentsUnavailable: (
        _gateway_status,
        "The compute environments cannot be asked right now.",
    ),
    access.FileUnreachable: (400, _payload),
    order_errors.OrderRefused: (400, str),
    fees.FeeTooLarge: (500, "The configured fee cannot be charged in its token."),
    files.FilesUnusable: (400, "Unable to get dataset files"),
    files.NoSuchFile: (400, lambda e: f"No such fileIndex {e.index}"),
    file_types.FileObjectRefused: (400, lambda e: e.text),
    userdata.ParametersMissing: (400, lambda e: f"Missing userparams: {','.join(e.names)}"),
    origins.OriginRefused: (502, FILE_UNREACHABLE),
    origins.OriginUnavailable: (_gateway_status, FILE_UNREACHABLE),
    origins.ContractReadFailed: (502, FILE_UNREACHABLE),
    origins.TooManyProbes: (429, "Too many files are being looked at right now. Try again in a moment."),
    callers.AuthUnavailable: (503, "The AuthToken cannot be checked right now."),
    nonces.LedgerUnavailable: (503, "Nonces cannot be checked right now."),
    chain.RpcTimeout: (504, "The blockchain node did not answer in time."),
    chain.UnknownChain: (400, lambda e: f"Unsupported chain ID {e.chain_id}"),
    chain.ChainError: (502, "The blockchain node cannot be used right now."),
}

# class -> a machine-readable word for programs, as the member `reason` after the known ones.
REASONS: dict[type[Exception], Callable[[Any], str]] = {
    asset.MalformedAsset: lambda e: e.reason,
    consumable.AssetNotConsumable: lambda e: e.code,
    consumable.AccessDenied: lambda e: e.code,
    order_errors.OrderRefused: lambda e: e.cause.code,
}

# class -> the `errors` object of E1.
FIELD_RESPONSES: dict[type[Exception], Callable[[Any], FieldMessages]] = {
    order_errors.MalformedTxId: lambda _: {"transferTxId": ["The transferTxId format is invalid."]},
    userdata.UserdataUnreadable: lambda _: {"userdata": ["The userdata must be a JSON object."]},
    callers.MalformedAddress: lambda e: {e.field: [f"The {e.field} must be a valid address."]},
    callers.CredentialMissing: lambda _: {"signature": [SIGNATURE_NOT_PROVEN]},
    callers.TokenRefused: lambda _: {"signature": [SIGNATURE_NOT_PROVEN]},
    callers.SignatureRefused: lambda e: {
        "signature": f"Invalid signature for ethereum address {e.address} and nonce {e.nonce}."
    },
    nonces.MalformedNonce: lambda _: {"nonce": ["The nonce must be a number."]},
    nonces.NonceTooLow: lambda e: {
        "signature": f"Invalid signature expected nonce ({e.stored}) > current nonce ({e.sent})."
    },
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
            return _refused(error, *RESPONSES[ancestor])
    raise KeyError(type(error).__name__)


def _refused(error: Exception, status: Status, text: Text) -> Response:
    body = {"error": safe_text(text if isinstance(text, str) else text(error))}
    reason = REASONS.get(type(error))
    if reason is not None:
        body["reason"] = safe_text(reason(error))
    return json_response(body, status if isinstance(status, int) else status(error))
