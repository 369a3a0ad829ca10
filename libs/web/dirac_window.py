"""How RESTDIRAC's clients bring a token (DIRAC contract 1.4): for legacy paths of any service, no others.

The parameter `access_token` in query, form or multipart body (no body of a GET), `Bearer <token>`, and
`<token> Bearer` as the seed prints it. The same token twice is fine; two that differ are not (RFC 6750 2).
"""

from collections.abc import Mapping

from flask import Request, Response, jsonify

from libs.web.credentials import Credential, bearer, one_of, reversed_bearer, token_parameter
from libs.web.gate import Window

PARAMETER = "access_token"


def read_legacy(asked: Request) -> Credential | None:
    """Raises BadCredential. Reads the body: the room sets `max_content_length` before."""
    header = asked.environ.get("HTTP_AUTHORIZATION")
    given = [value for value in asked.values.getlist(PARAMETER) if value]
    return one_of(token_parameter(given), bearer(header), reversed_bearer(header))


def render_legacy(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    """DIRAC's envelope (contract 0.3)."""
    response = jsonify(error=code, error_description=text, detail=text, status=status)
    response.status_code = status
    response.headers.extend(dict(headers))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def legacy_window(name: str = "dirac-legacy") -> Window:
    return Window(name=name, read=read_legacy, render=render_legacy, challenge='Bearer realm="dirac"')
