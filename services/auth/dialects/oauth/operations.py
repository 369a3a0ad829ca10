"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import FORM, Access, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
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
                },
            )
        },
        replies={**_REFUSALS, 200: json_reply("RFC 6749 section 5.1.", _TOKENS)},
    ),
)
