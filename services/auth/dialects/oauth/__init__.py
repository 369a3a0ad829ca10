"""The OAuth room: what any OAuth2 or JWT library looks for. So far, the public keys (RFC 7517)."""

from flask import Blueprint, Flask, Response

from libs.web.gate import public
from services.auth.usecases.keyring import Keyring

# Long enough to spare us, far shorter than the time a key is published before it signs.
CACHE = "public, max-age=60"


def mount(app: Flask, keyring: Keyring) -> None:
    room = Blueprint("oauth", __name__)

    @room.get("/.well-known/jwks.json")
    @public
    def jwks() -> Response:
        response = Response(keyring.current().document, mimetype="application/json")
        response.headers["Cache-Control"] = CACHE
        return response

    app.register_blueprint(room)
