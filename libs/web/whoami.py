"""`GET /tidegate/v1/whoami/<service>`: who the caller is, as this service sees it. Any credential will do."""

import json

from flask import Blueprint, Flask, Response, g

from libs.web.gate import add_window, needs, rfc6750_window
from libs.web.plain import Answer, Way, add_way, json_answer
from libs.web.principal import Principal


def mount_whoami(app: Flask, service: str) -> None:
    room = Blueprint("whoami", __name__, url_prefix="/tidegate/v1")
    add_whoami(room, f"/whoami/{service}")
    add_window(app, room, rfc6750_window("native"))
    app.register_blueprint(room)


def add_whoami(room: Blueprint, path: str) -> None:
    """At `path` below the room's own; its view is called whoami."""
    room.add_url_rule(path, "whoami", whoami)
    add_way(room, Way("whoami", "GET", path, lambda asked: _shown(asked.principal)))


@needs()
def whoami() -> Response:
    return _shown(g.principal).response()


def _shown(principal: Principal) -> Answer:
    return json_answer(json.dumps(principal.as_json()).encode(), ("Cache-Control", "no-store"))
