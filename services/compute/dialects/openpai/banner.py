"""`/api` and `/api/v1` themselves, and what this gateway is in a few words (contract 1, rows 1, 9 and 25)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from libs.web.gate import public
from services.compute.dialects.openpai.errors import answer

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
WELCOME: Final[Mapping[str, str]] = {
    "/api": "<pre>Welcome to use PAI RESTful API!</pre>",
    "/api/v1": "<pre>PAI RESTful API</pre>",
}
INFO: Final = ("/api/v1/info", "/api/v2/info", "/api/version")
JSON: Final = "application/json"
Describe = Callable[[], Mapping[str, Any]]


def add(room: Blueprint, describe: Describe) -> None:
    """`describe` gives the members of row 25."""
    for path, text in WELCOME.items():
        room.add_url_rule(
            path, f"banner_{len(path)}", _banner(text, describe), methods=METHODS, strict_slashes=False
        )

    @public
    def info() -> Response:
        return answer(dict(describe()))

    for path in INFO:
        room.add_url_rule(path, "info", info, strict_slashes=False)


def _banner(text: str, describe: Describe) -> Callable[[], Response]:
    @public
    def banner() -> Response:
        """HTML, but for those who say that they want JSON."""
        if JSON in request.headers.get("Accept", ""):
            return answer(dict(describe()))
        return Response(text, mimetype="text/html")

    return banner
