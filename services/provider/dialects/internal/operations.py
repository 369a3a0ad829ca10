"""What the routes of this room take and give, for the API description; held against the real routes by
tests/contract/openapi.
"""

from collections.abc import Mapping

from libs.openapi.document import JSON, Access, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_ERROR = object_of({"error": _TEXT}, {"field": _TEXT})
_SCOPE: Mapping[str, Schema] = {"scope": {"enum": ["user", "decrypt"]}}
_REFUSALS: Mapping[int, Reply] = {
    400: json_reply("Not what was agreed.", _ERROR),
    401: json_reply("No service token.", _ERROR),
    403: json_reply("Not for this service.", _ERROR),
    503: json_reply("Ledger or token keys cannot be used now.", _ERROR),
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/internal/nonces/consume",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary="Use a nonce up; of simultaneous uses exactly one goes on.",
        body={JSON: object_of({"address": _TEXT, "nonce": _TEXT}, _SCOPE)},
        replies={
            **_REFUSALS,
            200: json_reply("It was used up.", object_of({"consumed": {"const": True}})),
            409: json_reply("It is not above the stored one.", object_of({"error": _TEXT, "stored": _TEXT})),
        },
    ),
    Operation(
        path="/internal/nonces/last",
        methods=("GET", "POST"),
        access=Access.SERVICE,
        tag="internal",
        summary="The last used nonce.",
        body={JSON: object_of({"address": _TEXT}, _SCOPE)},
        replies={
            **_REFUSALS,
            200: json_reply(
                "`shown` is what the public endpoint reports.",
                object_of({"nonce": {"type": ["string", "null"]}, "shown": _TEXT}),
            ),
        },
    ),
    Operation(
        path="/internal/contract-signatures/verify",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary="Which of some messages a wallet signed, plain accounts and contracts alike.",
        body={
            JSON: object_of(
                {"address": _TEXT, "signature": _TEXT},
                {
                    "message": _TEXT,
                    "messages": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 8},
                    "chain_id": {"type": "integer"},
                    "signed": {"enum": ["hash", "text"]},
                },
            )
        },
        replies={
            **_REFUSALS,
            200: json_reply(
                "`message` is the one that was signed.",
                object_of(
                    {
                        "valid": {"type": "boolean"},
                        "chain_id": {"type": "integer"},
                        "message": {"type": ["string", "null"]},
                    }
                ),
            ),
            502: json_reply("The chain cannot be asked.", _ERROR),
        },
    ),
    Operation(
        path="/internal/chains",
        methods=("GET",),
        access=Access.SERVICE,
        tag="internal",
        summary="The chains that this provider serves, the first one first.",
        replies={
            401: _REFUSALS[401],
            403: _REFUSALS[403],
            503: _REFUSALS[503],
            200: json_reply(
                "Their ids.", object_of({"chain_ids": {"type": "array", "items": {"type": "integer"}}})
            ),
        },
    ),
)
