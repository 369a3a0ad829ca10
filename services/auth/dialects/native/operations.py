"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_WHOLE: Schema = {"type": "integer"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_OPTIONAL: Schema = {"type": ["string", "null"]}
_ERROR = object_of({"error": _TEXT, "message": _TEXT}, {"field": _TEXT})
_PERSON = object_of(
    {
        "id": _TEXT, "subject": _TEXT, "username": _TEXT, "display_name": _TEXT, "email": _OPTIONAL,
        "state": {"enum": ["active", "disabled"]}, "is_admin": _FLAG, "groups": _TEXTS, "wallets": _TEXTS,
        "created_at": _WHOLE,
    },
)  # fmt: skip
_CERTIFICATE = object_of({"subject": _TEXT, "issuer": _OPTIONAL})
_GROUP = object_of({"name": _TEXT, "vo": _TEXT, "properties": _TEXTS})
_CLIENT = object_of(
    {
        "client_id": _TEXT, "name": _TEXT, "origin": _TEXT, "owner": _OPTIONAL, "auth_method": _TEXT,
        "grant_types": _TEXTS, "redirect_uris": _TEXTS, "scopes": _TEXTS, "trusted": _FLAG,
        "is_disabled": _FLAG, "created_at": _WHOLE,
    },
)  # fmt: skip
_EVENT = object_of(
    {
        "id": _WHOLE, "at": _WHOLE, "event": _TEXT, "outcome": _TEXT, "actor": _TEXT, "subject": _TEXT,
        "client_id": _TEXT, "peer": _TEXT, "request_id": _TEXT, "details": {"type": "object"},
    },
)  # fmt: skip
_STEP = object_of(
    {"did": {"enum": ["published", "activated"]}, "kid": _TEXT, "settles_in": _WHOLE, "withdrawn": _TEXTS}
)
_KEY = object_of({"kid": _TEXT, "state": _TEXT, "since": _WHOLE})

_ALWAYS: Mapping[int, Reply] = {
    401: json_reply("No credential, or one that does not count.", _ERROR),
    403: json_reply("Not an administrator, or a credential without the scope `admin`.", _ERROR),
    503: json_reply("The database or the keys cannot be used now.", _ERROR),
}
_BAD = json_reply("A field is missing, unknown or of the wrong shape.", _ERROR)
_MISSING = json_reply("Nothing of that name.", _ERROR)
_CONFLICT = json_reply("Taken, or the last administrator.", _ERROR)
_DONE = Reply("Done.")

_USERNAME = Field("username", _TEXT, required=True, place="path", example="ada")
_LIMIT = Field("limit", {"type": "integer", "minimum": 1, "maximum": 200}, place="query")
_AFTER = Field("after", _TEXT, "`next` of the page before.", place="query")


def _of(
    method: str,
    path: str,
    summary: str,
    replies: Mapping[int, Reply],
    fields: tuple[Field, ...] = (),
    body: Schema | None = None,
) -> Operation:
    return Operation(
        path="/tidegate/v1/admin" + path,
        methods=(method,),
        access=Access.PRINCIPAL,
        tag="admin",
        summary=summary,
        fields=fields,
        body={} if body is None else {JSON: body},
        replies={**_ALWAYS, **replies},
    )


def _page(name: str, entry: Schema, cursor: Schema) -> Mapping[int, Reply]:
    listed = object_of({name: {"type": "array", "items": entry}, "next": cursor})
    return {200: json_reply("A page; `next` is null on the last one.", listed), 400: _BAD}


