"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_WHOLE: Schema = {"type": "integer"}
_FLAG: Schema = {"type": "boolean"}
_ADDRESS: Schema = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
_ERROR = object_of({"error": _TEXT, "error_description": _TEXT})
_BAD: Mapping[int, Reply] = {
    400: json_reply("A parameter, the signed text or its signature; `error` says which.", _ERROR),
    413: json_reply("Too long.", _ERROR),
    503: json_reply("Wallets, accounts or credentials cannot be checked now.", _ERROR),
}
_REFUSALS: Mapping[int, Reply] = {
    400: _BAD[400],
    401: json_reply("No credential, or one that does not count (RFC 6750 section 3).", _ERROR),
    403: json_reply("The credential lacks the scope, or stands for a client.", _ERROR),
    429: json_reply("Locked after wrong guesses; Retry-After says for how long.", _ERROR),
    503: _BAD[503],
}
_CONFLICT = json_reply("No account yet (`no_account`), or one too many; `error` says which.", _ERROR)
_CHALLENGE_FIELDS = (
    Field("address", _ADDRESS, "The wallet.", required=True, place="query"),
    Field("chainId", _WHOLE, "A chain served here; the first one without.", place="query"),
)
_CHALLENGE = json_reply(
    "`message` is to be signed as it stands (`personal_sign`), until `expires_at` (UTC seconds).",
    object_of({"message": _TEXT, "address": _TEXT, "chain_id": _WHOLE, "nonce": _TEXT, "expires_at": _WHOLE}),
)
_WALLETS = json_reply("Checksum addresses.", object_of({"wallets": _TEXTS}))
_PERSON: Mapping[str, Schema] = {
    "subject": _TEXT,
    "username": _TEXT,
    "display_name": _TEXT,
    "email": _MAYBE,
    "groups": _TEXTS,
    "is_admin": _FLAG,
    "wallets": _TEXTS,
    "created_at": _WHOLE,
}
_ACCOUNT = object_of(
    {
        **_PERSON,
        "certificates": {"type": "array", "items": object_of({"subject": _TEXT, "issuer": _MAYBE})},
        "has_password": _FLAG,
    }
)
_PRINCIPAL = object_of({"subject": _TEXT, "name": _TEXT, "scopes": _TEXTS, "wallets": _TEXTS})

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/tidegate/v1/siwe/challenge",
        methods=("GET",),
        tag="identity",
        summary="A text to sign in with (EIP-4361), good for five minutes and one sign-in.",
        fields=(
            *_CHALLENGE_FIELDS,
            Field("domain", _TEXT, "Of the page that asks, when it is not ours.", place="query"),
        ),
        replies={**_BAD, 200: _CHALLENGE},
    ),
    Operation(
        path="/tidegate/v1/me",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Whose credential this is, and the account behind it.",
        replies={
            **_REFUSALS,
            200: json_reply(
                "`account` is null for wallets that have none and for clients.",
                object_of(
                    {"principal": _PRINCIPAL, "account": {"oneOf": [_ACCOUNT, {"type": "null"}]}},
                ),
            ),
        },
    ),
    Operation(
        path="/tidegate/v1/me",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="An account for a wallet that has none, with that wallet linked. Scope `keys`.",
        body={JSON: object_of({"username": _TEXT}, {"password": _MAYBE})},
        replies={
            **_REFUSALS,
            201: json_reply("It was made.", object_of(_PERSON)),
            409: _CONFLICT,
            413: _BAD[413],
        },
    ),
    Operation(
        path="/tidegate/v1/me/wallets",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="The wallets linked to one's account.",
        replies={**_REFUSALS, 200: _WALLETS, 409: _CONFLICT},
    ),
    Operation(
        path="/tidegate/v1/me/wallets/challenge",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="A text that links a wallet to one's account once the wallet signed it. Scope `keys`.",
        fields=_CHALLENGE_FIELDS,
        replies={**_REFUSALS, 200: _CHALLENGE, 409: _CONFLICT, 413: _BAD[413]},
    ),
    Operation(
        path="/tidegate/v1/me/wallets",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Link the wallet that signed. What it owns moves to the account. Scope `keys`.",
        body={JSON: object_of({"message": _TEXT, "signature": _TEXT})},
        replies={
            **_REFUSALS,
            201: json_reply("It is linked.", object_of({"address": _TEXT})),
            409: _CONFLICT,
            413: _BAD[413],
        },
    ),
    Operation(
        path="/tidegate/v1/me/wallets/{address}",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="The wallet stands for itself again. Scope `keys`.",
        fields=(Field("address", _TEXT, place="path"),),
        replies={
            **_REFUSALS,
            200: _WALLETS,
            404: json_reply("It is not linked to this account.", _ERROR),
            409: _CONFLICT,
        },
    ),
)
