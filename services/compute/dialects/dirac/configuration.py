"""GET /dirac/api/config/: what DIRAC's clients may know of this installation (contract 5.4, row 9)."""

import hashlib
import json

from flask import Blueprint, Response, request

from libs.web.gate import needs
from services.compute.dialects.dirac.errors import answer
from services.compute.dialects.dirac.parts import DiracParts

READ = "job:read"


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.get("/config/")
    @needs(READ)
    def configuration() -> Response:
        body = _configuration(parts)
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        known = request.headers.get("If-None-Match", "")
        response = Response(status=304) if digest in known else answer(body)
        response.headers["ETag"] = f'"{digest}"'
        response.headers["Cache-Control"] = "private, no-cache"
        return response


def _configuration(parts: DiracParts) -> dict[str, object]:
    sites = {name: {"CE": place} for place, names in parts.sites.by_environment.items() for name in names}
    return {
        "DIRAC": {"Setup": parts.setup},
        "Resources": {"Sites": sites},
        "Operations": {
            "JobScheduling": {"MaxParametricJobs": parts.limits.jobs},
            "SandboxStore": {"MaxSandboxSize": parts.limits.sandbox_bytes},
        },
    }
