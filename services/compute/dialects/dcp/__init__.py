"""The DCP room, below /api/v0: what dcp-rest's users know (DCP contract). Keys and identity are auth's.

deploying.py, documents.py, work_document.py   POST /job
controlling.py                                 status, more slices, close, cancel
results.py, envelopes.py                       results, one by one, all of them, waited for
listing.py                                     GET /jobs, /jobs/count, /accounts
console.py                                     what work functions said
specification.py                               GET /spec
slices/                                        the forms that slices come in
work/                                          work functions, read and never run
instances.py                                   jobs of other windows, as slices
"""

from flask import Blueprint, Flask

from libs.web.dcp_window import WINDOW, render_edge
from libs.web.gate import add_window
from services.compute.dialects.dcp import (
    console,
    controlling,
    deploying,
    errors,
    listing,
    results,
    specification,
)
from services.compute.dialects.dcp.parts import DcpParts

__all__ = ["DcpParts", "mount", "owns", "render_edge"]
BASE = "/api/v0"


def mount(app: Flask, parts: DcpParts | None = None) -> None:
    """Without `parts` there are no jobs, and no such paths but the description."""
    room = Blueprint("dcp", __name__, url_prefix=BASE)
    for root in errors.ROOTS:
        room.register_error_handler(root, errors.render_error)
    specification.add(room)
    for module in (deploying, controlling, results, listing, console) if parts is not None else ():
        module.add(room, parts)
    add_window(app, room, WINDOW)
    app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path == BASE or path.startswith(BASE + "/")
