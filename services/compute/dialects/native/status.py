"""`GET /tidegate/v1/status`: what this gateway is and which of its parts are switched on, for people."""

import json

from flask import Flask, Response

from libs.web.gate import public
from services.compute.version import VERSION

STATUS = {
    "name": "Tidegate",
    "version": VERSION,
    "status": "ok",
    "services": {
        "data": {"enabled": True, "discovery": "/"},
        "catalogue": {"enabled": True, "base": "/api/aquarius"},
        "compute": {"enabled": False, "reason": "No compute engine is configured."},
    },
}


def mount(app: Flask) -> None:
    body = json.dumps(STATUS, separators=(",", ":"))
    app.add_url_rule(
        "/tidegate/v1/status", "native_status", public(lambda: Response(body, mimetype="application/json"))
    )
