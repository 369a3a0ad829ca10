"""What a refusal looks like to an Ocean client (contract 0.4): `error` first, because ocean.js shows that."""

import json

from flask import Response

STRIPPED_URL = "<URL stripped for security reasons>"


def json_response(body: object, status: int = 200) -> Response:
    """Compact JSON in the key order given."""
    return Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")


def refusal(text: str, status: int = 400) -> Response:
    """E2."""
    return json_response({"error": _clean(text)}, status)


def validation_error(field: str, message: str) -> Response:
    """E1."""
    return json_response({"errors": {field: [message]}, "message": "Validation error", "success": False}, 400)


def edge_error(text: str, status: int) -> Response:
    """E3. Upstream's `context` repeats the request, signatures included; here it is always null."""
    return json_response({"error": _clean(text), "context": None}, status)


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """E3 for what no handler saw: unknown routes, wrong methods, our own bugs."""
    return edge_error(text, status)


def _clean(text: str) -> str:
    return " ".join(STRIPPED_URL if "://" in word else word for word in text.split())
