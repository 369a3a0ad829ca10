"""How OpenPAI's clients bring a token: `Bearer <t>`, or the token alone (contract 2.2)."""

from collections.abc import Mapping
from typing import Final

from flask import Request, Response, current_app, g, request

from libs.web.credentials import BadCredential, Credential, bare, bearer
from libs.web.gate import MISSING, Window, gate_of
from libs.web.principal import Principal
from services.compute.dialects.openpai import errors

GUEST: Final = "Guest is not allowed to do this operation."
NO_TOKEN: Final = "No authorization token was found"  # noqa: S105 - upstream's sentence
FORMAT: Final = "Format is Authorization: Bearer [token]"
# What the first generation says, by our own sentence; anything else is a signature that does not count.
_SENTENCES: Final = {
    FORMAT: FORMAT,
    "The access token is malformed.": "jwt malformed",
    "The access token expired.": "jwt expired",
}


def read(asked: Request) -> Credential | None:
    """Raises BadCredential."""
    header = asked.environ.get("HTTP_AUTHORIZATION")
    if (header or "").strip().lower() == "bearer":
        raise BadCredential(FORMAT)
    found = bearer(header) or bare(header)
    if found is None and (header or "").strip():
        raise BadCredential(FORMAT)
    return found


def render(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    if status == 401:
        message = NO_TOKEN if code == MISSING else _SENTENCES.get(text, "invalid signature")
        response = errors.refusal(401, "UnauthorizedUserError", GUEST if errors.is_v1() else message)
    elif status == 403 and errors.is_v1():
        response = errors.refusal(403, "ForbiddenUserError", text)
    elif status == 403:
        response = errors.refusal(403, "NotAuthorized", "not authorized")
    elif status == 429:
        response = errors.refusal(429, "TooManyRequests", text)
    else:
        response = errors.refusal(status, "ServiceUnavailable", text)
    response.headers.extend(dict(headers))
    return response


WINDOW: Final = Window("openpai", read, render, 'Bearer realm="pai"')


def caller() -> Principal:
    """Of a route that needs one."""
    principal: Principal = g.principal
    return principal


def maybe_caller(scope: str) -> tuple[Principal | None, Response | None]:
    """Whoever asks a route that is everybody's, and what they are told where only they may know. A token that
    does not count makes nobody, as upstream, which does not look at it there.
    """
    refused = gate_of(current_app).admit(WINDOW, (scope,))
    if refused is not None:
        return None, refused
    return caller(), None


def is_signed() -> bool:
    return "HTTP_AUTHORIZATION" in request.environ
