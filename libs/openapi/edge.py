"""The routes that libs/web/edge gives every service: health and metrics."""

from libs.openapi.document import TEXT, Access, Operation, Reply, json_reply, object_of

_STATE = object_of({"status": {"type": "string"}, "service": {"type": "string"}})
_CHECKS = object_of(
    {
        "status": {"enum": ["ready", "not ready"]},
        "service": {"type": "string"},
        "checks": {"type": "object", "additionalProperties": {"enum": ["ok", "failed", "timed out"]}},
    }
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/health/live",
        methods=("GET",),
        access=Access.OPERATIONS,
        tag="operations",
        summary="Does the process serve?",
        replies={200: json_reply("It does.", _STATE)},
    ),
    Operation(
        path="/health/ready",
        methods=("GET",),
        access=Access.OPERATIONS,
        tag="operations",
        summary="May requests be sent here?",
        replies={200: json_reply("Every check is ok.", _CHECKS), 503: json_reply("One is not.", _CHECKS)},
    ),
    Operation(
        path="/metrics",
        methods=("GET",),
        access=Access.OPERATIONS,
        tag="operations",
        summary="Prometheus metrics of all workers.",
        replies={200: Reply("The exposition format.", {TEXT: {"type": "string"}})},
    ),
)
