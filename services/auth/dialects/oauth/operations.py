"""What the routes of this room take and give, for the API description."""

from libs.openapi.document import Operation, json_reply, object_of

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/.well-known/jwks.json",
        methods=("GET",),
        tag="tokens",
        summary="The public keys that verify our tokens (RFC 7517).",
        replies={
            200: json_reply(
                "Several while keys rotate.",
                object_of({"keys": {"type": "array", "items": {"type": "object"}}}),
            )
        },
    ),
)
