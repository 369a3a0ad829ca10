"""The grant of the token endpoint for dApps (RFC 8693): a wallet's proof, or a token, for an access token.

    grant_type          urn:ietf:params:oauth:grant-type:token-exchange
    client_id           `tidegate-dapp`, or a registered client with this grant
    subject_token_type  urn:tidegate:params:oauth:token-type:siwe
    subject_token       base64url of {"message": the EIP-4361 text, "signature": "0x..."}
or
    subject_token_type  urn:ietf:params:oauth:token-type:access_token
    subject_token       an AuthToken, or an access token of the same client

An unusable subject_token is `invalid_request` (RFC 8693 2.2.2), whatever is wrong with it.
"""

import base64
import binascii
from typing import Any, Final

from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    TokenEndpointMixin,
    UnauthorizedClientError,
)

from libs.web.params import BadParams, parse_json
from services.auth.dialects.oauth.grant_types import INVALID, asked_scopes, invalid_grant
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.domain import sign_in
from services.auth.domain.clients import EXCHANGE, Client
from services.auth.domain.tokens import AUDIENCE
from services.auth.domain.wallets import UnsupportedChain
from services.auth.usecases.resolvers import is_wallet_token
from services.auth.usecases.token_exchange import (
    Exchanged,
    ExchangeTooWide,
    SubjectRefused,
    TokenExchange,
)

SIWE: Final = "urn:tidegate:params:oauth:token-type:siwe"
ACCESS: Final = "urn:ietf:params:oauth:token-type:access_token"
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
MAX_CHARS: Final = 48 * 1024  # a smart account's signature may have 8 KiB, in hex, in base64
MISSING: Final = "The {} is missing."

# What is wrong with a signed text; the classes are domain/sign_in.py's.
TEXTS: dict[type[Exception], str] = {
    sign_in.MalformedSignIn: "The message is not an EIP-4361 text.",
    sign_in.ForeignSignIn: "The message was made for another site or another purpose.",
    sign_in.SignInOutlived: "The message has expired.",
    sign_in.SignInEarly: "The message is not valid yet.",
    sign_in.NonceRefused: "The nonce is not ours, is over, or was used.",
    sign_in.SignatureWrong: "The signature is not by this account.",
    UnsupportedChain: "The message names a chain that is not served here.",
}


class InvalidTargetError(OAuth2Error):
    """RFC 8693 2.2.2, RFC 8707 2."""

    error = "invalid_target"
    description = "There is nothing here but this gateway's own services."


class ExchangeGrant(BaseGrant, TokenEndpointMixin):
    GRANT_TYPE = EXCHANGE
    exchange: TokenExchange

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not registered for this grant_type.")
        self.request.client = client
        values = self.request.payload.data
        for name in ("subject_token", "subject_token_type"):
            if not values.get(name):
                raise InvalidRequestError(MISSING.format(name))
        if "actor_token" in values or "actor_token_type" in values:
            raise InvalidRequestError("Acting for somebody else (actor_token) is not supported.")
        if values.get("requested_token_type", ACCESS) not in (ACCESS, JWT):
            raise InvalidRequestError("The requested_token_type is not supported.")
        self._check_target(values)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        client: Client = self.request.client.client
        scopes = asked_scopes(self.request.payload.scope, client)
        try:
            issued = self._exchanged(client, scopes)
        except ExchangeTooWide as error:
            raise InvalidScopeError("More than the client or the subject_token may have.") from error
        except SubjectRefused as error:
            raise InvalidRequestError(error.reason) from error
        except (sign_in.SignInRefused, UnsupportedChain) as error:
            raise InvalidRequestError(TEXTS[type(error)]) from error
        except INVALID as error:
            raise invalid_grant(error) from error
        return 200, self._answer(issued), self.TOKEN_RESPONSE_HEADER

    def _exchanged(self, client: Client, scopes: tuple[str, ...]) -> Exchanged:
        values = self.request.payload.data
        token, kind = values["subject_token"], values["subject_token_type"]
        if kind == SIWE:
            message, signature = read_signed(token)
            return self.exchange.signature(client, message, signature, scopes)
        if kind not in (ACCESS, JWT):
            raise InvalidRequestError("The subject_token_type is not supported.")
        if is_wallet_token(token):
            return self.exchange.auth_token(client, token, scopes)
        return self.exchange.access_token(client, token, scopes)

    def _check_target(self, values: dict[str, str]) -> None:
        """What there is stands behind this gateway. Raises InvalidTargetError."""
        issuer: str = self.server.parts.issuer
        audience, resource = values.get("audience", AUDIENCE), values.get("resource", issuer)
        if audience not in (AUDIENCE, issuer) or not f"{resource}/".startswith(issuer + "/"):
            raise InvalidTargetError

    def _answer(self, issued: Exchanged) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "access_token": issued.access.text,
            "issued_token_type": ACCESS,
            "token_type": "Bearer",
            "expires_in": issued.access.expires_in,
            "scope": " ".join(issued.access.token.scopes),
        }
        if issued.refresh_token is not None:
            answer["refresh_token"] = issued.refresh_token
        return answer


def add(server: OAuthServer, usecase: TokenExchange) -> None:
    class Grant(ExchangeGrant):
        exchange = usecase

    server.register_grant(Grant)


def read_signed(subject_token: str) -> tuple[str, str]:
    """Message and signature. Raises InvalidRequestError."""
    refused = InvalidRequestError(
        "The subject_token must be base64url of an object of message and signature."
    )
    text = subject_token.rstrip("=")
    if len(text) > MAX_CHARS or not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
        raise refused
    try:
        document = parse_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), max_depth=2)
    except (BadParams, binascii.Error):
        raise refused from None
    found = document if isinstance(document, dict) else {}
    message, signature = found.get("message"), found.get("signature")
    if type(message) is not str or type(signature) is not str or len(found) != 2:
        raise refused
    return message, signature
