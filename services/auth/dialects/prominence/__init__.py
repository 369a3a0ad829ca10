"""The PROMINENCE room: the sign-in that its command lines know (contract 5), below /prominence/oidc.

POST register                           a client of one's own (RFC 7591)
POST devicecode, device_authorization   signing in on a device (RFC 8628), asking for what its users need too
POST token                              as /oauth2/token
GET  userinfo                           whose token this is
"""

from flask import Blueprint, Flask

from services.auth.dialects.oauth.errors import render
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.dialects.prominence import registration, signing_in, userinfo
from services.auth.domain.errors import AuthError

BASE = "/prominence/oidc"


def mount(app: Flask, server: OAuthServer) -> None:
    room = Blueprint("prominence", __name__, url_prefix=BASE)
    room.register_error_handler(AuthError, render)
    registration.add(room, server.parts)
    signing_in.add(room, server)
    userinfo.add(app, room, server.parts)
    app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path == BASE or path.startswith(BASE + "/")
