"""The token endpoint for clients that send everything in the URL (contract 1.1 to 1.3)."""

from typing import Any

from services.auth.dialects.oauth.server import OAuthServer
from services.auth.domain.clients import Client
from services.auth.usecases.access_tokens import Issued
from services.auth.usecases.grants import TokenSet


class LegacyServer(OAuthServer):
    """Whoever asks by GET will put the token into URLs as well: all of them get references."""

    def access_of(self, issued: TokenSet, client: Client) -> Issued:
        return self.parts.references.in_place_of(issued.access)

    def answer_of(self, issued: TokenSet, client: Client) -> dict[str, Any]:
        answer = super().answer_of(issued, client)
        return {**answer, "token": answer["access_token"]}
