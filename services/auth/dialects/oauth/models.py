"""What Authlib asks of clients, codes and refresh tokens, over the domain's own."""

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

from services.auth.domain.clients import Client
from services.auth.domain.grants import AuthorizationCode, Grant
from services.auth.domain.scopes import format_scope
from services.auth.usecases.clients import ClientRegistry


class OAuthClient(ClientMixin):
    def __init__(self, client: Client, registry: ClientRegistry) -> None:
        self.client = client
        self._registry = registry

    def get_client_id(self) -> str:
        return self.client.client_id

    def check_client_secret(self, client_secret: str) -> bool:
        return self._registry.has_secret(self.client, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.client.auth_method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.grant_types


class Code(AuthorizationCodeMixin):
    code_challenge_method = "S256"

    def __init__(self, row: AuthorizationCode) -> None:
        self.row = row
        self.code_challenge = row.code_challenge

    def get_redirect_uri(self) -> str:
        """Compared when it was part of the request (RFC 6749 4.1.3)."""
        return self.row.redirect_uri if self.row.redirect_uri_was_sent else ""

    def get_scope(self) -> str:
        return ""  # the grant knows it


class OldRefreshToken(TokenMixin):
    def __init__(self, text: str, grant: Grant) -> None:
        self.text = text
        self.grant = grant

    def check_client(self, client: OAuthClient) -> bool:
        return self.grant.client_id == client.get_client_id()

    def get_scope(self) -> str:
        return format_scope(self.grant.scopes)
