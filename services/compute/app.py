"""The compute service's web app: mounts the rooms and the edge kit; no logic, no I/O."""

from flask import Flask, Response, request

from libs.web import edge
from libs.web.gate import install_gate
from libs.web.whoami import mount_whoami
from services.compute.deps import Deps
from services.compute.dialects import dcp, dirac, internal, native, ocean, openpai, prominence
from services.compute.dialects.dirac.errors import render_edge as render_dirac
from services.compute.dialects.ocean.errors import render_edge
from services.compute.dialects.prominence.errors import render_edge as render_prominence
from services.compute.settings import Settings


def create_app(settings: Settings, deps: Deps) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would lose bodies; the edge merges slashes itself
    ocean.mount(app, deps.ocean)
    prominence.mount(app, deps.prominence)
    openpai.mount(app, deps.openpai)
    dirac.mount(app, deps.dirac)
    dcp.mount(app, deps.dcp)
    native.mount(app, deps.native)
    if deps.verifier is not None:
        internal.mount(app, deps.book, deps.verifier, deps.shelf)
    mount_whoami(app, "compute")
    edge.install(app, "compute", checks=deps.checks, render_error=_render)
    install_gate(app, deps.gate)
    return app


def _render(status: int, text: str, error: Exception | None) -> Response:
    """The error shape of the room that the path belongs to."""
    if openpai.owns(request.path):
        return openpai.render_edge(status, text, error)
    if prominence.owns(request.path):
        return render_prominence(status, text, error)
    if dcp.owns(request.path):
        return dcp.render_edge(status, text, error)
    if dirac.owns(request.path):
        return render_dirac(status, text, error)
    if native.owns(request.path):
        return native.render_edge(status, text, error)
    return render_edge(status, text, error)
