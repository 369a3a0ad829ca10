"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import FORM, JSON, Access, Operation, Reply, Schema, json_reply, object_of
from services.auth.dialects.oauth.operations import DEVICE

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_SCOPE: Schema = {"type": "string", "maxLength": 1024}
_ERROR = object_of({"error": _TEXT})
_REFUSALS: Mapping[int, Reply] = {
    400: json_reply("RFC 6749 section 5.2, RFC 8628 section 3.5.", _ERROR),
    401: json_reply("`invalid_client`.", _ERROR),
    503: json_reply("The database or the keys cannot be used now.", _ERROR),
}
_TOKENS = object_of(
    {"access_token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": _WHOLE, "scope": _TEXT},
    {"refresh_token": _TEXT},
)


def _device(name: str) -> Operation:
    return Operation(
        path=f"/prominence/oidc/{name}",
        methods=("POST",),
        access=Access.CLIENT,
        tag="prominence",
        summary="`prominence login` asks for somebody to sign in (RFC 8628 section 3.1).",
        description="What running jobs takes is asked of the user besides the scopes that are named.",
        body={FORM: object_of({}, {"client_id": _TEXT, "client_secret": _TEXT, "scope": _SCOPE})},
        replies={**_REFUSALS, 200: json_reply("RFC 8628 section 3.2.", DEVICE)},
    )


OPERATIONS: tuple[Operation, ...] = (
    _device("devicecode"),
    _device("device_authorization"),
    Operation(
        path="/prominence/oidc/token",
        methods=("POST",),
        access=Access.CLIENT,
        tag="prominence",
        summary="`prominence login` asks whether somebody has (RFC 8628 section 3.4); other grants too.",
        body={FORM: object_of({"grant_type": _TEXT}, {"device_code": _TEXT, "client_id": _TEXT})},
        replies={**_REFUSALS, 200: json_reply("`access_token` first; a JWT with `exp`.", _TOKENS)},
    ),
    Operation(
        path="/prominence/oidc/register",
        methods=("POST",),
        tag="prominence",
        summary="`prominence register`: a client of one's own (RFC 7591).",
        description="Redirect URIs are ignored unless the client may use authorization_code.",
        body={
            JSON: object_of(
                {},
                {
                    "client_name": {"type": "string", "maxLength": 255},
                    "redirect_uris": _TEXTS,
                    "token_endpoint_auth_method": _TEXT,
                    "scope": _SCOPE,
                    "grant_types": _TEXTS,
                    "response_types": _TEXTS,
                },
            )
        },
        replies={
            201: json_reply(
                "With `client_id` and `client_secret`, shown this once.",
                object_of({"client_id": _TEXT}, {"client_secret": _TEXT, "client_secret_expires_at": _WHOLE}),
            ),
            400: json_reply("RFC 7591 section 3.2.2.", _ERROR),
            429: json_reply("Too many registrations from this address.", _ERROR),
            503: json_reply("The database cannot be used now.", _ERROR),
        },
    ),
    Operation(
        path="/prominence/oidc/userinfo",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="prominence",
        summary="Whose token this is; `Bearer` or `token` before it.",
        replies={
            200: json_reply(
                "What the token's scopes allow.",
                object_of(
                    {"sub": _TEXT},
                    {
                        "preferred_username": _TEXT,
                        "name": _TEXT,
                        "email": _TEXT,
                        "groups": _TEXTS,
                        "wallets": _TEXTS,
                    },
                ),
            ),
            401: json_reply("No token, or one that does not count.", _ERROR),
            429: json_reply("Too many tokens that do not count came from this address.", _ERROR),
            503: json_reply("Tokens cannot be checked now.", _ERROR),
        },
    ),
)
