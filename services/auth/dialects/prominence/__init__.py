"""The PROMINENCE room: the sign-in that its command lines know (contract 5), below /prominence/oidc.

POST devicecode, device_authorization   signing in on a device (RFC 8628), asking for what its users need too
POST token                              as /oauth2/token
"""

from flask import Blueprint, Flask

from services.auth.dialects.oauth.errors import render
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.dialects.prominence import signing_in
from services.auth.domain.errors import AuthError

BASE = "/prominence/oidc"


def mount(app: Flask, server: OAuthServer) -> None:
    room = Blueprint("prominence", __name__, url_prefix=BASE)
    room.register_error_handler(AuthError, render)
    signing_in.add(room, server)
    app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path == BASE or path.startswith(BASE + "/")
