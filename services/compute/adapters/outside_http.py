"""Files and receivers beyond our walls over the guarded fetcher: the port Outside.

Sentences never hold a URL, a header or what an origin sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from libs.fetch.errors import FetchError, RequestRefused, TooManyRedirects, UrlRefused
from libs.fetch.fetcher import Fetcher, Limits, Reply, default_tls
from libs.fetch.guard import Guard
from services.compute.ports.outside import OutsideRefused, OutsideUnavailable

FETCH_LIMITS: Final = Limits(connect_seconds=10.0, read_seconds=60.0, total_header_seconds=30.0)
POST_LIMITS: Final = Limits(total_header_seconds=10.0, max_redirects=0)
_PIECE: Final = 256 * 1024
_FOR_NOW: Final = frozenset({408, 425, 429})  # and everything from 500 on
_NEVER: Final = (UrlRefused, RequestRefused, TooManyRedirects)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None


class OutsideHttp:
    def __init__(self, guard: Guard) -> None:
        tls = default_tls()
        self._fetcher = Fetcher(guard, FETCH_LIMITS, tls)
        self._poster = Fetcher(guard, POST_LIMITS, tls)

    def close(self) -> None:
        """Drop the connections that wait for another use."""
        self._fetcher.close()
        self._poster.close()

    def open(self, url: str) -> Iterator[bytes]:
        """What it gives is to be read to its end, or closed."""
        return _body(_sent(self._fetcher, _Request("GET", url)))

    def read(self, url: str, most_bytes: int, seconds: float) -> tuple[str, bytes]:
        until = monotonic() + seconds
        reply = _sent(self._fetcher, _Request("GET", url))
        pieces = _body(reply)
        body = bytearray()
        try:
            for piece in pieces:
                body += piece
                if len(body) > most_bytes:
                    raise OutsideRefused(f"it has more than {most_bytes} bytes")
                if monotonic() > until:
                    raise OutsideUnavailable(f"it did not come within {seconds:g} seconds")
        finally:
            pieces.close()
        return reply.headers.get("content-type", ""), bytes(body)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        reply = _sent(self._poster, _Request("POST", url, headers, body))
        status = reply.status
        reply.discard()
        return status


def _sent(fetcher: Fetcher, request: _Request) -> Reply:
    try:
        return fetcher.open(request)
    except _NEVER as error:
        raise OutsideRefused(error.reason) from error
    except FetchError as error:
        raise OutsideUnavailable(error.reason) from error


def _body(reply: Reply) -> "_Pieces":
    """The origin's answer is judged at once, its body read as it is wanted."""
    if reply.status == 200:
        return _Pieces(reply)
    reply.discard()
    sentence = f"the origin answered {reply.status}"
    if reply.status >= 500 or reply.status in _FOR_NOW:
        raise OutsideUnavailable(sentence)
    raise OutsideRefused(sentence)


class _Pieces:
    """The body; closed, it hangs up, whether or not anything was read."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._chunks = reply.chunks(_PIECE)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except FetchError as error:
            raise OutsideUnavailable(error.reason) from error

    def close(self) -> None:
        self._reply.close()
