"""The OpenPAI room: its users and tokens, of the seed's generation and the next (OpenPAI contract 3).

POST   /api/auth      sign in                  POST   /api/v1/token
PUT    /api/auth      create or change a user  PUT    /api/v1/user    GET lists
DELETE /api/auth      remove one               DELETE /api/v1/user, /api/v1/user/{name}
                                               PUT    /api/v1/user/{name}/virtualClusters, .../githubPAT

The gateway brings the same paths below /openpai and in any spelling of upper and lower case.
"""

from flask import Blueprint, Flask

from libs.web.gate import add_window
from libs.web.params import BadParams
from services.auth.dialects.openpai import errors, users, users_v1
from services.auth.dialects.openpai.window import WINDOW
from services.auth.domain.errors import AuthError
from services.auth.usecases.openpai import OpenPaiUsers

PATHS = ("/api/auth", "/api/v1/token", "/api/v1/user")


def mount(app: Flask, use_case: OpenPaiUsers) -> None:
    room = Blueprint("openpai", __name__)
    for root in (AuthError, BadParams, errors.Invalid):
        room.register_error_handler(root, errors.render)
    users.add(room, use_case)
    users_v1.add(room, use_case)
    add_window(app, room, WINDOW)
    app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path.rstrip("/") in PATHS or path.startswith("/api/v1/user/")
