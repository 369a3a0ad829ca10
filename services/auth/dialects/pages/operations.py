"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import FORM, Field, Operation, Reply, Schema, object_of

HTML = "text/html"
PLAIN = "text/plain"
_TEXT: Schema = {"type": "string"}
_PAGE: Mapping[str, Schema] = {HTML: _TEXT}
_ELSEWHERE = Reply("On to another page.", {PLAIN: _TEXT})
_BAD = Reply("Cannot be read.", _PAGE)
_FOREIGN = Reply("Not a form of ours for this browser, or not signed in by it.", _PAGE)
_MANY = Reply("Too many attempts: `Retry-After` says when.", _PAGE)
_AWAY = Reply("The database or the provider cannot be asked now.", _PAGE)
_SHOWN: Mapping[int, Reply] = {200: Reply("The page.", _PAGE), 303: _ELSEWHERE, 400: _BAD, 503: _AWAY}
_SENT: Mapping[int, Reply] = {303: _ELSEWHERE, 400: _BAD, 403: _FOREIGN, 503: _AWAY}


def _form(*names: str) -> Mapping[str, Schema]:
    return {FORM: object_of({name: _TEXT for name in ("csrf", *names)})}


def _file(name: str, kind: str) -> Operation:
    replies = {200: Reply("The same for everybody.", {kind: _TEXT})}
    return Operation(path=f"/pages/{name}", methods=("GET",), tag="pages", summary=name, replies=replies)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/login",
        methods=("GET",),
        tag="pages",
        summary="Sign in: the page.",
        fields=(Field("next", _TEXT, "Sealed: where to go then.", place="query"),),
        replies=_SHOWN,
    ),
    Operation(
        path="/login",
        methods=("POST",),
        tag="pages",
        summary="Sign in by user name and password.",
        body=_form("username", "password"),
        replies={**_SENT, 429: _MANY},
    ),
    Operation(
        path="/login/wallet",
        methods=("GET",),
        tag="pages",
        summary="Sign in with a wallet: the text to sign (EIP-4361).",
        fields=(
            Field("address", _TEXT, "The wallet's.", place="query"),
            Field("next", _TEXT, "Sealed: where to go then.", place="query"),
        ),
        replies=_SHOWN,
    ),
    Operation(
        path="/login/wallet",
        methods=("POST",),
        tag="pages",
        summary="Sign in with a signed text.",
        body=_form("message", "signature"),
        replies=_SENT,
    ),
    Operation(
        path="/logout", methods=("POST",), tag="pages", summary="Sign out.", body=_form(), replies=_SENT
    ),
    Operation(
        path="/oauth2/auth",
        methods=("GET",),
        tag="pages",
        summary="The authorization endpoint (RFC 6749 section 3.1): the consent page.",
        description="`response_type=code` with PKCE (S256). Sends to the login page first, if need be.",
        fields=tuple(
            Field(name, _TEXT, place="query")
            for name in (
                *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt"),
                *("code_challenge", "code_challenge_method", "max_age", "login_hint"),
            )
        ),
        replies={**_SHOWN, 303: Reply("To the application, or to the login page.", {PLAIN: _TEXT})},
    ),
    Operation(
        path="/oauth2/auth",
        methods=("POST",),
        tag="pages",
        summary="The person's answer; or an application's parameters, which lead to the page.",
        body={FORM: object_of({}, {"decision": {"enum": ["allow", "deny"]}, "request": _TEXT})},
        replies=_SENT,
    ),
    *(
        Operation(
            path=path,
            methods=("GET",),
            tag="pages",
            summary="Connect a device (RFC 8628 section 3.3): the page.",
            fields=(Field("user_code", _TEXT, "What the device shows.", place="query"),),
            replies=_SHOWN,
        )
        for path in ("/device", "/oauth2/device")
    ),
    Operation(
        path="/device",
        methods=("POST",),
        tag="pages",
        summary="A code, or the answer to the question behind it.",
        body=_form("user_code"),
        replies={**_SENT, 200: Reply("The question.", _PAGE), 404: _BAD, 429: _MANY},
    ),
    Operation(
        path="/account",
        methods=("GET",),
        tag="pages",
        summary="One's own account: wallets, applications, keys.",
        replies=_SHOWN,
    ),
    Operation(
        path="/account",
        methods=("POST",),
        tag="pages",
        summary="Take something back.",
        body=_form("what", "id"),
        replies={**_SENT, 409: Reply("The last way into the account.", _PAGE)},
    ),
    _file("style.css", "text/css"),
    _file("icon.svg", "image/svg+xml"),
    _file("wallet.js", "text/javascript"),
)
