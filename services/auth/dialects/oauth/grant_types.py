"""Authlib's grants of the token endpoint over our use cases: Authlib checks, the use cases issue."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError, UnauthorizedClientError, grants
from authlib.oauth2.rfc7636 import CodeChallenge

from services.auth.dialects.oauth.models import Code, OAuthClient, OldRefreshToken
from services.auth.domain.clients import CLIENT_CREDENTIALS, Client
from services.auth.domain.grants import GrantOutlived, GrantRevoked, UnknownGrant
from services.auth.domain.scopes import UnknownScope, parse_scope
from services.auth.usecases.grants import ScopeTooWide

INVALID = (UnknownGrant, GrantOutlived, GrantRevoked)
TEXTS: dict[type[Exception], str] = {
    UnknownGrant: "The code or token is unknown, or of another client.",
    GrantOutlived: "The code or token has expired.",
    GrantRevoked: "The grant was revoked.",
}


def invalid_grant(error: Exception) -> InvalidGrantError:
    return InvalidGrantError(TEXTS[type(error)])


def asked_scopes(text: str | None, client: Client) -> tuple[str, ...]:
    """What the client asked for. Raises InvalidScopeError for what does not exist or is not its own."""
    try:
        scopes = parse_scope(text or "")
    except UnknownScope as error:
        raise InvalidScopeError from error
    if not all(client.may_ask(scope) for scope in scopes):
        raise InvalidScopeError("The client is not registered for all of these scopes.")
    return scopes


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    """The client acts for itself. No grant is stored: each token is revoked alone, or with the client."""

    def validate_token_request(self) -> None:
        super().validate_token_request()
        if self.request.client.client.is_public:
            raise UnauthorizedClientError("A public client cannot prove who it is.")

    def generate_token(self, **_: Any) -> dict[str, Any]:
        client: Client = self.request.client.client
        scopes = asked_scopes(self.request.payload.scope, client)
        return self.server.own_token(client, scopes)  # type: ignore[no-any-return]


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    def query_authorization_code(self, code: str, client: OAuthClient) -> Code:
        try:
            row = self.server.parts.flows.find_code(code, client.client)
        except INVALID as error:
            raise invalid_grant(error) from error
        sent = self.request.payload.redirect_uri
        if sent is not None and sent != row.redirect_uri:
            raise InvalidGrantError("Another redirect_uri than the code was made for.")
        return Code(row)

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.row.grant_id  # the use case looks at the person behind it

    def generate_token(self, **_: Any) -> dict[str, Any]:
        client = self.request.client.client
        try:
            issued = self.server.parts.flows.take_code(self.request.authorization_code.row, client)
        except INVALID as error:
            raise invalid_grant(error) from error
        return self.server.answer_of(issued, client)  # type: ignore[no-any-return]

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """`take_code` used it up."""


class RefreshTokenGrant(grants.RefreshTokenGrant):
    def authenticate_refresh_token(self, refresh_token: str) -> OldRefreshToken | None:
        found = self.server.parts.flows.of_refresh_token(refresh_token)
        return None if found is None else OldRefreshToken(refresh_token, found[1])

    def authenticate_user(self, refresh_token: OldRefreshToken) -> str:
        return refresh_token.grant.subject

    def issue_token(self, user: str, refresh_token: OldRefreshToken) -> dict[str, Any]:
        client = self.request.client.client
        try:
            scopes = parse_scope(self.request.payload.scope or "")
            issued = self.server.parts.flows.refresh(refresh_token.text, client, scopes)
        except INVALID as error:
            raise invalid_grant(error) from error
        except (UnknownScope, ScopeTooWide) as error:
            raise InvalidScopeError from error
        return self.server.answer_of(issued, client)  # type: ignore[no-any-return]

    def revoke_old_credential(self, refresh_token: OldRefreshToken) -> None:
        """Rotation used it up."""


# Whether a challenge is needed is decided where the code is asked for; here it is held to what it was.
CODE_EXTENSIONS = (CodeChallenge(required=False),)
assert ClientCredentialsGrant.GRANT_TYPE == CLIENT_CREDENTIALS
