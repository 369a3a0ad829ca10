"""`GET /tidegate/v1/status`: what this gateway is and which of its parts are switched on, for people."""

import json
from typing import Any

from flask import Blueprint, Response

from libs.web.gate import public
from services.compute.version import VERSION

ENABLED = {"enabled": True, "base": "/tidegate/v1/jobs", "environments": "/tidegate/v1/environments"}
STATUS: dict[str, Any] = {
    "name": "Tidegate",
    "version": VERSION,
    "status": "ok",
    "services": {
        "data": {"enabled": True, "discovery": "/"},
        "catalogue": {"enabled": True, "base": "/api/aquarius"},
        "compute": {"enabled": False, "reason": "No compute engine is configured."},
    },
}


def add(room: Blueprint, has_jobs: bool = False) -> None:
    shown = STATUS | ({"services": STATUS["services"] | {"compute": ENABLED}} if has_jobs else {})
    body = json.dumps(shown, separators=(",", ":"))
    room.add_url_rule("/status", "status", public(lambda: Response(body, mimetype="application/json")))
