"""Bytes of files that compute keeps, as they come: nothing is held in memory (the port OwnBytes)."""

import http.client
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from libs.web import request_ids
from libs.web.http import PeerUnavailable
from libs.web.internal_client import TokenSource
from services.catalogue.domain.files.errors import CatalogueUnavailable, NotThere
from services.catalogue.file_ports import Opened

PATH: Final = "/internal/files/"
PIECE_BYTES: Final = 256 * 1024
PASSED_ON: Final = ("Content-Length", "Content-Range", "ETag", "Accept-Ranges")
_GOOD: Final = frozenset({200, 206, 304, 416})
_UNCHANGED: Final = 304
_NOT_FOUND: Final = 404
_BAD_TOKEN: Final = 401
_AWAY: Final = "What keeps the files does not answer right now."


class OwnBytesHttp:
    """`silence_seconds` may pass between two pieces."""

    def __init__(self, base_url: str, tokens: TokenSource, silence_seconds: float = 60.0) -> None:
        parts = urlsplit(base_url)
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._netloc = parts.netloc.rpartition("@")[2]
        self._prefix = parts.path.rstrip("/")
        self._tokens = tokens
        self._silence_seconds = silence_seconds

    def open(self, guid: str, method: str, conditions: Mapping[str, str]) -> Opened:
        path = f"{self._prefix}{PATH}{quote(guid, safe='')}"
        try:
            token = self._tokens.token()
            connection, answer = self._asked(method, path, conditions, token)
            if answer.status == _BAD_TOKEN:
                # The signing key may have been rotated: one fresh token, then the answer stands.
                _end(connection, answer)
                self._tokens.forget(token)
                connection, answer = self._asked(method, path, conditions, self._tokens.token())
        except (OSError, http.client.HTTPException, PeerUnavailable) as error:
            raise CatalogueUnavailable(_AWAY) from error
        if answer.status not in _GOOD:
            _end(connection, answer)
            if answer.status == _NOT_FOUND:
                raise NotThere("The bytes of this file are gone.")
            raise CatalogueUnavailable(_AWAY)
        found = {name: value for name in PASSED_ON if (value := answer.getheader(name)) is not None}
        if method == "HEAD" or answer.status == _UNCHANGED:
            _end(connection, answer)
            return Opened(answer.status, found, iter(()))
        return Opened(answer.status, found, _pieces(connection, answer))

    def _asked(
        self, method: str, path: str, conditions: Mapping[str, str], token: str
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Raises OSError, HTTPException."""
        headers = {**conditions, "Authorization": f"Bearer {token}", "Connection": "close"}
        if request_id := request_ids.current():
            headers[request_ids.HEADER] = request_id
        connection = self._kind(self._netloc, timeout=self._silence_seconds)
        try:
            connection.request("HEAD" if method == "HEAD" else "GET", path, headers=headers)
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise


def _pieces(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """A file that breaks off breaks the answer off too: its length was promised. Raises OSError,
    CatalogueUnavailable.
    """
    try:
        while piece := answer.read(PIECE_BYTES):
            yield piece
        if answer.length:  # what is still missing
            raise CatalogueUnavailable(_AWAY)
    finally:
        _end(connection, answer)


def _end(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
    """Whichever of them has the socket: it changes hands when the peer says that it closes."""
    answer.close()
    connection.close()
