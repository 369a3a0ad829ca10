"""The DCP room, below /api/v0: keys and identity of dcp-rest clients (DCP contract 2).

POST   /key         make an API key; with a keystore in the body for clients without a header
GET    /keys        list them
DELETE /keys/{id}   revoke one
GET    /identity    whose keystore or key it is
"""

from flask import Blueprint, Flask

from libs.web.dcp_window import WINDOW
from libs.web.gate import add_window
from libs.web.params import BadParams
from services.auth.deps import KeyParts
from services.auth.dialects.dcp import errors, keys
from services.auth.domain.errors import AuthError

BASE = "/api/v0"


def mount(app: Flask, parts: KeyParts) -> None:
    room = Blueprint("dcp", __name__, url_prefix=BASE)
    for root in (AuthError, BadParams):
        room.register_error_handler(root, errors.render)
    keys.add(room, parts)
    add_window(app, room, WINDOW)
    app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path == BASE or path.startswith(BASE + "/")
