"""What the routes of this room take and give, for the API description; held against the real routes by
tests/contract/openapi.
"""

from libs.openapi.document import OCTETS, TEXT, Access, Field, Operation, Reply, Schema, json_reply, object_of
from libs.openapi.ocean import (
    ADDRESS,
    BAD_GATEWAY,
    BUSY,
    FORBIDDEN,
    HEX,
    NONCE,
    REFUSED,
    TIMEOUT,
    TOO_LARGE,
    TX_ID,
    UNAVAILABLE,
    USERDATA,
    WHOLE,
    address_field,
)
from libs.openapi.ocean import TEXT as ANY_TEXT
from services.provider.domain.file_types import TYPES

_DID = "did:op:7b0f30bbd0d6b9c3cc1d32a0f0b8f42b8b3f06b4a3e3b7f6d5a2c1e0f9a8b7c6"
_TX = "0x" + "ab" * 32
_HEX_REPLY = Reply("0x and hex.", {TEXT: HEX})

ROOT: Schema = object_of(
    {
        "chainIds": {"type": "array", "items": {"type": "integer"}},
        "providerAddresses": {"type": "object", "additionalProperties": ADDRESS},
        "serviceEndpoints": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 2,
                "maxItems": 2,
            },
        },
        "software": ANY_TEXT,
        "version": ANY_TEXT,
    },
    {"chainId": {"type": "integer"}, "providerAddress": ADDRESS},
)
FILE_INFO: Schema = object_of(
    {"index": {"type": "integer"}, "type": ANY_TEXT, "valid": {"type": "boolean"}},
    {
        "contentLength": {"type": ["string", "null"]},
        "contentType": {"type": ["string", "null"]},
        "filename": ANY_TEXT,
        "checksum": ANY_TEXT,
        "checksumType": {"const": "sha256"},
    },
)
FEE: Schema = object_of(
    {
        "providerFeeAddress": ADDRESS,
        "providerFeeToken": ADDRESS,
        "providerFeeAmount": {"type": "string", "pattern": "^[0-9]+$"},
        "providerData": HEX,
        "v": {"enum": [27, 28]},
        "r": TX_ID,
        "s": TX_ID,
        "validUntil": {"type": "integer"},
    }
)
QUOTE: Schema = object_of(
    {"datatoken": ADDRESS, "nonce": {"type": "number"}, "providerFee": FEE}, {"orderError": ANY_TEXT}
)

