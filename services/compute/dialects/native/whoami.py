"""`GET /tidegate/v1/whoami`: who the caller's credential stands for. Any credential will do."""

import json

from flask import Blueprint, Response, g

from libs.web.gate import needs


def add(room: Blueprint) -> None:
    @room.get("/whoami")
    @needs()
    def whoami() -> Response:
        response = Response(json.dumps(g.principal.as_json()), mimetype="application/json")
        response.headers["Cache-Control"] = "no-store"
        return response
