"""How DCP clients bring a credential, and what a refusal looks like to them, in every service that they meet
(DCP contract 2, 7): `Basic` with a whole keystore, or `Bearer` with an API key or token.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Request, Response, request

from libs.web import request_ids
from libs.web.credentials import BASIC, BEARER, Credential, token
from libs.web.gate import MISSING, Window

CHALLENGE: Final = 'Basic realm="dcp", Bearer realm="dcp"'
NO_CREDENTIAL: Final = "Authentication method not provided"
BAD_KEYSTORE: Final = "Invalid identity keystore or password"
BAD_KEY: Final = "Invalid API key"
NONE: Final[Mapping[str, str]] = {}
_REFUSED: Final = {BASIC: ("InvalidKeystore", BAD_KEYSTORE), BEARER: ("InvalidApiKey", BAD_KEY)}
_CODES: Final[Mapping[int, str]] = {
    400: "BadRequest",
    404: "NotFound",
    405: "MethodNotAllowed",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    500: "InternalError",
}


def answer(body: object, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(status: int, code: str, text: str, headers: Mapping[str, str] = NONE, **more: Any) -> Response:
    response = answer({"error": text, "message": text, "code": code, **more}, status)
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    response.headers.update(dict(headers))
    return response


def invalid(path: str, reason: str) -> Response:
    """A member or parameter that cannot be."""
    text = reason if reason.startswith("The ") else f"{path} {reason}"
    return refusal(400, "InvalidRequest", text, detail=[{"path": path, "reason": reason}])


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    more = {"requestId": request_ids.current()} if status >= 500 else {}
    return refusal(status, _CODES.get(status, "Error"), text, NONE, **more)


def scheme_and_rest(asked: Request) -> tuple[str, str]:
    """The raw header, cut at its first blank; the scheme in lower case (contract 2.1, step 1)."""
    header: str = asked.environ.get("HTTP_AUTHORIZATION") or ""
    scheme, _, rest = header.strip(" \t").partition(" ")
    return scheme.lower(), rest


def read(asked: Request) -> Credential | None:
    """Raises BadCredential for a bearer that cannot be one; whatever follows `Basic` is for the parser."""
    scheme, rest = scheme_and_rest(asked)
    if scheme == BASIC:
        return Credential(BASIC, rest)
    return token(rest.strip(" ")) if scheme == BEARER else None


def render(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    scheme, _ = scheme_and_rest(request)
    if status == 401 and (code == MISSING or scheme not in _REFUSED):
        return refusal(401, "AuthenticationRequired", NO_CREDENTIAL)
    if status == 401:
        return refusal(401, *_REFUSED[scheme])
    names = {403: "ScopeMissing", 429: "TooManyAttempts", 503: "Unavailable"}
    kept = {name: value for name, value in headers.items() if name == "Retry-After"}
    return refusal(status, names.get(status, "BadRequest"), text.rstrip("."), kept)


WINDOW: Final = Window("dcp", read, render, CHALLENGE)
