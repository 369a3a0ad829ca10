"""The provider's web app: mounts the rooms and the edge kit; no logic, no I/O."""

from flask import Flask, Response, request

from libs.web import edge
from libs.web.gate import install_gate
from libs.web.ocean_shapes import render_edge
from libs.web.whoami import mount_whoami
from services.provider.deps import Deps
from services.provider.dialects import internal, ocean
from services.provider.dialects.internal.errors import answer
from services.provider.settings import Settings


def create_app(settings: Settings, deps: Deps) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would lose bodies; the edge merges slashes itself
    ocean.mount(app, deps.usecases, settings)
    internal.mount(app, deps.usecases, deps.service_tokens)
    mount_whoami(app, "provider")
    edge.install(app, "provider", checks=deps.checks, render_error=_render)
    install_gate(app, deps.gate)
    return app


def _render(status: int, text: str, error: Exception | None) -> Response:
    """The error shape of the room that the path belongs to."""
    if request.path.startswith("/internal/"):
        return answer({"error": "internal_error" if status >= 500 else f"http_{status}"}, status)
    return render_edge(status, text, error)
