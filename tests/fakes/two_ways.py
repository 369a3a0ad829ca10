"""Apps whose answers before Flask are to be those that Flask gives (libs/web/plain.py)."""

from typing import Any

from flask import Flask, request
from werkzeug.test import TestResponse

REQUEST_ID = {"X-Request-Id": "the-same-for-both"}


def usual_way_only(app: Flask) -> None:
    """Before its first request."""
    app.extensions["tidegate_plain_ways"].clear()


def reached(app: Flask) -> list[str]:
    """Grows with each request that comes as far as Flask. Before the first request."""
    paths: list[str] = []

    @app.before_request
    def note() -> None:
        paths.append(request.path)

    return paths


def told(answer: TestResponse) -> tuple[str, list[tuple[str, str]], bytes]:
    """All that a client sees, headers in their order."""
    return answer.status, list(answer.headers), answer.get_data()


def sent(headers: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"headers": {**REQUEST_ID, **headers}, **more}
