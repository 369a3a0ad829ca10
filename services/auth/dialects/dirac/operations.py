"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import FORM, Access, Field, Operation, Reply, Schema, json_reply, object_of
from services.auth.dialects.oauth.operations import DEVICE

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
_SIGNED = object_of(
    {"access_token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": _WHOLE, "scope": _TEXT},
    {"refresh_token": _TEXT},
)
_DEVICE_FIELDS = (
    Field("client_id", _TEXT, place="query"),
    Field("scope", {"type": "string", "maxLength": 1024}, "`vo:V`, `group:G`, `property:P`.", place="query"),
)
_UNPROVEN: Mapping[int, Reply] = {
    401: json_reply("No token, or one that does not count.", _ERROR),
    429: json_reply("Too many tokens that do not count came from this address.", _ERROR),
    503: json_reply("Tokens cannot be checked now.", _ERROR),
}

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
    Operation(
        path="/dirac/.well-known/openid-configuration",
        methods=("GET",),
        tag="diracx",
        summary="OIDC discovery with the paths that diracx-cli uses.",
        replies={200: json_reply("The document.", object_of({"token_endpoint": _TEXT}))},
    ),
    Operation(
        path="/dirac/.well-known/dirac-metadata",
        methods=("GET",),
        tag="diracx",
        summary="Virtual organisations, their groups and the properties of those.",
        replies={
            200: json_reply("Names and no people.", object_of({"virtual_organizations": {"type": "object"}})),
            503: _REFUSALS[503],
        },
    ),
    Operation(
        path="/dirac/api/auth/device",
        methods=("POST",),
        access=Access.CLIENT,
        tag="diracx",
        summary="`dirac login` asks for somebody to sign in (RFC 8628 section 3.1).",
        description="Running jobs is asked of the user besides what is named. A form does as well.",
        fields=_DEVICE_FIELDS,
        replies={**_REFUSALS, 200: json_reply("RFC 8628 section 3.2.", DEVICE)},
    ),
    Operation(
        path="/dirac/api/auth/device",
        methods=("GET",),
        tag="diracx",
        summary="The page where a code is entered.",
        fields=(Field("user_code", _TEXT, place="query"),),
        replies={303: Reply("To the page.")},
    ),
    Operation(
        path="/dirac/api/auth/token",
        methods=("POST",),
        access=Access.CLIENT,
        tag="diracx",
        summary="As `/oauth2/token`; an `Authorization` header is not looked at.",
        body={FORM: object_of({"grant_type": _TEXT}, {"device_code": _TEXT, "client_id": _TEXT})},
        replies={
            **_REFUSALS,
            200: json_reply("The refresh token is a JWT with `exp`.", _SIGNED),
        },
    ),
    Operation(
        path="/dirac/api/auth/revoke",
        methods=("POST",),
        access=Access.CLIENT,
        tag="diracx",
        summary="As `/oauth2/revoke`, with a text as the answer.",
        body={FORM: object_of({"token": _TEXT}, {"client_id": _TEXT, "token_type_hint": _TEXT})},
        replies={**_REFUSALS, 200: json_reply("A text.", _TEXT)},
    ),
    Operation(
        path="/dirac/api/auth/userinfo",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="diracx",
        summary="Whose token this is, and in which group.",
        replies={
            **_UNPROVEN,
            200: json_reply(
                "`policies` is always empty.",
                object_of(
                    {
                        "sub": _TEXT,
                        "vo": _TEXT,
                        "dirac_group": _TEXT,
                        "policies": {"type": "object"},
                        "properties": _TEXTS,
                        "preferred_username": _TEXT,
                    }
                ),
            ),
        },
    ),
)
