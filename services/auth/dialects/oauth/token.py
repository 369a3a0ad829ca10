"""`POST /oauth2/token` (RFC 6749 3.2)."""

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, request

from libs.web.gate import signed
from services.auth.dialects.oauth.errors import refusal
from services.auth.dialects.oauth.forms import read_form
from services.auth.dialects.oauth.server import OAuthServer


def add(room: Blueprint, server: OAuthServer) -> None:
    @room.post("/oauth2/token")
    @signed
    def token() -> Response:
        try:
            form = read_form(request)
        except OAuth2Error as error:
            return refusal(error, used_basic="Authorization" in request.headers)
        return server.token(form)
