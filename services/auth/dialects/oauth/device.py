"""`POST /oauth2/device` and the grant of the token endpoint that ends it (RFC 8628)."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidRequestError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc8628 import (
    AuthorizationPendingError,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    ExpiredTokenError,
    SlowDownError,
)
from flask import Blueprint, Response, request

from libs.web.gate import signed
from services.auth.dialects.oauth.errors import refusal
from services.auth.dialects.oauth.forms import TokenForm, read_form
from services.auth.dialects.oauth.grant_types import INVALID, asked_scopes, invalid_grant
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.domain.clients import Client
from services.auth.domain.device import AuthorizationPending, DeviceDenied, PolledTooSoon, shown
from services.auth.domain.grants import Grant, GrantOutlived

PAGE = "/device"  # where the user enters the code
WAITING = "Nobody has answered yet."
TOO_SOON = "Nobody has answered yet. Wait longer between two questions."
EXPIRED = "The device code has expired: ask for another one."
DENIED = "The user said no."


class DeviceEndpoint(DeviceAuthorizationEndpoint):
    """Rooms whose clients ask for less than they need have subclasses of it under another ENDPOINT_NAME."""

    def create_endpoint_response(self, request: TokenForm) -> tuple[int, dict[str, Any], Any]:
        client: Client = self.authenticate_client(request).client
        if self.grant_type not in client.grant_types:
            raise UnauthorizedClientError("The client is not registered for this grant_type.")
        scopes = self.scopes(request.payload.scope, client)
        started = self.server.parts.devices.start(client.client_id, scopes, self.details())
        page = self.server.parts.issuer + PAGE
        user_code = shown(started.user_code)
        answer = {
            "device_code": started.device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={user_code}",
            "expires_in": started.expires_in,
            "interval": started.interval,
        }
        return 200, answer, []

    grant_type = DeviceCodeGrant.GRANT_TYPE

    def scopes(self, asked: str | None, client: Client) -> tuple[str, ...]:
        """What the page will ask the user for. Raises InvalidScopeError."""
        return asked_scopes(asked, client) or client.scopes

    def details(self) -> dict[str, Any]:
        """What the grant will remember of the request."""
        return {}


class DeviceGrant(DeviceCodeGrant):
    """Authlib looks the request up, compares clients and asks for the answer one after the other; here one
    call of the use case does it, so that of several polls at once exactly one gets the grant.
    """

    def validate_token_request(self) -> None:
        device_code = self.request.payload.data.get("device_code")
        if not device_code:
            raise InvalidRequestError("The device_code is missing.")
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not registered for this grant_type.")
        self.request.client = client
        self.request.credential = self._exchanged(device_code, client.client)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        client: Client = self.request.client.client
        try:
            issued = self.server.parts.flows.issue(self.request.credential, client)
        except INVALID as error:
            raise invalid_grant(error) from error
        return 200, self.server.answer_of(issued, client), self.TOKEN_RESPONSE_HEADER

    def _exchanged(self, device_code: str, client: Client) -> Grant:
        try:
            return self.server.parts.devices.exchange(device_code, client.client_id)  # type: ignore[no-any-return]
        except AuthorizationPending as error:
            raise AuthorizationPendingError(WAITING) from error
        except PolledTooSoon as error:
            raise SlowDownError(TOO_SOON) from error
        except DeviceDenied as error:
            raise AccessDeniedError(DENIED) from error
        except GrantOutlived as error:
            raise ExpiredTokenError(EXPIRED) from error
        except INVALID as error:
            raise invalid_grant(error) from error


def add(room: Blueprint, server: OAuthServer) -> None:
    server.register_grant(DeviceGrant)
    server.register_endpoint(DeviceEndpoint)

    @room.post("/oauth2/device")
    @signed
    def device() -> Response:
        try:
            form = read_form(request)
        except OAuth2Error as error:
            return refusal(error, used_basic="Authorization" in request.headers)
        return server.create_endpoint_response(DeviceEndpoint.ENDPOINT_NAME, form)  # type: ignore[no-any-return]
