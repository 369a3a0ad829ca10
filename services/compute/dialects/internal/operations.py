"""What the routes of this room take and give, for the API description."""

from libs.openapi.document import OCTETS, Access, Field, Operation, Reply, json_reply, object_of

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
    Operation(
        path="/internal/files/{guid}",
        methods=("GET",),
        access=Access.SERVICE,
        tag="internal",
        summary="The bytes of a file that the file catalogue keeps here.",
        fields=(
            Field("guid", {"type": "string"}, place="path", example="0" * 8 + "-0000-0000-0000-" + "0" * 12),
        ),
        replies={
            200: Reply("The file.", {OCTETS: {}}),
            206: Reply("A range of it.", {OCTETS: {}}),
            401: json_reply("No service token.", _ERROR),
            403: json_reply("Not for this service.", _ERROR),
            404: json_reply("There is none.", _ERROR),
            416: json_reply("No byte of the range is there.", _ERROR),
            503: json_reply("It cannot be read now.", _ERROR),
        },
    ),
)
