"""`GET /tidegate/v1/whoami/<service>`: who the caller is, as this service sees it. Any credential will do."""

import json

from flask import Blueprint, Flask, Response, g

from libs.web.gate import add_window, needs, rfc6750_window


def mount_whoami(app: Flask, service: str) -> None:
    room = Blueprint("whoami", __name__)
    room.add_url_rule(f"/tidegate/v1/whoami/{service}", "whoami", whoami)
    add_window(app, room, rfc6750_window("native"))
    app.register_blueprint(room)


@needs()
def whoami() -> Response:
    response = Response(json.dumps(g.principal.as_json()), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
