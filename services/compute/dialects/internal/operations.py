"""What the routes of this room take and give, for the API description."""

from libs.openapi.document import Access, Operation, json_reply, object_of

_ERROR = object_of({"error": {"type": "string"}})

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/internal/environments",
        methods=("GET",),
        access=Access.SERVICE,
        tag="internal",
        summary="Where jobs may run: what the provider has to know to price and check orders.",
        replies={
            200: json_reply(
                "All of them.",
                {
                    "type": "array",
                    "items": object_of(
                        {
                            "id": {"type": "string"},
                            "consumer_address": {"type": "string"},
                            "price_per_minute": {"type": "string"},
                            "fee_token": {"type": ["string", "null"]},
                            "max_job_seconds": {"type": "integer"},
                            "chain_ids": {"type": "array", "items": {"type": "integer"}},
                        }
                    ),
                },
            ),
            401: json_reply("No service token.", _ERROR),
            403: json_reply("Not for this service.", _ERROR),
            503: json_reply("Tokens cannot be checked now.", _ERROR),
        },
    ),
)