_ASSET_FIELDS = (
    Field("documentId", ANY_TEXT, "The asset's DID.", True, example=_DID),
    Field("serviceId", ANY_TEXT, "", True, example="0"),
    address_field("consumerAddress", "Who orders, and later downloads."),
)
_USERDATA = Field(
    "userdata", USERDATA, "Consumer parameters; in a query as JSON text.", example='{"year": 2024}'
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/",
        methods=("GET",),
        tag="discovery",
        summary="Chains, provider addresses and paths; clients read it first.",
        replies={200: json_reply("The document.", ROOT), 304: Reply("Unchanged (If-None-Match).")},
    ),
    Operation(
        path="/spec",
        methods=("GET",),
        tag="discovery",
        summary="This description.",
        replies={200: json_reply("OpenAPI 3.1.", {"type": "object"})},
    ),
    Operation(
        path="/api/services/nonce",
        methods=("GET", "POST"),
        tag="data",
        summary="The last nonce an address used.",
        fields=(address_field("userAddress", ""),),
        replies={
            200: json_reply("As a number of any size.", object_of({"nonce": {"type": "number"}})),
            400: REFUSED,
            413: TOO_LARGE,
            503: UNAVAILABLE,
        },
    ),
    Operation(
        path="/api/services/encrypt",
        methods=("GET", "POST"),
        tag="data",
        summary="Encrypt the body for the provider of a chain.",
        fields=(Field("chainId", WHOLE, "Else the first chain.", place="query", example=8996),),
        body={OCTETS: {}},
        replies={201: _HEX_REPLY, 400: REFUSED, 413: TOO_LARGE},
    ),
    Operation(
        path="/api/services/decrypt",
        methods=("POST",),
        access=Access.WALLET,
        tag="data",
        summary="An asset document in clear, as it was published.",
        description="Signed: `(transactionId or dataNftAddress) + decrypterAddress + chainId + nonce`. Its "
        "nonces count for themselves. Without `transactionId`, `encryptedDocument`, `flags` and "
        "`documentHash` are required.",
        fields=(
            address_field("decrypterAddress", ""),
            Field("chainId", WHOLE, "", True, example=8996),
            address_field("dataNftAddress", ""),
            Field("transactionId", TX_ID, example=_TX),
            Field("encryptedDocument", HEX),
            Field("flags", {"type": "integer", "minimum": 0, "maximum": 255}, "1 compressed, 2 encrypted."),
            Field("documentHash", TX_ID, "SHA-256 of the document."),
            NONCE,
        ),
        replies={
            201: Reply("The document.", {TEXT: ANY_TEXT}),
            400: REFUSED,
            403: FORBIDDEN,
            413: TOO_LARGE,
            502: BAD_GATEWAY,
            503: UNAVAILABLE,
            504: TIMEOUT,
        },
    ),
    Operation(
        path="/api/services/fileinfo",
        methods=("POST",),
        tag="data",
        summary="What can be seen of an asset's files, or of a file object.",
        description="Either `did` and `serviceId`, or `type` and that type's members.",
        fields=(
            Field("did", ANY_TEXT, example=_DID),
            Field("serviceId", ANY_TEXT, example="0"),
            Field("type", {"enum": [*sorted(TYPES), "asset"]}, "Of a file object."),
            Field("url", ANY_TEXT),
            Field("method", {"enum": ["GET", "POST", "get", "post"]}),
            Field("headers", {"type": ["object", "array"]}),
            Field("hash", ANY_TEXT, "ipfs"),
            Field("transactionId", ANY_TEXT, "arweave"),
            Field("lfn", ANY_TEXT, "lfn"),
            Field("share", ANY_TEXT, "lfn"),
            Field("query", ANY_TEXT, "graphql"),
            Field("address", ADDRESS, "smartcontract"),
            Field("chainId", WHOLE, "smartcontract"),
            Field("abi", {"type": "object"}, "smartcontract"),
            Field("checksum", {"type": ["boolean", "string"]}, "Work out a SHA-256 as well."),
            _USERDATA,
        ),
        replies={
            200: json_reply("One entry per file.", {"type": "array", "items": FILE_INFO}),
            400: REFUSED,
            413: TOO_LARGE,
            429: BUSY,
            502: BAD_GATEWAY,
            504: TIMEOUT,
        },
    ),
    Operation(
        path="/api/services/initialize",
        methods=("GET", "POST"),
        tag="data",
        summary="A quote to order with, or word that an order is still good.",
        fields=(
            *_ASSET_FIELDS,
            Field("fileIndex", WHOLE, "Look whether this file is there.", example=0),
            Field("transferTxId", TX_ID, "An order that may still be good.", example=_TX),
            Field("environment", ANY_TEXT),
            Field("validUntil", WHOLE),
            _USERDATA,
        ),
        replies={
            200: json_reply("Either.", {"oneOf": [QUOTE, object_of({"validOrder": TX_ID})]}),
            400: REFUSED,
            413: TOO_LARGE,
            429: BUSY,
            500: json_reply("The operator's fee cannot be charged.", "Refusal"),
            502: BAD_GATEWAY,
            504: TIMEOUT,
        },
    ),
    Operation(
        path="/api/services/download",
        methods=("GET", "HEAD", "POST"),
        access=Access.WALLET,
        tag="data",
        summary="A file's bytes, to whom an order entitles.",
        description="Signed: `documentId + nonce`. `Range` and `If-Range` work where the origin supports "
        "them. HEAD uses a nonce up as well. With an AuthToken the nonce may be left out.",
        fields=(
            *_ASSET_FIELDS,
            Field("transferTxId", TX_ID, "The order.", True, example=_TX),
            Field("fileIndex", WHOLE, "", True, example=0),
            NONCE,
            _USERDATA,
        ),
        replies={
            200: Reply("The file.", {"*/*": {}}),
            206: Reply("The part asked for.", {"*/*": {}}),
            400: REFUSED,
            413: TOO_LARGE,
            416: json_reply("The range lies outside the file.", "Refusal"),
            502: BAD_GATEWAY,
            503: UNAVAILABLE,
            504: TIMEOUT,
        },
    ),
)
