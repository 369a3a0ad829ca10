"""The OpenPAI room: jobs of the seed's generation and the next, and what hangs on them.

banner.py, info.py      what this is
legacy.py               /api/job
v1.py                   /api/v1/user/<user>/jobs and /openpai/api/v1/jobs
logs.py                 what tasks say
clusters.py             /api/v1/virtual-clusters
off.py                  a gateway that runs no jobs

`/api/v1/jobs` is PROMINENCE's. The gateway brings all other paths below /openpai too, and in any spelling of
upper and lower case.
"""

import re
from functools import partial
from typing import Final

from flask import Blueprint, Flask

from libs.web.gate import add_window
from services.compute.dialects.openpai import banner, clusters, errors, legacy, logs, off, v1
from services.compute.dialects.openpai.errors import render_edge
from services.compute.dialects.openpai.info import described
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.showing import Showing
from services.compute.dialects.openpai.window import WINDOW

__all__ = ["OpenPaiParts", "mount", "owns", "render_edge"]
_OWN: Final = re.compile(
    r"/api/?|/openpai(?:/.*)?|/api/(?:job|version|v2)(?:/.*)?|/api/v1/?"
    r"|/api/v1/(?:user|info|virtual-clusters)(?:/.*)?"
    r"|/api/(?!v[0-9]+(?:/|$)|services(?:/|$)|compute(?:/|$)|aquarius(?:/|$)).*",
    re.IGNORECASE | re.DOTALL,
)


def mount(app: Flask, parts: OpenPaiParts | None = None) -> None:
    """Without `parts` there are no jobs."""
    room = Blueprint("openpai", __name__)
    for root in errors.ROOTS:
        room.register_error_handler(root, errors.render_error)
    banner.add(room, partial(described, parts))
    if parts is None:
        off.add(room)
    else:
        showing = Showing(parts)
        legacy.add(room, parts, showing)
        v1.add(room, parts, showing)
        logs.add(room, parts)
        clusters.add(room, parts.clusters)
    add_window(app, room, WINDOW)
    app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape: all below /api that is no other window's."""
    return _OWN.fullmatch(path) is not None
