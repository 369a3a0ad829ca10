"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import FORM, Access, Operation, Reply, Schema, json_reply, object_of
from services.auth.dialects.oauth.operations import DEVICE

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
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
)
