"""Refusals as PROMINENCE's clients read them: JSON with a text `error`, whatever the status (contract G4)."""

from collections.abc import Mapping

from flask import Response

from services.auth.dialects.oauth.errors import answer, problem


def render(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    """Of the gate: no good credential."""
    response = problem(status, code, text)
    response.headers.extend(dict(headers))
    return response


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """What no handler saw: unknown routes, wrong methods, our own bugs."""
    return answer({"error": text}, status)
