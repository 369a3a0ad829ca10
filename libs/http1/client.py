"""Just enough HTTP/1.1 for small calls to one known peer: kept-alive connections, one hard deadline, bounded
answers. No redirects, no proxies, no compression; strangers' addresses go through a guarded fetcher instead.
"""

import math
import os
import ssl
import time
import weakref
from typing import NamedTuple
from urllib.parse import SplitResult

from libs.http1.errors import ClosedUnanswered, OtherStatus
from libs.http1.stream import Stream, connect

IDLE_SECONDS = 30.0  # nodes and balancers close idle connections after a minute or so
_DEFAULT_PORTS = {"http": 80, "https": 443}

_alive: "weakref.WeakSet[Client]" = weakref.WeakSet()


class Answer(NamedTuple):
    """Header names are lower case, values as they came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """Connections to scheme, host and port of `url`, opened on first use. Thread-safe and fork-safe."""

    def __init__(
        self,
        url: SplitResult,
        *,
        max_body_bytes: int,
        max_idle: int,
        connect_seconds: float = math.inf,
    ) -> None:
        self._host = url.hostname or ""
        self._port = url.port or _DEFAULT_PORTS.get(url.scheme, 80)
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._max_body_bytes = max_body_bytes
        self._max_idle = max_idle
        self._connect_seconds = connect_seconds
        self._idle: list[
            Stream
        ] = []  # its append and pop are atomic: no lock, so none to be held over a fork
        weakref.finalize(self, _close_all, self._idle)
        _alive.add(self)

    def exchange(
        self, method: str, request: bytes, seconds: float, *, repeatable: bool, only: int | None = None
    ) -> Answer:
        """Send `request` (as wire.request writes it) and read the answer whole, all within `seconds`.

        A repeatable one is sent once more, on a new connection, when its connection broke before a byte of
        the answer came back; no other is ever sent twice. With `only`, another status is an OtherStatus and
        its body is not read. Raises HttpFailure, AnswerTooBig, TimeoutError, OSError.
        """
        deadline = time.monotonic() + seconds
        stream = self._kept() or self._connect(deadline)
        try:
            return self._over(stream, method, request, deadline, only)
        except (ClosedUnanswered, ConnectionError, ssl.SSLEOFError):
            if stream.heard or not repeatable:
                raise
        return self._over(self._connect(deadline), method, request, deadline, only)

    def _over(self, stream: Stream, method: str, request: bytes, deadline: float, only: int | None) -> Answer:
        is_reusable = False
        try:
            stream.send(request, deadline)
            head = stream.head(method, deadline)
            if only is not None and head.status != only:
                raise OtherStatus(f"HTTP {head.status}")
            body = stream.body(head.length, self._max_body_bytes, deadline) if head.length else b""
            is_reusable = stream.is_clean and not head.is_last
            return Answer(head.status, head.headers, body)
        finally:
            if is_reusable and len(self._idle) < self._max_idle:
                stream.idle_since = time.monotonic()
                self._idle.append(stream)
            else:
                stream.close()

    def _kept(self) -> Stream | None:
        """The connection used last that the peer has not closed meanwhile."""
        while self._idle:
            try:
                stream = self._idle.pop()
            except IndexError:
                break  # another thread was faster
            if time.monotonic() - stream.idle_since < IDLE_SECONDS and stream.is_quiet:
                return stream
            stream.close()
        return None

    def _connect(self, deadline: float) -> Stream:
        return connect(
            self._host, self._port, self._tls, min(deadline, time.monotonic() + self._connect_seconds)
        )

    def _forget(self) -> None:
        _close_all(self._idle)


def host_header(url: SplitResult) -> str:
    """Host and port as the URL spells them, without credentials."""
    netloc = url.netloc.rpartition("@")[2]
    return netloc if netloc.isascii() else netloc.encode("idna").decode("ascii")


def _close_all(idle: list[Stream]) -> None:
    while idle:
        idle.pop().close()


def _forked() -> None:
    """Sockets must not be shared with the parent process."""
    for client in list(_alive):
        client._forget()


os.register_at_fork(after_in_child=_forked)
