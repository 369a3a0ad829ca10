"""A small app in the whole edge kit, served by granian in the tests of this folder."""

import os

from flask import Flask, Response, request

from libs.sql.engine import Database
from libs.web import edge, logs
from libs.web.params import BadParams, Limits, Params, TooLarge, read_body, to_json


def create_app() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.add_url_rule("/pid", "pid", lambda: str(os.getpid()))
    app.add_url_rule("/echo", "echo", _echo, methods=["GET", "POST", "PUT", "DELETE"])
    app.add_url_rule("/length", "length", _length, methods=["POST"])
    app.add_url_rule("/stream", "stream", lambda: Response(b"x" * 1000 for _ in range(50)))
    url = os.environ.get("TRIAL_DATABASE_URL")
    checks = {"database": Database.open(url).ping} if url else {}
    edge.install(app, "trial", checks=checks, render_error=_render)
    return app


def _echo() -> Response:
    try:
        return Response(to_json(dict(Params.of(request, Limits(body=1000)))), mimetype="application/json")
    except TooLarge as error:
        return _render(413, error.message, error)
    except BadParams as error:
        return _render(400, f"{error.field}: {error.message}", error)


def _length() -> Response:
    try:
        return Response(str(len(read_body(request, 1000))))
    except TooLarge as error:
        return _render(413, error.message, error)


def _render(status: int, text: str, error: Exception | None) -> Response:
    return Response(to_json({"error": text}), status, mimetype="application/json")


if "TRIAL" in os.environ:
    logs.configure_logging("trial")
    app = create_app()
