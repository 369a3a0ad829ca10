"""The native room: Tidegate's own API."""

from flask import Blueprint, Flask

from libs.web.gate import add_window, rfc6750_window
from services.compute.dialects.native import status, whoami


def mount(app: Flask) -> None:
    room = Blueprint("native", __name__, url_prefix="/tidegate/v1")
    status.add(room)
    whoami.add(room)
    add_window(app, room, rfc6750_window("native"))
    app.register_blueprint(room)
