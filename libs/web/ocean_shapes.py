"""The answers of the Ocean Provider's API: the exact shapes of contract 0.4, for every room that speaks it.

E1  400  {"errors": {field: [text] | text}, "message": "Validation error", "success": false}
E2  4xx  {"error": text}
E3  any  {"error": text, "context": null}   routing mistakes and our own bugs

ocean.js shows the first key of an error object, so `error` comes first. `context` upstream repeats the
request, signatures included; here it is always null.
"""

import json
from collections.abc import Mapping
from typing import Final

from flask import Response
from werkzeug.exceptions import HTTPException

STRIPPED_URL: Final = "<URL stripped for security reasons>"
FieldMessages = Mapping[str, str | list[str]]


class FieldErrors(Exception):
    """Parameters of the wrong shape; `messages` is the `errors` object of E1."""

    def __init__(self, messages: FieldMessages) -> None:
        super().__init__("parameters of the wrong shape")
        self.messages = messages


class RequestTooLarge(Exception):
    """The query or body exceeds its limit; the message is a sentence of ours."""


def json_response(body: object, status: int = 200) -> Response:
    """Compact JSON in the key order given (clients depend on the order of error objects)."""
    return Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")


def validation_error(messages: FieldMessages) -> Response:
    """E1."""
    cleaned = {field: _clean(message) for field, message in messages.items()}
    return json_response({"errors": cleaned, "message": "Validation error", "success": False}, 400)


def refusal(text: str, status: int = 400) -> Response:
    """E2."""
    return json_response({"error": safe_text(text)}, status)


def edge_error(text: str, status: int) -> Response:
    """E3."""
    return json_response({"error": safe_text(text), "context": None}, status)


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """E3 for what no handler saw: unknown routes, wrong methods, our own bugs."""
    return edge_error(str(error) if isinstance(error, HTTPException) else text, status)


def safe_text(text: str) -> str:
    """Whitespace runs collapsed and every `scheme://host` word replaced: file URLs are secret."""
    return " ".join(STRIPPED_URL if "://" in word else word for word in text.split())


def _clean(message: str | list[str]) -> str | list[str]:
    return safe_text(message) if isinstance(message, str) else [safe_text(item) for item in message]
