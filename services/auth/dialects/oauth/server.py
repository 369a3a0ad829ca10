"""Authlib's authorization server with our ports behind it.

Others add a grant to GRANTS (a class with `server.parts` at hand) and a way of client authentication to
AUTH_METHODS; the metadata documents name whatever is here.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import BaseGrant, InvalidRequestError, OAuth2Error
from flask import Response

from libs.web.principal import CLIENT
from services.auth.deps import OAuthParts
from services.auth.dialects.oauth import mtls
from services.auth.dialects.oauth.assertions import PrivateKeyJwt
from services.auth.dialects.oauth.errors import answer, refusal
from services.auth.dialects.oauth.forms import TokenForm
from services.auth.dialects.oauth.grant_types import (
    CODE_EXTENSIONS,
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from services.auth.dialects.oauth.models import OAuthClient
from services.auth.domain.clients import DIRAC_CERTIFICATE, PRIVATE_KEY_JWT, TLS, Client
from services.auth.domain.scopes import PERSONAL, format_scope
from services.auth.usecases.access_tokens import Issued, TokenRequest
from services.auth.usecases.grants import TokenSet

# At DEBUG Authlib writes the tokens it issues, whole.
logging.getLogger("authlib").setLevel(logging.INFO)

AuthMethod = Callable[[Callable[[str], OAuthClient | None], TokenForm], OAuthClient | None]
# How a client proves itself besides Authlib's own client_secret_basic, client_secret_post and none.
AUTH_METHODS: dict[str, Callable[[OAuthParts], AuthMethod]] = {
    PRIVATE_KEY_JWT: PrivateKeyJwt,
    TLS: mtls.tls_client_auth,
}
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
# The first class that says the request is its own gets it.
GRANTS: list[tuple[type[BaseGrant], Iterable[Any]]] = [
    (AuthorizationCodeGrant, CODE_EXTENSIONS),
    (RefreshTokenGrant, ()),
    (mtls.CertificateGrant, ()),
    (ClientCredentialsGrant, ()),
]


class OAuthServer(AuthorizationServer):
    def __init__(self, parts: OAuthParts) -> None:
        super().__init__()
        self.parts = parts
        for method, make in AUTH_METHODS.items():
            self.register_client_auth_method(method, make(parts))
        for grant, extensions in GRANTS:
            self.register_grant(grant, list(extensions))

    def token(self, form: TokenForm) -> Response:
        """The token endpoint's answer."""
        if form.payload.grant_type is None:
            return self.handle_error_response(form, InvalidRequestError("The grant_type is missing."))
        return self.create_token_response(form)  # type: ignore[no-any-return]

    def grant_types(self) -> list[str]:
        """Of every grant that was registered, here or by others."""
        return list(dict.fromkeys(grant.GRANT_TYPE for grant, _ in self._token_grants))

    def auth_methods(self) -> list[str]:
        """The weakest last: a client is looked up as public when nothing else fits."""
        return [*AUTH_METHODS, *SECRET_METHODS, "none"]

    def answer_of(self, issued: TokenSet, client: Client) -> dict[str, Any]:
        """The token endpoint's success (RFC 6749 5.1). PROMINENCE wants `access_token` first."""
        access = self.access_of(issued, client)
        answer: dict[str, Any] = {
            "access_token": access.text,
            "token_type": "Bearer",
            "expires_in": issued.access.expires_in,
            "scope": format_scope(issued.access.token.scopes),
        }
        if issued.refresh_token is not None:
            answer["refresh_token"] = issued.refresh_token
        id_token = self.parts.identities.id_token(issued, access.text)
        if id_token is not None:
            answer["id_token"] = id_token
        return answer

    def access_of(self, issued: TokenSet, client: Client) -> Issued:
        """Signed; a reference for DIRAC's old clients, who put tokens into URLs (decision 0015)."""
        if client.legacy_no_pkce or client.client_id == DIRAC_CERTIFICATE:
            return self.parts.references.in_place_of(issued.access)
        confirmation = self.confirmation(client)
        if confirmation is not None:
            return self.parts.access_tokens.bound(issued.access, confirmation)
        return issued.access

    def own_token(self, client: Client, scopes: tuple[str, ...]) -> dict[str, Any]:
        """For a client that acts for itself: what it asked for, or all it has, without a person's data."""
        granted = [scope for scope in scopes or client.scopes if scope not in PERSONAL]
        issued = self.parts.access_tokens.issue(
            TokenRequest(
                subject=CLIENT + client.client_id,
                client_id=client.client_id,
                scopes=granted,
                confirmation=self.confirmation(client),
            )
        )
        return {
            "access_token": issued.text,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "scope": format_scope(granted),
        }

    def confirmation(self, client: Client) -> dict[str, Any] | None:
        """`cnf` of a token that is bound to a certificate (RFC 8705 3)."""
        return mtls.confirmation(self.parts, client)

    # What Authlib asks of its framework side.

    def query_client(self, client_id: str) -> OAuthClient | None:
        found = self.parts.registry.find(client_id)
        return None if found is None else OAuthClient(found, self.parts.registry)

    def authenticate_client(self, request: TokenForm, methods: Any, endpoint: str = "token") -> OAuthClient:
        """Any way the client is registered for, whatever a grant's class lists."""
        return super().authenticate_client(request, self.auth_methods(), endpoint)  # type: ignore[no-any-return]

    def save_token(self, token: dict[str, Any], request: TokenForm) -> None:
        """The use cases store what must be stored, before it is handed out."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: TokenForm) -> TokenForm:
        return request

    def handle_error_response(self, request: TokenForm, error: OAuth2Error) -> Response:
        return refusal(error, used_basic="Authorization" in request.headers)

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        return answer(body, status)
