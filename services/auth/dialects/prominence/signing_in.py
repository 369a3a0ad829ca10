"""`POST devicecode` and `POST token`: `prominence login` (contract 5.2), through the server of /oauth2."""

from collections.abc import Callable

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, request

from libs.web.gate import signed
from services.auth.dialects.oauth.device import DeviceEndpoint
from services.auth.dialects.oauth.errors import refusal
from services.auth.dialects.oauth.forms import TokenForm, read_form
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.domain import scopes
from services.auth.domain.clients import Client

# The command lines ask for `openid profile email` and nothing else, and then submit jobs with the token.
NEEDED = ("groups", *sorted(scopes.BATCH))


class ProminenceDevice(DeviceEndpoint):
    """The page asks the user for what running jobs takes too, as far as the client may have it."""

    ENDPOINT_NAME = "prominence_device_authorization"

    def scopes(self, asked: str | None, client: Client) -> tuple[str, ...]:
        named = super().scopes(asked, client)
        return (*named, *(extra for extra in NEEDED if extra not in named and client.may_ask(extra)))


def add(room: Blueprint, server: OAuthServer) -> None:
    server.register_endpoint(ProminenceDevice)

    @signed
    def device() -> Response:
        return _answered(lambda form: server.create_endpoint_response(ProminenceDevice.ENDPOINT_NAME, form))

    room.add_url_rule("/devicecode", "devicecode", device, methods=["POST"])
    room.add_url_rule("/device_authorization", "device_authorization", device, methods=["POST"])

    @room.post("/token")
    @signed
    def token() -> Response:
        return _answered(server.token)


def _answered(serve: Callable[[TokenForm], Response]) -> Response:
    try:
        form = read_form(request)
    except OAuth2Error as error:
        return refusal(error, used_basic="Authorization" in request.headers)
    return serve(form)
