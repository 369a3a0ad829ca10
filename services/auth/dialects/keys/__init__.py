"""The room of one's own keys in Tidegate's API, below /tidegate/v1/me/keys.

GET            list API keys and personal tokens
POST           make one: `"format": "key"` (the usual) or `"jwt"`
DELETE /{id}   revoke one, at once
"""

from flask import Blueprint, Flask

from libs.web.gate import add_window, rfc6750_window
from libs.web.params import BadParams
from services.auth.deps import KeyParts
from services.auth.dialects.keys import errors, own_keys
from services.auth.domain.errors import AuthError

BASE = "/tidegate/v1/me/keys"


def mount(app: Flask, parts: KeyParts) -> None:
    room = Blueprint("keys", __name__, url_prefix=BASE)
    for root in (AuthError, BadParams):
        room.register_error_handler(root, errors.render)
    own_keys.add(room, parts)
    add_window(app, room, rfc6750_window("native"))
    app.register_blueprint(room)
