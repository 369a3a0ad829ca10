"""What the routes of this room take and give, for the API description; held against the real routes by
tests/contract/openapi.
"""

from collections.abc import Mapping

from libs.openapi.document import JSON, OCTETS, Field, Operation, Reply, Schema, json_reply, object_of
from services.catalogue.domain.ddo_shapes import VERSIONS

PREFIX = "/api/aquarius"

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_OBJECT: Schema = {"type": "object"}
_HEX32: Schema = {"type": "string", "pattern": "^0x[0-9a-f]{1,64}$"}

SCHEMAS: Mapping[str, Schema] = {
    "Error": object_of({"error": _TEXT}, {"reason": _TEXT}),
    "Software": object_of({"software": _TEXT, "version": _TEXT, "plugin": _TEXT}),
    "Hits": object_of(
        {
            "took": _WHOLE,
            "timed_out": {"type": "boolean"},
            "hits": object_of(
                {
                    "total": object_of({"value": _WHOLE, "relation": {"const": "eq"}}),
                    "max_score": {"type": ["number", "null"]},
                    "hits": {"type": "array", "items": _OBJECT},
                }
            ),
        },
        {"_shards": _OBJECT, "aggregations": _OBJECT},
    ),
    "Voucher": object_of(
        {
            "hash": _HEX32,
            "publicKey": _TEXT,
            "v": {"enum": [27, 28]},
            "r": {"type": "array", "items": _HEX32, "minItems": 1, "maxItems": 1},
            "s": {"type": "array", "items": _HEX32, "minItems": 1, "maxItems": 1},
        }
    ),
    "DidState": object_of(
        {
            "nft": {"type": ["string", "null"]},
            "did": {"type": ["string", "null"]},
            "chain_id": {"type": ["integer", "null"]},
            "tx_id": {"type": ["string", "null"]},
            "valid": {"type": ["boolean", "null"]},
            "error": {"type": ["string", "null"]},
        }
    ),
}
_REFUSED = json_reply("Not understood; the error says why.", "Error")
_NOT_FOUND = json_reply("There is none.", "Error")
_TOO_LARGE = json_reply("The body is too large.", "Error")
_UNAVAILABLE = json_reply("The index cannot be used right now.", "Error")
_DID = Field("did", _TEXT, place="path", required=True, example="did:op:" + "0" * 64)


def _get(path: str, summary: str, fields: tuple[Field, ...], replies: Mapping[int, Reply]) -> Operation:
    return Operation(
        path=PREFIX + path,
        methods=("GET",),
        tag="catalogue",
        summary=summary,
        fields=fields,
        replies={503: _UNAVAILABLE, **replies},
    )


def _post(path: str, summary: str, body: Mapping[str, Schema], replies: Mapping[int, Reply]) -> Operation:
    return Operation(
        path=PREFIX + path,
        methods=("POST",),
        tag="catalogue",
        summary=summary,
        body=body,
        replies={400: _REFUSED, 413: _TOO_LARGE, 503: _UNAVAILABLE, **replies},
    )


def _asked(*names: str) -> tuple[Field, ...]:
    return (*(Field(name, _TEXT, place="query") for name in names), Field("chainId", _WHOLE, place="query"))


def _root(path: str) -> Operation:
    return Operation(
        path=path,
        methods=("GET",),
        tag="discovery",
        summary="What this is.",
        replies={200: json_reply("Name and version.", "Software")},
    )


# At the service's own root, which the gateway gives to the provider.
OWN_ROOT = _root("/")

OPERATIONS: tuple[Operation, ...] = (
    _root(PREFIX),
    _root(PREFIX + "/"),
    _get("/health", "For old clients.", (), {200: Reply("A sentence.", {"text/html": _TEXT})}),
    _get("/spec", "This description.", (), {200: json_reply("OpenAPI 3.1.", _OBJECT)}),
    _get(
        "/assets/ddo/{did}",
        "The document of an asset.",
        (_DID,),
        {
            200: json_reply("With an ETag.", _OBJECT),
            304: Reply("Unchanged (If-None-Match)."),
            404: _NOT_FOUND,
        },
    ),
    _get(
        "/assets/metadata/{did}",
        "The metadata of an asset.",
        (_DID,),
        {200: json_reply("The member `metadata`.", _OBJECT), 404: _NOT_FOUND},
    ),
    _post(
        "/assets/names",
        "Names by DID.",
        {JSON: object_of({"didList": {"type": "array", "items": _TEXT, "minItems": 1}})},
        {200: json_reply("By DID.", {"type": "object", "additionalProperties": _TEXT})},
    ),
    _post(
        "/assets/query",
        "Search: docs/catalogue-queries.md.",
        {JSON: _OBJECT},
        {200: json_reply("Hits and aggregations.", "Hits")},
    ),
    _post(
        "/assets/ddo/validate",
        "Check a document and sign its hash.",
        {OCTETS: {}},
        {
            200: json_reply("It is valid.", "Voucher"),
            400: json_reply("What is wrong, by member.", {"type": ["object", "array"]}),
        },
    ),
    _post(
        "/assets/triggerCaching",
        "Have a transaction indexed again.",
        {
            JSON: object_of(
                {"transactionId": {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"}},
                {"chain_id": _WHOLE, "chainId": _WHOLE, "logIndex": _WHOLE},
            )
        },
        {200: Reply("Queued.", {JSON: {}})},
    ),
    _get(
        "/state/ddo",
        "What became of an asset: one of did, nft and txId.",
        _asked("did", "nft", "txId"),
        {200: json_reply("The newest event.", "DidState"), 400: _REFUSED, 404: _NOT_FOUND},
    ),
    _get(
        "/state/retryQueue",
        "What waits to be indexed, and what was given up.",
        _asked("did", "nft", "type"),
        {200: json_reply("In the form of a search.", "Hits"), 400: _REFUSED},
    ),
    _get(
        "/chains/list",
        "The chains that are indexed.",
        (),
        {
            200: json_reply("By chain id.", {"type": "object", "additionalProperties": {"const": True}}),
            404: _NOT_FOUND,
        },
    ),
    _get(
        "/chains/status/{chain_id}",
        "How far a chain is indexed.",
        (Field("chain_id", _TEXT, place="path", required=True, example="8996"),),
        {200: json_reply("", object_of({"last_block": _WHOLE, "version": _TEXT})), 404: _NOT_FOUND},
    ),
    _get(
        "/validation/schema",
        "The JSON Schema of a DDO version.",
        (Field("version", {"type": "string", "enum": list(VERSIONS)}, place="query"),),
        {200: json_reply("JSON Schema.", _OBJECT), 400: _REFUSED, 404: _NOT_FOUND},
    ),
)
