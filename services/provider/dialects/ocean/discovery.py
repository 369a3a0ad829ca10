"""`GET /`: which chains, which addresses, which paths. Clients fetch it before every call.

Source: contract section 1. Built once; no request touches a chain.
"""

import hashlib
import json
from collections.abc import Mapping

from flask import Blueprint, Response, request

from libs.web.gate import public
from services.provider.version import VERSION

MAX_AGE_SECONDS = 30

# Each value is exactly [METHOD, path]: clients use both blindly, so the methods are the upstream ones.
SERVICE_ENDPOINTS: Mapping[str, tuple[str, str]] = {
    "nonce": ("GET", "/api/services/nonce"),
    "encrypt": ("POST", "/api/services/encrypt"),
    "decrypt": ("POST", "/api/services/decrypt"),
    "fileinfo": ("POST", "/api/services/fileinfo"),
    "initialize": ("GET", "/api/services/initialize"),
    "initializeCompute": ("POST", "/api/services/initializeCompute"),
    "download": ("GET", "/api/services/download"),
    "computeStart": ("POST", "/api/services/compute"),
    "computeStatus": ("GET", "/api/services/compute"),
    "computeStop": ("PUT", "/api/services/compute"),
    "computeDelete": ("DELETE", "/api/services/compute"),
    "computeResult": ("GET", "/api/services/computeResult"),
    "computeEnvironments": ("GET", "/api/services/computeEnvironments"),
    "validateContainer": ("POST", "/api/services/validateContainer"),
    "create_auth_token": ("GET", "/api/services/createAuthToken"),
    "delete_auth_token": ("DELETE", "/api/services/deleteAuthToken"),
    "createAuthToken": ("GET", "/api/services/createAuthToken"),
    "deleteAuthToken": ("DELETE", "/api/services/deleteAuthToken"),
}


def document(addresses: Mapping[int, str]) -> dict[str, object]:
    """The root document; the singular forms appear only where they mislead nobody."""
    body: dict[str, object] = {
        "chainIds": list(addresses),
        "providerAddresses": {str(chain_id): address for chain_id, address in addresses.items()},
        "serviceEndpoints": {name: list(where) for name, where in SERVICE_ENDPOINTS.items()},
        "software": "Provider",
        "version": VERSION,
    }
    if len(set(addresses.values())) == 1:
        first = next(iter(addresses))
        body |= {"chainId": first, "providerAddress": addresses[first]}
    return body


def add(room: Blueprint, addresses: Mapping[int, str]) -> None:
    payload = json.dumps(document(addresses), separators=(",", ":")).encode()
    etag = f'"{hashlib.sha256(payload).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"}

    @room.get("/")
    @public
    def root() -> Response:
        if request.if_none_match.contains_weak(etag.strip('"')):
            return Response(status=304, headers=headers)
        return Response(payload, headers=headers, mimetype="application/json")
