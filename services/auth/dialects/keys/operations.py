"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_MOMENT: Schema = {"type": ["integer", "null"], "description": "UTC seconds."}
_ID: Schema = {"type": "string", "pattern": "^([0-9a-f]{20}|[0-9a-f]{32})$"}
_ERROR = object_of({"error": _TEXT, "error_description": _TEXT})
_REFUSALS: Mapping[int, Reply] = {
    401: json_reply("No credential, or one that does not count (RFC 6750 section 3).", _ERROR),
    403: json_reply("The credential lacks the scope `keys`, or one that the key is to have.", _ERROR),
    429: json_reply("Locked after wrong guesses; Retry-After says for how long.", _ERROR),
    503: json_reply("Credentials or keys cannot be asked for right now.", _ERROR),
}
_KEY: Mapping[str, Schema] = {
    "id": _ID,
    "format": {"enum": ["key", "jwt"]},
    "subject": _TEXT,
    "label": _TEXT,
    "scopes": _TEXTS,
    "created_at": {"type": "integer"},
    "expires_at": _MOMENT,
    "last_used_at": _MOMENT,
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/tidegate/v1/me/keys",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Your API keys and personal tokens that count, newest first.",
        replies={
            **_REFUSALS,
            200: json_reply(
                "Without their secrets; a last use is right give or take an hour.",
                object_of({"keys": {"type": "array", "items": object_of(_KEY)}}),
            ),
        },
    ),
    Operation(
        path="/tidegate/v1/me/keys",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Make an API key or a personal access token; it is shown once.",
        description="It acts as you and can do no more than the credential that makes it. `jwt` gives an "
        "access token by RFC 9068 with `exp`, for programs that read it; it ends at the latest when the "
        "operator says that grants end.",
        body={
            JSON: object_of(
                {},
                {
                    "label": {"type": "string", "maxLength": 255},
                    "expires_in": {"type": "integer", "minimum": 1, "description": "Seconds."},
                    "scopes": _TEXTS,
                    "format": {"enum": ["key", "jwt"]},
                },
            )
        },
        replies={
            **_REFUSALS,
            201: json_reply("`key` is what to send as a bearer.", object_of({"key": _TEXT, **_KEY})),
            400: json_reply("A member that cannot be.", _ERROR),
            409: json_reply("As many keys as one may have.", _ERROR),
            413: json_reply("More than 16 KiB.", _ERROR),
            415: json_reply("A Content-Encoding other than gzip.", _ERROR),
        },
    ),
    Operation(
        path="/tidegate/v1/me/keys/{key_id}",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Revoke a key or token: every service refuses it with the very next request.",
        fields=(Field("key_id", _ID, place="path"),),
        replies={
            **_REFUSALS,
            204: Reply("It counts no more."),
            404: json_reply("You have no such key.", _ERROR),
        },
    ),
)
