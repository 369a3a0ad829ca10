"""`POST /oauth2/revoke` (RFC 7009) and `POST /oauth2/introspect` (RFC 7662), by Authlib's endpoints."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Blueprint, Response, request

from libs.web.gate import signed
from services.auth.dialects.oauth.errors import answer, refusal
from services.auth.dialects.oauth.forms import TokenForm, read_form
from services.auth.dialects.oauth.models import OAuthClient
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.usecases.token_states import Known, TokenStates

MISSING = "The token is missing."


class Revocation(RevocationEndpoint):
    """A hint is a hint: wrong ones do no harm (RFC 7009 2.1)."""

    def __init__(self, server: OAuthServer, states: TokenStates) -> None:
        super().__init__(server)
        self._states = states

    def authenticate_token(self, request: TokenForm, client: OAuthClient) -> Known | None:
        text = request.form.get("token")
        if text is None:
            raise InvalidRequestError(MISSING)
        found = self._states.find(text)
        if found is not None and found.client_id != client.get_client_id():
            raise InvalidGrantError("The token was issued to another client.")
        return found

    def revoke_token(self, token: Known, request: TokenForm) -> None:
        self._states.revoke(token)


class Introspection(IntrospectionEndpoint):
    """For clients that an administrator trusts; our own services ask /internal."""

    def __init__(self, server: OAuthServer, states: TokenStates) -> None:
        super().__init__(server)
        self._states = states

    def authenticate_token(self, request: TokenForm, client: OAuthClient) -> str:
        if client.client.is_public or not client.client.trusted:
            raise UnauthorizedClientError("The client may not look at tokens.", status_code=403)
        text = request.form.get("token")
        if text is None:
            raise InvalidRequestError(MISSING)
        return text

    def create_introspection_payload(self, token: str) -> dict[str, Any]:
        return self._states.introspect(token)


def add(room: Blueprint, server: OAuthServer, states: TokenStates) -> None:
    server.register_endpoint(Revocation(server, states))
    server.register_endpoint(Introspection(server, states))

    @room.post("/oauth2/revoke")
    @signed
    def revoke() -> Response:
        return serve(server, Revocation.ENDPOINT_NAME)

    @room.post("/oauth2/introspect")
    @signed
    def introspect() -> Response:
        return serve(server, Introspection.ENDPOINT_NAME)


def serve(server: OAuthServer, endpoint: str) -> Response:
    """For other rooms too: one of the server's endpoints, asked with the form of this request."""
    try:
        form = read_form(request)
    except OAuth2Error as error:
        return refusal(error, used_basic="Authorization" in request.headers)
    found = server.create_endpoint_response(endpoint, form)
    return answer({}) if found is None else found
