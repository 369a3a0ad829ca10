"""The PROMINENCE room: the API of its command lines, at the base of either generation (contract G1)."""

from flask import Blueprint, Flask

from libs.web.gate import Window, add_window
from services.compute.dialects.prominence import errors, jobs
from services.compute.dialects.prominence.credentials import read

BASES = {"prominence": "/prominence/v1", "prominence_eosc": "/api/v1"}


def mount(app: Flask) -> None:
    for name, base in BASES.items():
        room = Blueprint(name, __name__, url_prefix=base)
        jobs.add(room)
        add_window(app, room, Window(name="prominence", read=read, render=errors.render))
        app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether `path` is below one of the room's bases, so that refusals there have the room's shape."""
    return any(path == base or path.startswith(base + "/") for base in BASES.values())
