"""What several services share of the Ocean Provider's API: shapes, parameters, and the routes of auth, which
clients find beside the provider's; those of compute are in ocean_compute.py. Source: contract 0, 2, 9.
"""

from collections.abc import Mapping

from libs.openapi.document import Access, Field, Operation, Reply, Schema, json_reply, named, object_of

ADDRESS: Schema = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": ["integer", "string"], "pattern": "^[0-9]{1,18}$", "minimum": 0}
NONCE_TEXT: Schema = {
    "type": ["number", "string"],
    "pattern": r"^[0-9]{1,30}(\.[0-9]{1,12})?$",
    "minimum": 0,
}
TX_ID: Schema = {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"}
HEX: Schema = {"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"}
USERDATA: Schema = {"type": ["object", "string"]}

SCHEMAS: Mapping[str, Schema] = {
    "ValidationError": {
        **object_of(
            {
                "errors": {
                    "type": "object",
                    "additionalProperties": {
                        "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
                    },
                },
                "message": {"const": "Validation error"},
                "success": {"const": False},
            }
        ),
        "description": "Parameters or a signature: which field, and what is wrong with it.",
    },
    "Refusal": {
        **object_of({"error": {"type": "string"}}, {"reason": {"type": "string"}}),
        "description": "A rule said no; `reason`, where there is one, is a word for programs.",
    },
    "EdgeError": {
        **object_of({"error": {"type": "string"}, "context": {"type": "null"}}),
        "description": "Routing, sizes, and faults on our side.",
    },
}

REFUSED = Reply(
    "A parameter, a signature or a rule.",
    {"application/json": {"oneOf": [named("ValidationError"), named("Refusal")]}},
)
FORBIDDEN = json_reply("Not for this caller, or not in this state.", "Refusal")
TOO_LARGE = json_reply("Query or body are too large.", "EdgeError")
BUSY = json_reply("Too much at once: try again in a moment.", "Refusal")
BAD_GATEWAY = json_reply("An origin, a chain node or the catalogue failed.", "Refusal")
UNAVAILABLE = json_reply("Nonces or tokens cannot be checked right now; nothing was done.", "Refusal")
TIMEOUT = json_reply("An origin, a chain node or the catalogue did not answer in time.", "Refusal")

NONCE = Field(
    "nonce", NONCE_TEXT, "Higher than any used before; its text is what is signed.", True, example="2"
)
CHAIN_ID = Field("chainId", WHOLE, "Where a contract wallet lives; else the first chain.", example=8996)
_OWNER = "0xe2DD09d719Da89e5a3D0F2549c7E24566e947260"


def address_field(name: str, description: str) -> Field:
    return Field(name, ADDRESS, description, True, example=_OWNER)


TOKEN_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/api/services/createAuthToken",
        methods=("GET", "POST"),
        access=Access.SIGNATURE,
        tag="tokens",
        summary="A token that stands for a wallet's signature.",
        description="Signed: `address + nonce`, or `address + expiration + nonce` to bind the lifetime too.",
        fields=(
            address_field("address", "Whose token."),
            Field(
                "expiration",
                WHOLE,
                "Unix time; at most as far ahead as the operator allows.",
                True,
                example=4102444800,
            ),
            NONCE,
            CHAIN_ID,
        ),
        replies={
            200: json_reply("The token.", object_of({"token": TEXT})),
            400: REFUSED,
            413: TOO_LARGE,
            503: UNAVAILABLE,
        },
    ),
    Operation(
        path="/api/services/deleteAuthToken",
        methods=("DELETE",),
        access=Access.SIGNATURE,
        tag="tokens",
        summary="End a token, at once and everywhere.",
        description="Signed: `address + nonce`. The parameters may also stand in a JSON or form body.",
        fields=(
            address_field("address", "Whose token."),
            Field("token", TEXT, "", True, example="eyJ…"),
            NONCE,
            CHAIN_ID,
        ),
        replies={
            200: json_reply("It is ended.", object_of({"success": TEXT})),
            400: REFUSED,
            413: TOO_LARGE,
            503: UNAVAILABLE,
        },
    ),
)
