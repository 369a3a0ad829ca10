"""How a compute job's assets are refused: `{"refused": {"resource", "code", ...facts}}`, 422.

Codes are Ocean's (contract 1.3, 2.9). Where Ocean has a sentence instead, `code` is that sentence; without a
resource it is the whole answer.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from libs.chain.errors import UnknownChain
from services.provider.dialects.internal.errors import answer
from services.provider.domain import access, asset, compute, consumable, errors, userdata

Text = str | Callable[[Any], str]


def _denied(error: consumable.AccessDenied) -> str:
    return f"Error: Access to asset {error.did} was denied with code: ConsumableCodes.{error.code}."


# Facts about one asset, told beside its resource.
OF_ITEM: Mapping[type[Exception], Text] = {
    consumable.AssetNotConsumable: "Asset is not consumable.",
    consumable.AccessDenied: _denied,
    asset.MalformedAsset: "Asset malformed or disabled.",
    UnknownChain: lambda e: f"Unsupported chain ID {e.chain_id}",
    errors.UnsupportedChain: lambda e: f"Unsupported chain ID {e.chain_id}",
    userdata.ParametersMissing: lambda e: f"Missing userparams: {','.join(e.names)}",
    userdata.UserdataUnreadable: "The userdata must be a JSON object.",
}
# Facts about the request as a whole.
OF_REQUEST: Mapping[type[Exception], str] = {
    access.WrongValidUntil: "The validUntil value is not correct.",
    access.EnvironmentNotFound: "Compute environment does not exist",
    access.AccessControlDenied: "RBAC Validation failed!",
    compute.NotAnAlgorithm: "DID is not a valid algorithm",
}


def install(room: Blueprint) -> None:
    room.register_error_handler(compute.UseRefused, _use)
    room.register_error_handler(compute.ItemRefused, _item)
    for kind in OF_REQUEST:
        room.register_error_handler(kind, _request)


def _use(error: compute.UseRefused) -> Response:
    return _refused(error.resource, error.code, error.facts)


def _item(error: compute.ItemRefused) -> Response:
    text = OF_ITEM[type(error.cause)]
    facts = {}
    if isinstance(error.cause, consumable.AccessDenied | consumable.AssetNotConsumable):
        facts = {"reason": error.cause.code}
    return _refused(error.resource, text if isinstance(text, str) else text(error.cause), facts)


def _request(error: Exception) -> Response:
    return _refused(None, OF_REQUEST[type(error)], {})


def _refused(resource: str | None, code: str, facts: Mapping[str, Any]) -> Response:
    return answer({"refused": {"resource": resource, "code": code, **facts}}, 422)
