"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import Access, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_MAYBE: Schema = {"type": ["string", "null"]}
_ERROR = object_of({"error": _TEXT, "error_description": _TEXT})
_REFUSALS: Mapping[int, Reply] = {
    401: json_reply("No credential, or one that does not count (RFC 6750 section 3).", _ERROR),
    429: json_reply("Locked after wrong guesses; Retry-After says for how long.", _ERROR),
    503: json_reply("Credentials cannot be checked right now.", _ERROR),
}
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
        "expires_at": {"type": ["integer", "null"]},
    }
)

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
    Operation(
        path="/tidegate/v1/whoami",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Whose credential this is: what every service of this gateway knows of the caller.",
        replies={**_REFUSALS, 200: json_reply("The principal.", _PRINCIPAL)},
    ),
)
