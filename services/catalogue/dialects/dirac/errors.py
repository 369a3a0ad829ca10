"""What a refusal looks like to a DIRAC client: one envelope for everything (contract 0.3).

{"error": code, "error_description": text, "detail": text, "status": number}
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response

from libs.web.dirac_window import render_legacy
from libs.web.params import BadParams, TooLarge
from services.catalogue.domain.files import errors

Text = str | Callable[[Any], str]


class Busy(Exception):
    """Too many callers have something done that lasts; the text says what to do instead."""


ROOTS: Final = (errors.CatalogueError, BadParams, Busy)
RETRY_AFTER_SECONDS: Final = "2"
NO_STORE: Final = "private, no-store"

# class -> (status, code, text). The nearest class in the error's own ancestry answers.
RESPONSES: Final[Mapping[type[Exception], tuple[int, str, Text]]] = {
    TooLarge: (413, "too_large", lambda e: e.message),
    BadParams: (400, "invalid_request", lambda e: e.message),
    errors.InvalidPath: (400, "invalid_path", str),
    errors.InvalidValue: (400, "invalid_request", str),
    errors.InvalidCondition: (400, "invalid_condition", str),
    errors.NotThere: (404, "not_found", str),
    errors.NotPermitted: (403, "forbidden", str),
    errors.Conflict: (409, "conflict", str),
    errors.TooMuch: (413, "too_large", str),
    Busy: (429, "too_many_requests", str),
    errors.CatalogueUnavailable: (503, "unavailable", "The file catalogue cannot be used right now."),
}
_CODES: Final[Mapping[int, str]] = {404: "not_found", 413: "too_large", 503: "unavailable"}


def answer(body: object) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return document(text.encode("utf-8", "replace"))


def document(body: bytes) -> Response:
    """Of JSON that is written already."""
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = NO_STORE
    return response


def told(error: Exception) -> tuple[int, str, str]:
    """Status, code and text. Raises KeyError for a class the table does not name."""
    kind = next((ancestor for ancestor in type(error).__mro__ if ancestor in RESPONSES), type(error))
    status, code, text = RESPONSES[kind]
    return status, code, text if isinstance(text, str) else text(error)


def render_error(error: Exception) -> Response:
    status, code, text = told(error)
    return refusal(status, code, text)


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    return refusal(status, _CODES.get(status, "server_error" if status >= 500 else "invalid_request"), text)


def refusal(status: int, code: str, text: str) -> Response:
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status in (429, 503) else {}
    return render_legacy(status, code, text, headers)
