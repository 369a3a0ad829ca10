"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import FORM, Access, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_SCOPE: Schema = {"type": "string", "maxLength": 1024}
_ERROR = object_of({"error": _TEXT, "error_description": _TEXT, "detail": _TEXT, "status": _WHOLE})
_REFUSALS: Mapping[int, Reply] = {
    400: json_reply("RFC 6749 section 5.2.", _ERROR),
    401: json_reply("`invalid_client`.", _ERROR),
    503: json_reply("The database or the keys cannot be used now.", _ERROR),
}
_TOKENS = object_of(
    {"access_token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": _WHOLE, "scope": _TEXT},
    {"refresh_token": _TEXT, "id_token": _TEXT},
)
DEVICE = object_of(
    {
        "device_code": _TEXT,
        "user_code": _TEXT,
        "verification_uri": _TEXT,
        "verification_uri_complete": _TEXT,
        "expires_in": _WHOLE,
        "interval": _WHOLE,
    }
)

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
    Operation(
        path="/oauth2/token",
        methods=("POST",),
        access=Access.CLIENT,
        tag="oauth2",
        summary="Tokens for a grant (RFC 6749 section 3.2).",
        body={
            FORM: object_of(
                {"grant_type": _TEXT},
                {
                    "client_id": _TEXT,
                    "client_secret": _TEXT,
                    "client_assertion": _TEXT,
                    "client_assertion_type": _TEXT,
                    "scope": _TEXT,
                    "code": _TEXT,
                    "redirect_uri": _TEXT,
                    "code_verifier": _TEXT,
                    "refresh_token": _TEXT,
                    "device_code": _TEXT,
                },
            )
        },
        replies={**_REFUSALS, 200: json_reply("RFC 6749 section 5.1.", _TOKENS)},
    ),
    Operation(
        path="/oauth2/device",
        methods=("POST",),
        access=Access.CLIENT,
        tag="oauth2",
        summary="A device asks for somebody to sign in for it (RFC 8628 section 3.1).",
        body={FORM: object_of({}, {"client_id": _TEXT, "client_secret": _TEXT, "scope": _SCOPE})},
        replies={**_REFUSALS, 200: json_reply("RFC 8628 section 3.2.", DEVICE)},
    ),
)
