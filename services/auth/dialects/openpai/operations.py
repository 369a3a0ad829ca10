"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_SECONDS: Schema = {"type": "integer", "minimum": 60, "maximum": 604800, "default": 86400}
_FIRST = object_of({"error": _TEXT, "message": _TEXT}, {"detail": {}})
_SECOND = object_of({"code": _TEXT, "message": _TEXT})
_DONE = object_of({"message": _TEXT})
_ANY = "JSON, a URL-encoded or a multipart form, whatever the Content-Type says. "
_LOGIN = object_of({"username": _TEXT, "password": _TEXT}, {"expiration": _SECONDS})
_USER = object_of({"username": _TEXT, "modify": _FLAG}, {"password": _TEXT, "admin": _FLAG})
_NAME = object_of({"username": _TEXT})
_SHOWN = object_of({"username": _TEXT, "admin": _TEXT, "virtualCluster": _TEXT, "hasGithubPAT": _FLAG})


def _refusals(error: Schema) -> Mapping[int, Reply]:
    return {
        400: json_reply("A field that may not be, or an unreadable body.", error),
        401: json_reply("No token, or one that does not count.", error),
        403: json_reply("Not an administrator.", error),
        413: json_reply("More than 64 KiB.", error),
        429: json_reply("Locked after failed attempts; Retry-After says for how long.", error),
        503: json_reply("Users cannot be asked for right now.", error),
    }


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/api/auth",
        methods=("POST",),
        access=Access.PUBLIC,
        tag="openpai",
        summary="Sign in with a password.",
        description=_ANY + "The token ends with the user, the password and the admin flag it was made for.",
        body={JSON: _LOGIN},
        replies={
            **_refusals(_FIRST),
            200: json_reply("An access token (JWT).", object_of({"token": _TEXT, "user": _TEXT})),
        },
    ),
    Operation(
        path="/api/auth",
        methods=("PUT",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="Create (`modify` false) or change (`modify` true) a user.",
        description=_ANY + "Administrators; everybody may change their own password.",
        body={JSON: _USER},
        replies={
            **_refusals(_FIRST),
            200: json_reply("Done.", _DONE),
            409: json_reply("The last administrator.", _FIRST),
            500: json_reply("`modify` and whether the user exists do not go together (as upstream).", _FIRST),
        },
    ),
    Operation(
        path="/api/auth",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="Remove a user; their tokens end at once.",
        description=_ANY,
        body={JSON: _NAME},
        replies={
            **_refusals(_FIRST),
            200: json_reply("Done.", _DONE),
            500: json_reply("No such user, or an administrator (as upstream).", _FIRST),
        },
    ),
    Operation(
        path="/api/v1/token",
        methods=("POST",),
        access=Access.PUBLIC,
        tag="openpai",
        summary="Sign in with a password.",
        description=_ANY,
        body={JSON: _LOGIN},
        replies={
            **_refusals(_SECOND),
            200: json_reply(
                "An access token (JWT).",
                object_of({"user": _TEXT, "token": _TEXT, "admin": _FLAG, "hasGitHubPAT": _FLAG}),
            ),
        },
    ),
    Operation(
        path="/api/v1/user",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="Every user, for administrators.",
        replies={
            **_refusals(_SECOND),
            200: json_reply("`admin` is a text, as upstream's.", {"type": "array", "items": _SHOWN}),
        },
    ),
    Operation(
        path="/api/v1/user",
        methods=("PUT",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="Create or change a user.",
        description=_ANY,
        body={JSON: _USER},
        replies={
            **_refusals(_SECOND),
            201: json_reply("Done.", _DONE),
            404: json_reply("No such user.", _SECOND),
            409: json_reply("The user exists, or is the last administrator.", _SECOND),
        },
    ),
    Operation(
        path="/api/v1/user",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="Remove a user.",
        description=_ANY,
        body={JSON: _NAME},
        replies={
            **_refusals(_SECOND),
            200: json_reply("Done.", _DONE),
            404: json_reply("No such user.", _SECOND),
        },
    ),
    Operation(
        path="/api/v1/user/{name}",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="The same, for callers whose proxy drops the body of a DELETE.",
        fields=(Field("name", _TEXT, place="path"),),
        replies={
            **_refusals(_SECOND),
            200: json_reply("Done.", _DONE),
            404: json_reply("No such user.", _SECOND),
        },
    ),
    Operation(
        path="/api/v1/user/{name}/virtualClusters",
        methods=("PUT",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="Say which virtual clusters a user may use; the default is everybody's.",
        description=_ANY + "Administrators may use all of them.",
        fields=(Field("name", _TEXT, place="path"),),
        body={JSON: object_of({"virtualClusters": {"type": "string", "pattern": "^[A-Za-z0-9_,]*$"}})},
        replies={
            **_refusals(_SECOND),
            201: json_reply("Done.", _DONE),
            404: json_reply("No such user.", _SECOND),
        },
    ),
    Operation(
        path="/api/v1/user/{name}/githubPAT",
        methods=("PUT",),
        access=Access.PRINCIPAL,
        tag="openpai",
        summary="Not here: tokens of other services are not kept.",
        fields=(Field("name", _TEXT, place="path"),),
        replies={**_refusals(_SECOND), 501: json_reply("Always.", _SECOND)},
    ),
)
