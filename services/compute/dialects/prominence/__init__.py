"""The PROMINENCE room: the API of its command lines, at the base of either generation (contract G1).

jobs.py, workflows.py   submitted, listed, described, ended
streams.py              what jobs say
inside.py               commands and snapshots inside of running jobs
downloads.py            what jobs left, by signed links
stores.py               files, keys and values, accounts, sites
off.py                  a gateway that runs no jobs
"""

from flask import Blueprint, Flask

from libs.web.gate import Window, add_window
from services.compute.dialects.prominence import (
    downloads,
    errors,
    inside,
    jobs,
    off,
    stores,
    streams,
    workflows,
)
from services.compute.dialects.prominence.credentials import read
from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.rows import Rows
from services.compute.dialects.prominence.signed_links import SignedLinks

__all__ = ["BASES", "ProminenceParts", "mount", "owns"]
BASES = {"prominence": "/prominence/v1", "prominence_eosc": "/api/v1"}


def mount(app: Flask, parts: ProminenceParts | None = None) -> None:
    """Without `parts` there are no jobs."""
    rows = None if parts is None else Rows(parts.jobs)
    for name, base in BASES.items():
        room = Blueprint(name, __name__, url_prefix=base)
        for root in errors.ROOTS:
            room.register_error_handler(root, errors.render_error)
        if parts is None or rows is None:
            off.add(room)
        else:
            _add(room, parts, rows, base)
        add_window(app, room, Window(name="prominence", read=read, render=errors.render))
        app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether `path` is below one of the room's bases, so that refusals there have the room's shape."""
    return any(path == base or path.startswith(base + "/") for base in BASES.values())


def _add(room: Blueprint, parts: ProminenceParts, rows: Rows, base: str) -> None:
    links = SignedLinks(parts.links, parts.clock, parts.public_url, base)
    jobs.add(room, parts, links, rows)
    workflows.add(room, parts, links)
    streams.add(room, parts)
    inside.add(room, parts, links)
    downloads.add(room, parts, links)
    if parts.stores is not None:
        stores.add(room, parts.stores, links)
