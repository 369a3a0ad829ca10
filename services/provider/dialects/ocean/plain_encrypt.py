"""Answers the plain call of encrypt before Flask: publishers' tools send thousands of small documents, and
finding the route and building request and response objects costs as much as the encryption (measured).

Only success is answered here; whatever is unusual, every refusal included, takes the usual way with the body
as it came.
"""

import re
from binascii import hexlify
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from libs.web.edge import ROUTE, WHOLE
from services.provider.dialects.ocean.encrypt import OCTETS, PATH, PIECE
from services.provider.domain.errors import UnsupportedChain
from services.provider.usecases.encrypt import Encrypt

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_QUERY = re.compile(r"(?:chainId=([0-9]{1,18}))?")
_LENGTH = re.compile(r"[0-9]{1,6}")


class PlainEncrypt:
    """WSGI middleware between the edge and Flask."""

    def __init__(self, inner: "WSGIApplication", encrypt: Encrypt, max_bytes: int) -> None:
        self._inner = inner
        self._encrypt = encrypt
        self._max_bytes = min(max_bytes, PIECE // 2)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            answer = self._answer(environ)
            if answer is not None:
                environ[ROUTE], environ[WHOLE] = PATH, True
                length = str(len(answer))
                start_response(
                    "201 CREATED", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", length)]
                )
                return (answer,)
        return self._inner(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> bytes | None:
        length, query = environ.get("CONTENT_LENGTH", ""), _QUERY.fullmatch(environ.get("QUERY_STRING", ""))
        if (
            query is None
            or environ.get("CONTENT_TYPE") != OCTETS
            or environ["REQUEST_METHOD"] != "POST"
            or not _LENGTH.fullmatch(length)
            or int(length) > self._max_bytes
        ):
            return None
        document = environ["wsgi.input"].read(int(length))
        if len(document) == int(length):
            try:
                blob = self._encrypt.blob(document, int(query[1]) if query[1] else None)
                return b"0x" + hexlify(blob)
            except UnsupportedChain:
                pass
        environ["wsgi.input"] = BytesIO(document)
        return None
