"""Answers the plain call of nonce before Flask: a dApp asks before each signed request, and finding the route
and building request and response objects costs several times the look-up (measured).

Only numbers are given here; whatever is unusual, every refusal included, takes the usual way.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from libs.web.edge import ROUTE, WHOLE
from services.provider.dialects.ocean.nonce import PATH, document
from services.provider.usecases.nonces import Nonces

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_QUERY = re.compile(r"userAddress=(0x[0-9a-fA-F]{40})")


class PlainNonce:
    """WSGI middleware between the edge and Flask."""

    def __init__(self, inner: "WSGIApplication", nonces: Nonces) -> None:
        self._inner = inner
        self._nonces = nonces

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            answer = self._answer(environ)
            if answer is not None:
                environ[ROUTE], environ[WHOLE] = PATH, True
                length = str(len(answer))
                start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", length)])
                return (answer,)
        return self._inner(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> bytes | None:
        query = _QUERY.fullmatch(environ.get("QUERY_STRING", ""))
        if (
            query is None
            or environ["REQUEST_METHOD"] != "GET"
            or environ.get("CONTENT_LENGTH", "0") not in ("", "0")
            or "HTTP_TRANSFER_ENCODING" in environ
        ):
            return None
        try:
            return document(self._nonces.shown(query[1])).encode()
        except Exception:  # noqa: BLE001 - it is met again there, where it is known what it is answered with
            return None
