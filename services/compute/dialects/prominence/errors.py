"""What a refusal looks like to a PROMINENCE client: `{"error": text}` with every status (contract G4)."""

import json
from collections.abc import Mapping

from flask import Response


def answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")


def refusal(text: str, status: int = 400) -> Response:
    return answer({"error": text}, status)


def render(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    """Of the gate: no good credential, or not one for this."""
    response = refusal(text, status)
    response.headers.extend(dict(headers))
    response.headers["Cache-Control"] = "no-store"
    return response


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    return refusal(text, status)
