"""The style sheet, the icon and the one script: the same for everybody, so they may be kept for a while."""

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response

from libs.web.gate import public

FOLDER = Path(__file__).parent / "static"
TYPES = {"style.css": "text/css", "icon.svg": "image/svg+xml", "wallet.js": "text/javascript"}
CACHE = "public, max-age=600"


def add(room: Blueprint) -> None:
    for name, kind in TYPES.items():
        room.add_url_rule(
            f"/pages/{name}", f"static_{name.partition('.')[0]}", _view(FOLDER / name, kind), methods=["GET"]
        )


def _view(path: Path, kind: str) -> Callable[[], Response]:
    content = path.read_bytes()

    @public
    def show() -> Response:
        response = Response(content, mimetype=kind)
        response.headers["Cache-Control"] = CACHE
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response

    return show
