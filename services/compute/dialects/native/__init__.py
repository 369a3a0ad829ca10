"""The native room: Tidegate's own API."""

from flask import Blueprint, Flask

from libs.web.gate import add_window, rfc6750_window
from libs.web.whoami import whoami
from services.compute.dialects.native import status


def mount(app: Flask) -> None:
    room = Blueprint("native", __name__, url_prefix="/tidegate/v1")
    status.add(room)
    room.add_url_rule("/whoami", "whoami", whoami)
    add_window(app, room, rfc6750_window("native"))
    app.register_blueprint(room)
