"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import Access, Field, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_ERROR = object_of({"error": _TEXT, "error_description": _TEXT, "detail": _TEXT, "status": _WHOLE})
_REFUSALS: Mapping[int, Reply] = {
    400: json_reply("RFC 6749 section 5.2.", _ERROR),
    401: json_reply("`invalid_client`: no certificate, or one that does not count.", _ERROR),
    503: json_reply("The database or the keys cannot be used now.", _ERROR),
}
_TOKEN = object_of(
    {
        "access_token": _TEXT,
        "token": _TEXT,
        "token_type": {"const": "Bearer"},
        "expires_in": _WHOLE,
        "scope": _TEXT,
    },
    {"group": _TEXT, "setup": _TEXT, "refresh_token": _TEXT},
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/oauth2/token",
        methods=("GET",),
        access=Access.CLIENT,
        tag="dirac",
        summary="A token for a certificate, or for a code, by GET: what RESTDIRAC's clients do.",
        description="Deprecated: use POST. The token is opaque, because such clients put it into URLs.",
        fields=(
            Field("grant_type", {"enum": ["client_credentials", "authorization_code"]}, place="query"),
            Field("group", _TEXT, "With a certificate: the DIRAC group.", place="query"),
            Field("setup", _TEXT, "With a certificate: the DIRAC setup.", place="query"),
            Field("scope", _TEXT, place="query"),
            Field("code", _TEXT, place="query"),
            Field("client_id", _TEXT, place="query"),
            Field("redirect_uri", _TEXT, place="query"),
            Field("code_verifier", _TEXT, place="query"),
        ),
        replies={
            **_REFUSALS,
            200: json_reply("`token` and `access_token` are the same.", _TOKEN),
            403: json_reply("Not a group of the certificate's owner.", _ERROR),
            405: json_reply("Switched off.", _ERROR),
        },
    ),
    Operation(
        path="/oauth2/groups",
        methods=("GET", "POST"),
        access=Access.CLIENT,
        tag="dirac",
        summary="The groups that a client certificate's owner may ask tokens for.",
        replies={
            401: _REFUSALS[401],
            503: _REFUSALS[503],
            200: json_reply("Their names.", object_of({"groups": _TEXTS})),
        },
    ),
    Operation(
        path="/oauth2/setups",
        methods=("GET", "POST"),
        tag="dirac",
        summary="The setups that there are.",
        replies={200: json_reply("Their names.", object_of({"setups": _TEXTS}))},
    ),
)