_NAMES: Mapping[str, Schema] = {"display_name": _TEXT, "email": _OPTIONAL}
_ONE = {400: _BAD, 404: _MISSING}
OPERATIONS: tuple[Operation, ...] = (
    _of("GET", "/people", "People, by user name.", _page("people", _PERSON, _OPTIONAL), (_AFTER, _LIMIT)),
    _of(
        "POST",
        "/people",
        "Make an account.",
        {201: json_reply("The person.", _PERSON), 400: _BAD, 409: _CONFLICT},
        body=object_of({"username": _TEXT}, {**_NAMES, "password": _OPTIONAL, "is_admin": _FLAG}),
    ),
    _of(
        "GET",
        "/people/{username}",
        "One person, with certificates.",
        {200: json_reply("The person.", _PERSON), **_ONE},
        (_USERNAME,),
    ),
    _of(
        "PATCH",
        "/people/{username}",
        "Change what is named; disabling ends every credential until enabled again.",
        {200: json_reply("The person.", _PERSON), **_ONE, 409: _CONFLICT},
        (_USERNAME,),
        object_of({}, {**_NAMES, "is_admin": _FLAG, "is_disabled": _FLAG}),
    ),
    _of(
        "DELETE",
        "/people/{username}",
        "Remove for good; the name rests a day.",
        {204: _DONE, **_ONE, 409: _CONFLICT},
        (_USERNAME,),
    ),
    _of(
        "PUT",
        "/people/{username}/password",
        "Set the password; null takes it away.",
        {204: _DONE, **_ONE},
        (_USERNAME,),
        object_of({"password": _OPTIONAL}),
    ),
    _of("DELETE", "/people/{username}/lock", "Forget wrong guesses.", {204: _DONE, **_ONE}, (_USERNAME,)),
    _of(
        "PUT",
        "/people/{username}/groups",
        "Exactly these groups.",
        {200: json_reply("The person.", _PERSON), **_ONE},
        (_USERNAME,),
        object_of({"groups": _TEXTS}),
    ),
    _of(
        "GET",
        "/people/{username}/certificates",
        "Certificates that stand for the person.",
        {
            200: json_reply(
                "All of them.", object_of({"certificates": {"type": "array", "items": _CERTIFICATE}})
            ),
            **_ONE,
        },
        (_USERNAME,),
    ),
    _of(
        "POST",
        "/people/{username}/certificates",
        "Register a certificate by its names, as /DC=org/CN=Name.",
        {201: json_reply("As stored.", _CERTIFICATE), **_ONE, 409: _CONFLICT},
        (_USERNAME,),
        object_of({"subject": _TEXT}, {"issuer": _OPTIONAL}),
    ),
    _of(
        "DELETE",
        "/people/{username}/certificates",
        "It stands for nobody any more.",
        {204: _DONE, **_ONE},
        (_USERNAME, Field("subject", _TEXT, required=True, place="query")),
    ),
    _of(
        "POST",
        "/people/{username}/wallets",
        "Link a wallet without its signature.",
        {201: json_reply("As stored.", object_of({"address": _TEXT})), **_ONE, 409: _CONFLICT},
        (_USERNAME,),
        object_of({"address": _TEXT}),
    ),
    _of(
        "DELETE",
        "/people/{username}/wallets/{address}",
        "The wallet stands for itself again.",
        {204: _DONE, **_ONE},
        (_USERNAME, Field("address", _TEXT, required=True, place="path")),
    ),
    _of(
        "GET",
        "/groups",
        "All groups.",
        {200: json_reply("By name.", object_of({"groups": {"type": "array", "items": _GROUP}}))},
    ),
    _of(
        "PUT",
        "/groups/{name}",
        "Make or change a group.",
        {200: json_reply("The group.", _GROUP), 400: _BAD},
        (Field("name", _TEXT, required=True, place="path"),),
        object_of({"vo": _TEXT}, {"properties": _TEXTS}),
    ),
    _of(
        "DELETE",
        "/groups/{name}",
        "Remove a group; its members leave it.",
        {204: _DONE, **_ONE},
        (Field("name", _TEXT, required=True, place="path"),),
    ),
    _of("GET", "/clients", "OAuth2 clients, by id.", _page("clients", _CLIENT, _OPTIONAL), (_AFTER, _LIMIT)),
    _of(
        "PATCH",
        "/clients/{client_id}",
        "Disable a client with all its tokens, or enable it.",
        {200: json_reply("The client.", _CLIENT), **_ONE},
        (Field("client_id", _TEXT, required=True, place="path"),),
        object_of({"is_disabled": _FLAG}),
    ),
    _of(
        "GET",
        "/keys",
        "Signing keys, oldest first.",
        {200: json_reply("All of them.", object_of({"keys": {"type": "array", "items": _KEY}}))},
    ),
    _of(
        "POST",
        "/keys/rotate",
        "The next step of a rotation: publish a key, then let it sign.",
        {200: json_reply("What was done.", _STEP), 400: _BAD, 409: json_reply("Too early.", _ERROR)},
        body=object_of({}, {"at_once": _FLAG}),
    ),
    _of(
        "POST",
        "/keys/{kid}/withdraw",
        "Tokens of this key count no more, at once.",
        {200: json_reply("Which key signs now.", object_of({"withdrawn": _TEXT, "signing": _TEXT})), **_ONE},
        (Field("kid", _TEXT, required=True, place="path"),),
    ),
    _of(
        "GET",
        "/audit",
        "Security events, newest first.",
        _page("events", _EVENT, {"type": ["integer", "null"]}),
        (
            Field("before", _WHOLE, "`next` of the page before.", place="query"),
            _LIMIT,
            *(Field(name, _TEXT, place="query") for name in ("subject", "actor", "event")),
        ),
    ),
)
