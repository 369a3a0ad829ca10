"""How DCP clients bring a credential: `Basic` with a whole keystore, or `Bearer` with an API key or token."""

from collections.abc import Mapping

from flask import Request, Response, request

from libs.web.credentials import BASIC, BEARER, Credential, token
from libs.web.gate import MISSING, Window
from services.auth.dialects.dcp import errors

_REFUSED = {BASIC: ("InvalidKeystore", errors.BAD_KEYSTORE), BEARER: ("InvalidApiKey", errors.BAD_KEY)}


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
        return errors.refusal(401, "AuthenticationRequired", errors.NO_CREDENTIAL)
    if status == 401:
        return errors.refusal(401, *_REFUSED[scheme])
    names = {403: "ScopeMissing", 429: "TooManyAttempts", 503: "Unavailable"}
    kept = {name: value for name, value in headers.items() if name == "Retry-After"}
    return errors.refusal(status, names.get(status, "BadRequest"), text.rstrip("."), kept)


WINDOW = Window("dcp", read, render, errors.CHALLENGE)
