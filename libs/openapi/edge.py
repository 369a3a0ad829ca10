"""The routes that libs/web gives every service: health, metrics, and who the caller is."""

from collections.abc import Mapping

from libs.openapi.document import TEXT, Access, Operation, Reply, Schema, json_reply, object_of

_STATE = object_of({"status": {"type": "string"}, "service": {"type": "string"}})
_CHECKS = object_of(
    {
        "status": {"enum": ["ready", "not ready"]},
        "service": {"type": "string"},
        "checks": {"type": "object", "additionalProperties": {"enum": ["ok", "failed", "timed out"]}},
    }
)

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_MAYBE: Schema = {"type": ["string", "null"]}
_ERROR = object_of({"error": _TEXT, "error_description": _TEXT})
_PRINCIPAL = object_of(
    {
        "subject": {"type": "string", "pattern": "^(person|eip155|client):"},
        "name": _TEXT,
        "display_name": _TEXT,
        "wallets": _TEXTS,
        "groups": _TEXTS,
        "scopes": _TEXTS,
        "is_admin": {"type": "boolean"},
        "credential": _TEXT,
        "client_id": _MAYBE,
        "group": _MAYBE,
        "vo": _MAYBE,
        "setup": _MAYBE,
        "properties": _TEXTS,
        "virtual_clusters": _TEXTS,
        "expires_at": {"type": ["integer", "null"]},
    }
)
PRINCIPAL_REPLIES: Mapping[int, Reply] = {
    200: json_reply("The principal.", _PRINCIPAL),
    401: json_reply("No credential, or one that does not count (RFC 6750 section 3).", _ERROR),
    429: json_reply("Locked after wrong guesses; Retry-After says for how long.", _ERROR),
    503: json_reply("Credentials cannot be checked right now.", _ERROR),
}

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


def whoami(service: str) -> Operation:
    """Of one service (libs/web/whoami.py)."""
    return Operation(
        path=f"/tidegate/v1/whoami/{service}",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Whose credential this is, as this service sees it.",
        replies=PRINCIPAL_REPLIES,
    )
