"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import FORM, JSON, Access, Field, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_SCOPE: Schema = {"type": "string", "maxLength": 1024}
_ERROR = object_of({"error": _TEXT, "error_description": _TEXT, "detail": _TEXT, "status": _WHOLE})
_ANY_ERROR = object_of({"error": _TEXT, "error_description": _TEXT}, {"detail": _TEXT, "status": _WHOLE})
_REFUSALS: Mapping[int, Reply] = {
    400: json_reply("RFC 6749 section 5.2.", _ERROR),
    401: json_reply("`invalid_client`.", _ERROR),
    503: json_reply("The database or the keys cannot be used now.", _ERROR),
}
_TOKENS = object_of(
    {"access_token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": _WHOLE, "scope": _TEXT},
    {"refresh_token": _TEXT, "id_token": _TEXT, "issued_token_type": _TEXT},
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

_TEXTS: Schema = {"type": "array", "items": _TEXT}
_BEARER: Mapping[int, Reply] = {
    401: json_reply("No credential, or one that does not count.", _ANY_ERROR),
    429: json_reply("Too many requests from this address.", _ANY_ERROR),
    503: json_reply("The database cannot be used now.", _ANY_ERROR),
}
_SCOPED: Mapping[int, Reply] = {**_BEARER, 403: json_reply("The scope is missing.", _ANY_ERROR)}
_METADATA = {
    "client_name": _TEXT,
    "redirect_uris": _TEXTS,
    "grant_types": _TEXTS,
    "response_types": _TEXTS,
    "scope": _TEXT,
    "token_endpoint_auth_method": _TEXT,
    "client_uri": _TEXT,
    "logo_uri": _TEXT,
    "tos_uri": _TEXT,
    "policy_uri": _TEXT,
    "contacts": _TEXTS,
    "software_id": _TEXT,
    "software_version": _TEXT,
    "jwks": {"type": "object"},
    "tls_client_auth_subject_dn": _TEXT,
    "tls_client_certificate_bound_access_tokens": {"type": "boolean"},
}
_REGISTERED = object_of(
    {"client_id": _TEXT, "client_id_issued_at": _WHOLE, "registration_client_uri": _TEXT},
    {
        **_METADATA,
        "client_secret": _TEXT,
        "client_secret_expires_at": _WHOLE,
        "registration_access_token": _TEXT,
    },
)
_BAD_METADATA = {400: json_reply("RFC 7591 section 3.2.2.", _ERROR)}
_CLIENT_ID = Field("client_id", _TEXT, place="path", required=True)
_DOCUMENT = object_of({"issuer": _TEXT, "token_endpoint": _TEXT, "jwks_uri": _TEXT})
_CLIENT_FORM = {"client_id": _TEXT, "client_secret": _TEXT}
_USERINFO = object_of(
    {"sub": _TEXT},
    {"preferred_username": _TEXT, "name": _TEXT, "email": _TEXT, "groups": _TEXTS, "wallets": _TEXTS},
)

_DISCOVERY = (
    Operation(
        path="/.well-known/oauth-authorization-server",
        methods=("GET",),
        tag="oauth2",
        summary="What the authorization server can do (RFC 8414).",
        replies={200: json_reply("The metadata.", _DOCUMENT)},
    ),
    Operation(
        path="/.well-known/openid-configuration",
        methods=("GET",),
        tag="oauth2",
        summary="The same, as OpenID Connect names it.",
        replies={200: json_reply("The metadata.", _DOCUMENT)},
    ),
)
_REGISTRATION = (
    Operation(
        path="/oauth2/register",
        methods=("POST",),
        tag="oauth2",
        summary="Register an application (RFC 7591); without a credential, or with a token of scope `keys`.",
        body={JSON: object_of({}, _METADATA)},
        replies={**_SCOPED, **_BAD_METADATA, 201: json_reply("The client, its secret once.", _REGISTERED)},
    ),
    Operation(
        path="/oauth2/register/{client_id}",
        methods=("GET",),
        access=Access.REGISTRATION,
        tag="oauth2",
        summary="A registration, with its registration access token (RFC 7592).",
        fields=(_CLIENT_ID,),
        replies={**_BEARER, 200: json_reply("The client.", _REGISTERED)},
    ),
    Operation(
        path="/oauth2/register/{client_id}",
        methods=("PUT",),
        access=Access.REGISTRATION,
        tag="oauth2",
        summary="Replace a registration, all of it (RFC 7592).",
        fields=(_CLIENT_ID,),
        body={JSON: object_of({"client_id": _TEXT}, _METADATA)},
        replies={**_BEARER, **_BAD_METADATA, 200: json_reply("The client.", _REGISTERED)},
    ),
    Operation(
        path="/oauth2/register/{client_id}",
        methods=("DELETE",),
        access=Access.REGISTRATION,
        tag="oauth2",
        summary="Remove a registration; its tokens end at once (RFC 7592).",
        fields=(_CLIENT_ID,),
        replies={**_BEARER, 204: Reply("Removed.")},
    ),
)
_STATES = (
    Operation(
        path="/oauth2/revoke",
        methods=("POST",),
        access=Access.CLIENT,
        tag="oauth2",
        summary="End a token of one's own, at once (RFC 7009).",
        body={FORM: object_of({"token": _TEXT}, {"token_type_hint": _TEXT, **_CLIENT_FORM})},
        replies={**_REFUSALS, 200: json_reply("Ended, or never known.", object_of({}))},
    ),
    Operation(
        path="/oauth2/introspect",
        methods=("POST",),
        access=Access.CLIENT,
        tag="oauth2",
        summary="Does a token count, and whose is it (RFC 7662); for trusted clients.",
        body={FORM: object_of({"token": _TEXT}, {"token_type_hint": _TEXT, **_CLIENT_FORM})},
        replies={
            **_REFUSALS,
            403: json_reply("Not a trusted client.", _ERROR),
            200: json_reply(
                "RFC 7662 section 2.2.", object_of({"active": {"type": "boolean"}}, {"sub": _TEXT})
            ),
        },
    ),
)
_GRANT = object_of(
    {
        "id": _TEXT,
        "client_id": _TEXT,
        "client_name": _TEXT,
        "flow": _TEXT,
        "scope": _TEXTS,
        "group": {"type": ["string", "null"]},
        "created_at": _WHOLE,
        "last_used_at": {"type": ["integer", "null"]},
        "expires_at": _WHOLE,
    }
)
_OWN = (
    Operation(
        path="/oauth2/userinfo",
        methods=("GET", "POST"),
        access=Access.PRINCIPAL,
        tag="oauth2",
        summary="Who the token's owner is (OpenID Connect); needs the scope `openid`.",
        replies={**_SCOPED, 200: json_reply("As far as its scopes go.", _USERINFO)},
    ),
    Operation(
        path="/oauth2/tokens",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="oauth2",
        summary="Whom one let in; needs the scope `keys`.",
        replies={
            **_SCOPED,
            200: json_reply("Newest first.", object_of({"tokens": {"type": "array", "items": _GRANT}})),
        },
    ),
    Operation(
        path="/oauth2/tokens/{grant_id}",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="oauth2",
        summary="End what one agreed to, with every token of it; needs the scope `keys`.",
        fields=(Field("grant_id", _TEXT, place="path", required=True),),
        replies={
            **_SCOPED,
            404: json_reply("No grant of one's own.", _ERROR),
            200: json_reply("Ended.", object_of({"id": _TEXT, "revoked": {"const": True}})),
        },
    ),
)

OPERATIONS: tuple[Operation, ...] = (
    *_DISCOVERY,
    *_REGISTRATION,
    *_STATES,
    *_OWN,
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
                    "subject_token": _TEXT,
                    "subject_token_type": _TEXT,
                    "requested_token_type": _TEXT,
                    "audience": _TEXT,
                    "resource": _TEXT,
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
