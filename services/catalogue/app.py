"""The catalogue's web app: mounts the rooms and the edge kit; no logic, no I/O."""

from flask import Flask, Response, request

from libs.web import edge
from libs.web.gate import install_gate
from libs.web.raw_query import RawQuery
from libs.web.whoami import mount_whoami
from services.catalogue.deps import Deps
from services.catalogue.dialects import aquarius, dirac, internal
from services.catalogue.dialects.aquarius.errors import render_edge
from services.catalogue.dialects.dirac.errors import render_edge as render_dirac
from services.catalogue.settings import Settings


def create_app(settings: Settings, deps: Deps) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would lose bodies; the edge merges slashes itself
    app.url_map.strict_slashes = False
    aquarius.mount(app, deps.usecases, settings.public_url)
    dirac.mount(app, deps.files, deps.own_bytes)
    if deps.files is not None and deps.verifier is not None:
        internal.mount(app, deps.files.keeping, deps.verifier)
    mount_whoami(app, "catalogue")
    app.wsgi_app = RawQuery(app.wsgi_app)  # type: ignore[method-assign]
    edge.install(app, "catalogue", checks=deps.checks, render_error=_render)
    install_gate(app, deps.gate)
    return app


def _render(status: int, text: str, error: Exception | None) -> Response:
    """The error shape of the room that the path belongs to."""
    if dirac.owns(request.path):
        return render_dirac(status, text, error)
    return render_edge(status, text, error)
