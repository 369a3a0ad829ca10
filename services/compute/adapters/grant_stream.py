"""A granted file's bytes as they come from the provider: whole or an error, never kept in memory."""

import contextlib
import http.client
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from libs.web import request_ids
from libs.web.http import PeerUnavailable
from libs.web.internal_client import TokenSource
from services.compute.ports.provider import GrantRefused, InputUnavailable, ProviderUnavailable

JOB_HEADER: Final = "X-Tidegate-Job"
PIECE_BYTES: Final = 256 * 1024
ENDED_EARLY: Final = "the file ended early"
UNAVAILABLE: Final = "the origin did not give the file"


class GrantStream:
    """`silence_seconds` may pass between two pieces; there is no limit to all of it, that is the caller's."""

    def __init__(self, base_url: str, tokens: TokenSource | None, silence_seconds: float = 60.0) -> None:
        parts = urlsplit(base_url)
        self._is_https = parts.scheme == "https"
        self._netloc = parts.netloc.rpartition("@")[2]
        self._prefix = parts.path.rstrip("/")
        self._tokens = tokens
        self._silence_seconds = silence_seconds

    def open(self, path: str, job: str) -> Iterator[bytes]:
        """Raises GrantRefused, InputUnavailable, ProviderUnavailable: before the first piece or, when the
        file breaks off, instead of a later one.
        """
        connection, answer = self._asked(path, job)
        with contextlib.closing(connection):
            yield from _pieces(answer)

    def _asked(self, path: str, job: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection, answer, token = self._send(path, job)
        if answer.status == 401 and self._tokens is not None:
            # The signing key may have been rotated: one fresh token, then the answer stands.
            connection.close()
            self._tokens.forget(token)
            connection, answer, _ = self._send(path, job)
        if answer.status != 200:
            connection.close()
            raise _refusal(answer.status)
        return connection, answer

    def _send(self, path: str, job: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, str]:
        token = self._token()
        headers = {JOB_HEADER: job, "Accept-Encoding": "identity", "Connection": "close"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request_id = request_ids.current()
        if request_id:
            headers[request_ids.HEADER] = request_id
        kind = http.client.HTTPSConnection if self._is_https else http.client.HTTPConnection
        connection = kind(self._netloc, timeout=self._silence_seconds)
        try:
            connection.request("GET", self._prefix + path, headers=headers)
            return connection, connection.getresponse(), token
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ProviderUnavailable(type(error).__name__) from error
        except BaseException:
            connection.close()
            raise

    def _token(self) -> str:
        if self._tokens is None:
            return ""
        try:
            return self._tokens.token()
        except PeerUnavailable as error:
            raise ProviderUnavailable(error.reason) from error


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    expected = answer.length  # None in chunks; then the end is told by the chunks themselves
    seen = 0
    try:
        while piece := answer.read(PIECE_BYTES):
            seen += len(piece)
            yield piece
    except (OSError, http.client.HTTPException) as error:
        raise InputUnavailable(ENDED_EARLY) from error
    if expected is not None and seen != expected:
        raise InputUnavailable(ENDED_EARLY)
    if expected is None and not answer.chunked:
        raise InputUnavailable(ENDED_EARLY)  # ends with the connection: whether it is whole cannot be told


def _refusal(status: int) -> Exception:
    if status == 403:
        return GrantRefused("the grant does not count")
    if status == 502:
        return InputUnavailable(UNAVAILABLE)
    return ProviderUnavailable(f"the provider answered {status}")
