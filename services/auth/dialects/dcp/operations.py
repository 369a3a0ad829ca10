"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_MOMENT: Schema = {"type": ["integer", "null"], "description": "Milliseconds since 1970."}
_KEY_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{20}$"}
_ERROR = object_of(
    {"error": _TEXT, "message": _TEXT, "code": _TEXT}, {"detail": {"type": "array"}, "requestId": _TEXT}
)
_REFUSALS: Mapping[int, Reply] = {
    401: json_reply("No credential, or one that does not count. `error` and `message` are the same.", _ERROR),
    403: json_reply("The key lacks the scope.", _ERROR),
    429: json_reply("Locked after failed attempts; Retry-After says for how long.", _ERROR),
    503: json_reply("Credentials cannot be checked right now.", _ERROR),
}
_MADE = {"keyId": _KEY_ID, "address": _MAYBE, "label": _TEXT, "scopes": _TEXTS, "expiresAt": _MOMENT}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/api/v0/key",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="dcp",
        summary="Make an API key; it is shown once.",
        description="By `Basic` base64(keystore JSON + `:` + password), or by a key or token with the scope "
        "`keys`. Without an Authorization header: by `keystore` (an object or its text) and `token`, its "
        "password.",
        body={
            JSON: object_of(
                {},
                {
                    "label": {"type": "string", "maxLength": 255},
                    "expiresIn": {"type": "integer", "minimum": 1, "description": "Seconds."},
                    "scopes": {
                        "type": "array",
                        "items": {"enum": ["job:write", "job:read", "accounts:read", "keys"]},
                    },
                    "keystore": {"type": ["object", "string"]},
                    "token": _TEXT,
                    "email": _TEXT,
                },
            )
        },
        replies={
            **_REFUSALS,
            201: json_reply("`key` is `<id>.<secret>`.", object_of({"key": _TEXT, **_MADE})),
            400: json_reply("A member that cannot be; `detail` names it.", _ERROR),
            409: json_reply("As many keys as one may have.", _ERROR),
            413: json_reply("More than 64 KiB.", _ERROR),
            415: json_reply("A Content-Encoding other than gzip.", _ERROR),
        },
    ),
    Operation(
        path="/api/v0/keys",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="dcp",
        summary="The keys that count, newest first.",
        replies={
            **_REFUSALS,
            200: json_reply(
                "Without their secrets.",
                {"type": "array", "items": object_of({**_MADE, "createdAt": _MOMENT, "lastUsedAt": _MOMENT})},
            ),
        },
    ),
    Operation(
        path="/api/v0/keys/{key_id}",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="dcp",
        summary="Revoke a key, at once.",
        fields=(Field("key_id", _KEY_ID, place="path"),),
        replies={
            **_REFUSALS,
            204: Reply("It counts no more."),
            404: json_reply("No such key of yours.", _ERROR),
        },
    ),
    Operation(
        path="/api/v0/identity",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="dcp",
        summary="Whose keystore or key this is.",
        replies={
            **_REFUSALS,
            200: json_reply(
                "`address` is derived from the keystore's key.",
                object_of({"address": _MAYBE, "label": _TEXT, "auth": {"enum": ["basic", "bearer"]}}),
            ),
        },
    ),
)
