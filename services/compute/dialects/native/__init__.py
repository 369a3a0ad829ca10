"""The native room: Tidegate's own API, below /tidegate/v1.

status, whoami              for people, and who the caller is
jobs and what hangs on one  submit, list, follow, stop, results (jobs.py, events.py, logs.py, outputs.py,
                            inside.py)
workflows                   jobs that wait for each other
sandboxes                   files for jobs to come
environments, quotas        where jobs may run, and how many
dead-letters                for administrators
"""

from flask import Blueprint, Flask

from libs.web.gate import Window, add_window, read_bearer, rfc6750_window
from libs.web.params import BadParams
from libs.web.ranges import NotSatisfiable
from libs.web.whoami import add_whoami
from services.compute.dialects.native import (
    dead_letters,
    environments,
    events,
    inside,
    jobs,
    logs,
    outputs,
    problems,
    sandboxes,
    status,
    workflows,
)
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.problems import render_edge
from services.compute.domain.errors import ComputeError

__all__ = ["NativeParts", "mount", "owns", "render_edge"]
PREFIX = "/tidegate/v1"
OWN = ("jobs", "workflows", "sandboxes", "environments", "quotas", "dead-letters")


def mount(app: Flask, parts: NativeParts | None = None) -> None:
    """Without `parts` there are no jobs."""
    room = Blueprint("native", __name__, url_prefix=PREFIX)
    status.add(room, has_jobs=parts is not None)
    add_whoami(room, "/whoami")
    add_window(app, room, rfc6750_window("native"))
    app.register_blueprint(room)
    if parts is not None:
        _mount_jobs(app, parts)


def owns(path: str) -> bool:
    """Whether refusals at `path` are problems of this room."""
    return any(path == f"{PREFIX}/{name}" or path.startswith(f"{PREFIX}/{name}/") for name in OWN)


def _mount_jobs(app: Flask, parts: NativeParts) -> None:
    room = Blueprint("native_jobs", __name__, url_prefix=PREFIX)
    for root in (ComputeError, BadParams, NotSatisfiable):
        room.register_error_handler(root, problems.render)
    for part in (jobs, events, logs, outputs, inside, workflows, sandboxes, environments, dead_letters):
        part.add(room, parts)
    add_window(app, room, Window("native", read_bearer, problems.refusal))
    app.register_blueprint(room)
