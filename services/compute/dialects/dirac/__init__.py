"""The DIRAC room: RESTDIRAC's jobs at the root of the gateway, and what diracx-cli asks below `/dirac/api`.

manifest/               what is to be done, in JSON or JDL: read, expanded, made into jobs, written again
sandboxes/              files that come with jobs
submitting.py           POST /jobs, POST /dirac/api/jobs/jdl
manifests.py            GET /jobs/<jid>/manifest
listing.py, showing.py  GET /jobs, /jobs/summary, /jobs/history; GET /jobs/<jid>, its log, what it says
rows.py                 listed jobs as they were last shown
ending.py, again.py     DELETE /jobs/<jid>, DELETE /jobs; POST /jobs/<jid>/reschedule
searching.py            POST /dirac/api/jobs/search, /summary
changing.py             POST /dirac/api/jobs/reschedule, PATCH /dirac/api/jobs/status
attributes/             what DIRAC says of jobs, and searches by it
outputdata.py           POST /jobs/<jid>/outputdata
configuration.py        GET /dirac/api/config/
"""

from flask import Blueprint, Flask, request

from libs.web.dirac_window import render_legacy
from libs.web.gate import Window, add_window, read_bearer
from services.compute.dialects.dirac import (
    again,
    changing,
    configuration,
    credentials,
    ending,
    errors,
    listing,
    manifests,
    outputdata,
    searching,
    showing,
    submitting,
)
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import settle_body
from services.compute.dialects.dirac.sandboxes import diracx, downloads

__all__ = ["DiracParts", "mount", "owns"]
LEGACY, API = "dirac", "diracx"
"""Names of the two blueprints: tokens in parameters count at the first alone."""

API_BASE = "/dirac/api"
CHALLENGE = 'Bearer realm="dirac"'


def mount(app: Flask, parts: DiracParts | None = None) -> None:
    """Without `parts` there are no jobs, and no such paths."""
    if parts is None:
        return
    legacy, api = Blueprint(LEGACY, __name__), Blueprint(API, __name__, url_prefix=API_BASE)
    for room in (legacy, api):
        for root in errors.ROOTS:
            room.register_error_handler(root, errors.render_error)
    _add_legacy(legacy, parts)
    _add_api(api, parts)
    app.before_request(lambda: settle_body(parts.limits) if request.blueprint in (LEGACY, API) else None)
    legacy.before_request(credentials.refuse_two)
    add_window(app, legacy, Window(LEGACY, credentials.read, render_legacy, CHALLENGE))
    add_window(app, api, Window(API, read_bearer, render_legacy, CHALLENGE))
    app.register_blueprint(legacy)
    app.register_blueprint(api)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path == "/jobs" or path.startswith(("/jobs/", f"{API_BASE}/"))


def _add_legacy(room: Blueprint, parts: DiracParts) -> None:
    submitting.add_legacy(room, parts)
    manifests.add(room, parts)
    for module in (listing, showing, ending, again):
        module.add(room, parts)
    downloads.add(room, parts)
    outputdata.add(room, parts)


def _add_api(room: Blueprint, parts: DiracParts) -> None:
    submitting.add_api(room, parts)
    searching.add(room, parts)
    changing.add(room, parts)
    diracx.add(room, parts)
    configuration.add(room, parts)
