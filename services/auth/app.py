"""The auth service's web app: mounts the rooms and the edge kit; no logic, no I/O."""

from collections.abc import Callable

from flask import Flask, Response, request

from libs.web import edge
from libs.web.gate import Gate, install_gate
from libs.web.ocean_shapes import render_edge
from libs.web.remembered_principals import RememberedPrincipals
from libs.web.whoami import mount_whoami
from services.auth.deps import Deps
from services.auth.dialects import (
    account,
    dcp,
    dirac,
    internal,
    keys,
    native,
    oauth,
    ocean,
    openpai,
    pages,
    prominence,
)
from services.auth.dialects.dcp.errors import render_edge as render_dcp
from services.auth.dialects.dirac.diracx import render_edge as render_dirac
from services.auth.dialects.internal.errors import answer
from services.auth.dialects.internal.own import OwnPrincipals
from services.auth.dialects.native.errors import render_edge as render_native
from services.auth.dialects.openpai.errors import render_edge as render_openpai
from services.auth.dialects.pages.errors import ErrorPages
from services.auth.dialects.prominence.errors import render_edge as render_prominence

SERVICE = "auth"


def create_app(deps: Deps) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would lose bodies; the edge merges slashes itself
    ocean.mount(app, deps.wallet_tokens)
    server = oauth.mount(app, deps)
    dirac.mount(app, deps, server)
    prominence.mount(app, server)
    openpai.mount(app, deps.openpai)
    dcp.mount(app, deps.keys)
    keys.mount(app, deps.keys)
    native.mount(app, deps.administration)
    internal.mount(app, deps)
    account.mount(app, deps.wallets.sign_in, deps.wallets.account)
    mount_whoami(app, SERVICE)
    error_pages = pages.mount(app, deps.pages)
    edge.install(app, SERVICE, checks=deps.checks, render_error=_renderer(error_pages))
    principals = RememberedPrincipals(OwnPrincipals(deps.principals))
    install_gate(app, Gate(principals, deps.oauth.certificate_headers))
    return app


def _renderer(error_pages: ErrorPages) -> Callable[[int, str, Exception | None], Response]:
    def render(status: int, text: str, error: Exception | None) -> Response:
        if pages.is_page(request.path):
            return error_pages.of_status(status)
        return _render(status, text, error)

    return render


def _render(status: int, text: str, error: Exception | None) -> Response:
    """The error shape of the room that the path belongs to."""
    if native.owns(request.path):
        return render_native(status, text, error)
    if request.path.startswith("/internal/"):
        return answer({"error": "internal_error" if status >= 500 else f"http_{status}"}, status)
    if prominence.owns(request.path):
        return render_prominence(status, text, error)
    if request.path.startswith("/tidegate/"):
        return account.render_edge(status, text, error)
    if dirac.owns(request.path):
        return render_dirac(status, text, error)
    if openpai.owns(request.path):
        return render_openpai(status, text, error)
    if dcp.owns(request.path):
        return render_dcp(status, text, error)
    return render_edge(status, text, error)
