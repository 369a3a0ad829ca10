"""The room's OpenAPI document, for people and tools."""

from typing import Any

from services.catalogue.domain.ddo_shapes import VERSIONS
from services.catalogue.version import VERSION

_ERROR = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
_OBJECT: dict[str, Any] = {"type": "object"}
_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}


def specification(public_url: str) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "Aquarius API", "version": VERSION},
        "servers": [{"url": public_url.rstrip("/") or "/"}],
        "paths": {f"/api/aquarius{path}": methods for path, methods in _paths().items()},
    }


def _paths() -> dict[str, Any]:
    return {
        "/assets/ddo/{did}": {"get": _get("The document of an asset", [_in("path", "did")], {304, 404})},
        "/assets/metadata/{did}": {"get": _get("The metadata of an asset", [_in("path", "did")], {404})},
        "/assets/names": {"post": _post("Names by DID", _names(), {400, 413})},
        "/assets/query": {"post": _post("Search", {"application/json": {"schema": _OBJECT}}, {400, 413})},
        "/assets/ddo/validate": {
            "post": _post(
                "Check a document and sign its hash",
                {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
                {400, 413},
            )
        },
        "/assets/triggerCaching": {"post": _post("Index a transaction again", _trigger(), {400, 413, 503})},
        "/state/ddo": {"get": _get("What became of a DID", _asked("did", "nft", "txId"), {400, 404})},
        "/state/retryQueue": {"get": _get("What waits", _asked("did", "nft", "type"), {400})},
        "/chains/list": {"get": _get("The chains that are indexed", [], {404})},
        "/chains/status/{chain_id}": {"get": _get("One chain", [_in("path", "chain_id")], {404})},
        "/validation/schema": {
            "get": _get(
                "The schema of a version",
                [_in("query", "version", {"type": "string", "enum": list(VERSIONS)})],
                {400, 404},
            )
        },
        "/": {"get": _get("What this is", [], set())},
    }


def _in(place: str, name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"in": place, "name": name, "required": place == "path", "schema": schema or _TEXT}


def _asked(*names: str) -> list[dict[str, Any]]:
    return [*(_in("query", name) for name in names), _in("query", "chainId", _WHOLE)]


def _names() -> dict[str, Any]:
    dids = {"type": "array", "items": _TEXT, "minItems": 1}
    schema = {"type": "object", "properties": {"didList": dids}, "required": ["didList"]}
    return {"application/json": {"schema": schema}}


def _trigger() -> dict[str, Any]:
    properties = {
        "transactionId": {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"},
        "chain_id": _WHOLE,
        "logIndex": _WHOLE,
    }
    schema = {"type": "object", "properties": properties, "required": ["transactionId", "chain_id"]}
    return {"application/json": {"schema": schema}}


def _get(summary: str, parameters: list[dict[str, Any]], others: set[int]) -> dict[str, Any]:
    return {"summary": summary, "parameters": parameters, "responses": _responses(others)}


def _post(summary: str, content: dict[str, Any], others: set[int]) -> dict[str, Any]:
    body = {"required": True, "content": content}
    return {"summary": summary, "requestBody": body, "responses": _responses(others)}


def _responses(others: set[int]) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "Done"}}
    for status in sorted(others):
        responses[str(status)] = {"description": "Not modified" if status == 304 else "Refused"}
    responses["503"] = {
        "description": "The index cannot be used right now",
        "content": {"application/json": {"schema": _ERROR}},
    }
    return responses
