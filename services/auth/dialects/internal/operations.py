"""What the routes of this room take and give, for the API description; held against the real routes by
tests/contract/openapi.
"""

from collections.abc import Mapping

from libs.openapi.document import (
    FORM,
    JSON,
    TEXT,
    Access,
    Field,
    Operation,
    Reply,
    Schema,
    json_reply,
    object_of,
)

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
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
        path="/internal/principals",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary="Whose credential this is, and for how long that may be remembered.",
        body={
            JSON: object_of(
                {"kind": {"enum": ["bearer", "basic", "certificate"]}, "value": _TEXT},
                {"window": _TEXT, "peer": _TEXT},
            )
        },
        replies={
            **_REFUSALS,
            200: json_reply(
                "The principal, or `refused` with a code of RFC 6750 and `description`.",
                object_of(
                    {},
                    {
                        "principal": {"type": "object"},
                        "stamp": _TEXT,
                        "remember_until": _WHOLE,
                        "bound_to": {"type": ["string", "null"]},
                        "refused": _TEXT,
                        "description": _TEXT,
                    },
                ),
            ),
            429: json_reply("Too many wrong guesses; Retry-After says for how long.", _ERROR),
        },
    ),
    Operation(
        path="/internal/stamps/{buckets}",
        methods=("GET",),
        access=Access.SERVICE,
        tag="internal",
        summary="The stamps of up to 64 buckets: unchanged, what was said of a principal still holds.",
        fields=(Field("buckets", _TEXT, place="path", example="17.203"),),
        replies={**_REFUSALS, 200: Reply("Joined by dots.", {TEXT: _TEXT})},
    ),
    Operation(
        path="/internal/mail-addresses/{subject}",
        methods=("GET",),
        access=Access.SERVICE,
        tag="internal",
        summary="Where somebody is written to; for the compute service.",
        fields=(Field("subject", _TEXT, place="path", example="person:" + "0" * 32),),
        replies={
            **_REFUSALS,
            200: json_reply("null for who has none.", object_of({"email": {"type": ["string", "null"]}})),
            403: json_reply("Another service.", _ERROR),
        },
    ),
    Operation(
        path="/internal/people/{username}",
        methods=("GET",),
        access=Access.SERVICE,
        tag="internal",
        summary="Who has this name, without scopes; for the compute service.",
        fields=(Field("username", _TEXT, place="path", example="ada"),),
        replies={
            **_REFUSALS,
            200: json_reply("null for nobody.", object_of({"principal": {"type": ["object", "null"]}})),
            403: json_reply("Another service.", _ERROR),
        },
    ),
    Operation(
        path="/internal/removed-people",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary="Which of up to 500 subjects are people who were removed; for the compute service.",
        body={JSON: object_of({"subjects": _TEXTS})},
        replies={
            **_REFUSALS,
            200: json_reply("Those.", object_of({"removed": _TEXTS})),
            403: json_reply("Another service.", _ERROR),
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
