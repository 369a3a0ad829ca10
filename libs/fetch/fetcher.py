"""Fetch what others name, safely: guard, pinned connections, every redirect checked, caps on time and
size.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Protocol
from urllib.parse import urljoin

import certifi

from libs.fetch.body import Body
from libs.fetch.connection import ClosedBeforeReply, Connection, Dialer, Pool
from libs.fetch.errors import BadResponse, RequestRefused, TooManyRedirects
from libs.fetch.guard import Guard, Target
from libs.fetch.urls import parse_url
from libs.fetch.wire import Head, parse_head, request_head, sendable

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_SAFE = frozenset(("GET", "HEAD"))
_MAX_INTERIM = 8
_DRAIN_SECONDS = 0.25


class Outgoing(Protocol):
    """One request to send; the provider's `OriginRequest` fits."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes | None: ...
    @property
    def content_type(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """`total_header_seconds` covers look-up, connect, redirects and the last response's whole head."""

    connect_seconds: float = 5.0
    read_seconds: float = 60.0  # longest silence inside a body
    total_header_seconds: float = 10.0
    max_redirects: int = 5
    max_header_bytes: int = 64 * 1024
    drain_bytes: int = 64 * 1024  # an unread rest up to this is read to save the connection


@dataclass(frozen=True, slots=True)
class _Hop:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    extra: Mapping[str, str] = field(default_factory=dict)


class Reply:
    """An open response whose body has not been read; close it, or read it to its end."""

    def __init__(self, url: str, head: Head, body: Body, drain_bytes: int) -> None:
        self.url = url
        self.status = head.status
        self.headers: Mapping[str, str] = head.headers
        self.body = body
        self._drain_bytes = drain_bytes
        self._length = head.length

    def chunks(self, size: int = 64 * 1024) -> Iterator[bytes]:
        """The body exactly as sent, piece by piece. Raises TruncatedBody, FetchTimedOut, BadResponse."""
        return self.body.chunks(size)

    def read_limited(self, cap: int) -> bytes | None:
        """All of the body, or None (and hung up) as soon as it proves longer than `cap` bytes."""
        if self._length > cap:
            self.close()
            return None
        data = bytearray()
        for piece in self.body.chunks(min(cap + 1, 64 * 1024)):
            data += piece
            if len(data) > cap:
                self.close()
                return None
        return bytes(data)

    def discard(self) -> None:
        """Done with it: read a small rest so that the connection can be used again, else hang up."""
        if self._length <= self._drain_bytes:
            self.body.drain(_DRAIN_SECONDS)
        self.close()

    def close(self) -> None:
        """Hang up at once unless the body was read to its end."""
        self.body.close()


def default_tls() -> ssl.SSLContext:
    """Verify against SSL_CERT_FILE/SSL_CERT_DIR when set, else against certifi's bundle."""
    names = ssl.get_default_verify_paths()
    context = (
        ssl.create_default_context()
        if names.cafile or names.capath
        else ssl.create_default_context(cafile=certifi.where())
    )
    # Python tells OpenSSL to take a cut connection for an orderly end; for files that hides missing bytes.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


class Fetcher:
    """Shared by threads; keeps a pool of idle connections per pinned address."""

    def __init__(self, guard: Guard, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._limits = limits or Limits()
        self._dialer = Dialer(tls or default_tls(), self._limits.connect_seconds)
        self._pool = Pool()

    def open(self, request: Outgoing, extra_headers: Mapping[str, str] | None = None) -> Reply:
        """The final response, redirects followed. `extra_headers` (Range, If-Range) survive every redirect.

        Raises FetchError: UrlRefused, RequestRefused, TooManyRedirects, NameNotResolved, ConnectFailed,
        FetchTimedOut, BadResponse.
        """
        deadline = monotonic() + self._limits.total_header_seconds
        hop = _first_hop(request, extra_headers or {})
        for _ in range(self._limits.max_redirects + 1):
            target = self._guard.resolve(hop.url, seconds=max(deadline - monotonic(), 0.001))
            reply = self._exchange(target, hop, deadline)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location:
                return reply
            reply.discard()
            hop = _next_hop(hop, target, reply.status, location)
        raise TooManyRedirects("the origin redirects too often")

    def close(self) -> None:
        self._pool.close()

    def _exchange(self, target: Target, hop: _Hop, deadline: float) -> Reply:
        wire = request_head(hop.method, target.path_qs, _wire_headers(target, hop)) + (hop.body or b"")
        pooled = self._pooled(target) if hop.method in _SAFE else None
        if pooled is not None:
            try:
                return self._send(pooled, target, hop, wire, deadline)
            except ClosedBeforeReply:
                pass  # it was closed while idle, before our request arrived: once more on a new one
        return self._send(self._dialer.dial(target, deadline), target, hop, wire, deadline)

    def _pooled(self, target: Target) -> Connection | None:
        for address in target.addresses:
            connection = self._pool.take((target.scheme, target.host, target.port, address))
            if connection is not None:
                return connection
        return None

    def _send(self, connection: Connection, target: Target, hop: _Hop, wire: bytes, deadline: float) -> Reply:
        try:
            connection.send(wire, deadline)
            head, leading = self._final_head(connection, hop.method, deadline)
            body = Body(connection, head, leading, self._pool, self._limits.read_seconds)
        except BaseException:
            connection.close()
            raise
        return Reply(target.url.text, head, body, self._limits.drain_bytes)

    def _final_head(self, connection: Connection, method: str, deadline: float) -> tuple[Head, bytes]:
        rest = b""
        for _ in range(_MAX_INTERIM):
            block, rest = connection.read_head(rest, self._limits.max_header_bytes, deadline)
            head = parse_head(block, method)
            if head.status >= 200:
                return head, rest
        raise BadResponse("the origin sends interim answers only")


def _first_hop(request: Outgoing, extra: Mapping[str, str]) -> _Hop:
    headers = sendable(request.headers)
    if request.body is not None and request.content_type:
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        headers["Content-Type"] = request.content_type
    if request.method not in ("GET", "HEAD", "POST"):
        raise RequestRefused("only GET, HEAD and POST are sent")
    return _Hop(request.method, request.url, headers, request.body, dict(extra))


def _next_hop(hop: _Hop, target: Target, status: int, location: str) -> _Hop:
    """Where a redirect leads. The publisher's headers stay with the origin they were meant for."""
    url = _absolute(target, location)
    after = replace(hop, url=url)
    if parse_url(url).origin != target.url.origin:
        kept = ("content-type",) if hop.body is not None else ()
        after = replace(after, headers={k: v for k, v in hop.headers.items() if k.lower() in kept})
    if hop.method == "POST" and status in (301, 302, 303):
        headers = {k: v for k, v in after.headers.items() if k.lower() != "content-type"}
        after = replace(after, method="GET", body=None, headers=headers)
    return after


def _absolute(target: Target, location: str) -> str:
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")  # raw UTF-8 is common, if not allowed
    try:
        return urljoin(target.url.text, location)
    except ValueError:
        raise BadResponse("the origin redirects to something that is no URL") from None


def _wire_headers(target: Target, hop: _Hop) -> dict[str, str]:
    headers = {"Host": target.url.authority, "User-Agent": "Tidegate", "Accept": "*/*"}
    given = {name.lower() for name in hop.headers}
    headers = {name: value for name, value in headers.items() if name.lower() not in given}
    headers |= {"Accept-Encoding": "identity", **hop.headers, **hop.extra}
    if hop.body is not None:
        headers["Content-Length"] = str(len(hop.body))
    return headers
