"""What the routes of this room take and give, for the API description; held against the real routes by
tests/contract/openapi.
"""

from collections.abc import Mapping

from libs.openapi.document import (
    JSON,
    OCTETS,
    Access,
    Field,
    Operation,
    Reply,
    Schema,
    json_reply,
    object_of,
)

_TEXT: Schema = {"type": "string"}
_ERROR = object_of({"error": _TEXT}, {"field": _TEXT})
_SCOPE: Mapping[str, Schema] = {"scope": {"enum": ["user", "decrypt"]}}
_REFUSALS: Mapping[int, Reply] = {
    400: json_reply("Not what was agreed.", _ERROR),
    401: json_reply("No service token.", _ERROR),
    403: json_reply("Not for this service.", _ERROR),
    503: json_reply("Ledger or token keys cannot be used now.", _ERROR),
}

_OBJECT: Schema = {"type": "object"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_USE = object_of({}, {"documentId": _TEXT, "serviceId": _TEXT, "transferTxId": _TEXT, "userdata": {}})
_ENVIRONMENT = object_of(
    {"id": _TEXT, "consumer_address": _TEXT, "price_per_minute": {"type": ["string", "number"]}},
    {"fee_token": _TEXT_OR_NULL, "chain_ids": {"type": "array", "items": {"type": "integer"}}},
)
_JOB: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_USES: Mapping[str, Schema] = {
    "consumer": _TEXT,
    "environment": _ENVIRONMENT,
    "datasets": {"type": "array", "items": _USE, "minItems": 1, "maxItems": 64},
    "algorithm": object_of({}, {**_USE["properties"], "meta": {}}),
}
_DECISIONS: Mapping[int, Reply] = {
    **_REFUSALS,
    422: json_reply(
        "The job is refused, in Ocean's words.",
        object_of({"refused": object_of({"resource": _TEXT_OR_NULL, "code": _TEXT})}),
    ),
    502: json_reply("The chain cannot be asked.", _ERROR),
}
_GRANTED = object_of(
    {
        "did": _TEXT,
        "service_id": _TEXT,
        "ddo": _OBJECT,
        "userdata": {},
        "files": {"type": "array", "items": object_of({"index": {"type": "integer"}, "handle": _TEXT})},
    }
)

COMPUTE: tuple[Operation, ...] = (
    Operation(
        path="/internal/compute/authorize",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary="May a compute job start; and handles for its files.",
        body={JSON: object_of({**_USES, "job": _JOB})},
        replies={
            **_DECISIONS,
            200: json_reply(
                "It may.",
                object_of(
                    {
                        "chain_id": {"type": "integer"},
                        "agreement_id": _TEXT,
                        "paid_seconds": {"type": ["integer", "null"]},
                        "valid_until": {"type": "integer"},
                        "network": {"type": "boolean"},
                        "pins_image": {"type": "boolean"},
                        "container": _OBJECT,
                        "raw_code": _TEXT_OR_NULL,
                        "datasets": {"type": "array", "items": _GRANTED},
                        "algorithm": {"oneOf": [_GRANTED, {"type": "null"}]},
                    }
                ),
            ),
        },
    ),
    Operation(
        path="/internal/compute/quote",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary="What a compute job costs until a given time.",
        body={JSON: object_of({**_USES, "valid_until": {"type": "integer"}})},
        replies={
            **_DECISIONS,
            200: json_reply(
                "As initializeCompute answers.",
                object_of({"datasets": {"type": "array", "items": _OBJECT}}, {"algorithm": _OBJECT}),
            ),
        },
    ),
    Operation(
        path="/internal/compute/grants/{handle}",
        methods=("GET",),
        access=Access.SERVICE,
        tag="internal",
        summary="The bytes of a granted file; of the job alone that it was granted to.",
        fields=(
            Field("handle", _TEXT, required=True, place="path"),
            Field("X-Tidegate-Job", _JOB, required=True, place="header"),
        ),
        replies={
            **_REFUSALS,
            200: Reply("The file.", {OCTETS: {}}),
            206: Reply("The part of it that was asked for.", {OCTETS: {}}),
            403: json_reply("No such grant, or it ended.", _ERROR),
            502: json_reply("The origin does not give the file.", _ERROR),
        },
    ),
    Operation(
        path="/internal/compute/grants",
        methods=("DELETE",),
        access=Access.SERVICE,
        tag="internal",
        summary="End everything that a job was granted.",
        fields=(Field("job", _JOB, required=True, place="query"),),
        replies={
            **_REFUSALS,
            200: json_reply("How many ended.", object_of({"ended": {"type": "integer"}})),
        },
    ),
)

OPERATIONS: tuple[Operation, ...] = (
    *COMPUTE,
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
                "Their ids, and what fees are paid in.",
                object_of(
                    {
                        "chain_ids": {"type": "array", "items": {"type": "integer"}},
                        "fee_tokens": {"type": "object", "additionalProperties": _TEXT},
                    }
                ),
            ),
        },
    ),
)
