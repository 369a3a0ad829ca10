"""What the routes of this room take and give, for the API description; held against the real routes by
tests/contract/openapi.
"""

from collections.abc import Mapping

from libs.openapi.document import FORM, JSON, Access, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_ERROR = object_of({"error": _TEXT})
_REFUSALS: Mapping[int, Reply] = {
    400: json_reply("Not what was agreed.", _ERROR),
    401: json_reply("Not one of our services.", _ERROR),
    503: json_reply("The database or the keys cannot be used now.", _ERROR),
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/internal/token",
        methods=("POST",),
        access=Access.CREDENTIALS,
        tag="internal",
        summary="A service token (RFC 6749 section 4.4).",
        body={FORM: object_of({"grant_type": {"const": "client_credentials"}})},
        replies={
            **_REFUSALS,
            200: json_reply(
                "The token.",
                object_of({"access_token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": _WHOLE}),
            ),
        },
    ),
    Operation(
        path="/internal/auth-tokens/introspect",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary="Does this AuthToken count at this moment?",
        body={JSON: object_of({"token": _TEXT})},
        replies={
            **_REFUSALS,
            200: json_reply(
                "Nothing but `active: false` for a token that does not count.",
                object_of(
                    {"active": {"type": "boolean"}},
                    {"jti": _TEXT, "sub": _TEXT, "address": _TEXT, "exp": _WHOLE, "chain_id": _WHOLE},
                ),
            ),
        },
    ),
)
