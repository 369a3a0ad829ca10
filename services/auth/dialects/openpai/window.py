"""How OpenPAI's clients bring a token: `Bearer <t>`, or the token alone (contract 2.2)."""

from collections.abc import Mapping

from flask import Request, Response

from libs.web.credentials import BadCredential, Credential, bare, bearer
from libs.web.gate import MISSING, Window
from services.auth.dialects.openpai import errors
from services.auth.domain.authority import NotAllowed
from services.auth.usecases.resolvers import EXPIRED

GUEST = "Guest is not allowed to do this operation."
NO_TOKEN = "No authorization token was found"  # noqa: S105 - upstream's sentence
FORMAT = "Format is Authorization: Bearer [token]"
# What the first generation says, by our own sentence; anything else is a signature that does not count.
_SENTENCES = {
    FORMAT: FORMAT,
    "The access token is malformed.": "jwt malformed",
    EXPIRED: "jwt expired",
}


def read(asked: Request) -> Credential | None:
    """Raises BadCredential."""
    header = asked.environ.get("HTTP_AUTHORIZATION")
    found = bearer(header) or bare(header)
    if found is None and (header or "").strip():
        raise BadCredential(FORMAT)
    return found


def render(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    if status == 401:
        message = NO_TOKEN if code == MISSING else _SENTENCES.get(text, "invalid signature")
        response = errors.refusal(401, "UnauthorizedUserError", GUEST if errors.is_v1() else message)
    elif status == 403:
        response = errors.render(NotAllowed())
    elif status == 429:
        response = errors.refusal(429, "TooManyRequests", text)
    else:
        response = errors.refusal(status, "ServiceUnavailable", text)
    response.headers.extend(dict(headers))
    return response


WINDOW = Window("openpai", read, render, 'Bearer realm="pai"')
