"""What no handler saw, as PROMINENCE's clients read it: `{"error": text}` with every status (contract G4)."""

from flask import Response

from services.auth.dialects.oauth.errors import answer


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    return answer({"error": text}, status)
