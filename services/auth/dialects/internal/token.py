"""`POST /internal/token`: service tokens by RFC 6749 section 4.4, client credentials in HTTP Basic."""

from flask import Blueprint, Response, request

from libs.web.gate import signed
from libs.web.params import BadParams, Limits, Params
from services.auth.dialects.internal.errors import BadRequest, answer
from services.auth.domain.service_clients import UnknownClient
from services.auth.usecases.service_tokens import LIFETIME_SECONDS, ServiceTokens

LIMITS = Limits(body=4096)


def add(room: Blueprint, service_tokens: ServiceTokens) -> None:
    @room.post("/token")
    @signed
    def token() -> Response:
        name, secret = _credentials()
        if _grant_type() != "client_credentials":
            raise BadRequest("unsupported_grant_type")
        issued = service_tokens.issue(name, secret)
        return answer({"access_token": issued, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS})


def _credentials() -> tuple[str, str]:
    """Only the header counts: a secret in a body or query ends up in logs."""
    given = request.authorization
    if given is None or given.type != "basic" or not given.username or not given.password:
        raise UnknownClient
    return given.username, given.password


def _grant_type() -> str | None:
    try:
        return Params.of(request, LIMITS).text("grant_type")
    except BadParams as error:
        raise BadRequest from error
