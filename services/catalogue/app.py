"""The catalogue's web app: mounts the rooms and the edge kit; no logic, no I/O."""

from flask import Flask

from libs.web import edge
from libs.web.gate import install_gate
from libs.web.whoami import mount_whoami
from services.catalogue.deps import Deps
from services.catalogue.dialects import aquarius
from services.catalogue.dialects.aquarius.errors import render_edge
from services.catalogue.settings import Settings


def create_app(settings: Settings, deps: Deps) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would lose bodies; the edge merges slashes itself
    app.url_map.strict_slashes = False
    aquarius.mount(app, deps.usecases, settings.public_url)
    mount_whoami(app, "catalogue")
    edge.install(app, "catalogue", checks=deps.checks, render_error=render_edge)
    install_gate(app, deps.gate)
    return app
