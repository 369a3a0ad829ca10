"""`GET /tidegate/v1/status`: what this gateway is and which of its parts are switched on, for people."""

import json

from flask import Blueprint, Response

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


def add(room: Blueprint) -> None:
    body = json.dumps(STATUS, separators=(",", ":"))
    room.add_url_rule("/status", "status", public(lambda: Response(body, mimetype="application/json")))
