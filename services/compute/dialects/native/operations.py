"""What the routes of this room take and give, for the API description."""

from libs.openapi.document import Operation, json_reply, object_of

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/tidegate/v1/status",
        methods=("GET",),
        tag="status",
        summary="What this gateway is and which of its parts are switched on.",
        replies={
            200: json_reply(
                "For people.",
                object_of(
                    {
                        "name": {"const": "Tidegate"},
                        "version": {"type": "string"},
                        "status": {"type": "string"},
                        "services": {"type": "object"},
                    }
                ),
            )
        },
    ),
)
