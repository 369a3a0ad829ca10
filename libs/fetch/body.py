"""The body of one response, read as the origin framed it and handed out exactly as sent (never decoded)."""

import re
import socket
import ssl
from collections.abc import Iterator
from time import monotonic

from libs.fetch.connection import PIECE, Connection, Pool
from libs.fetch.errors import BadResponse, FetchError, TruncatedBody
from libs.fetch.wire import Framing, Head

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_MAX_CHUNK_LINE = 4096
_MAX_TRAILER_BYTES = 16 * 1024


class Body:
    """Sequential reader of one body; gives its connection back to the pool once all of it was read."""

    def __init__(
        self, connection: Connection, head: Head, leading: bytes, pool: Pool, idle_seconds: float
    ) -> None:
        self._connection = connection
        self._framing = head.framing
        self._left = head.length  # LENGTH: of the body; CHUNKED: of the current chunk
        self._pending = leading  # read from the socket, not handed out yet
        self._pool = pool
        self._reusable = head.reusable
        self._idle_seconds = idle_seconds
        self._in_chunks = False
        self._over = False
        if self._framing is Framing.NONE or (self._framing is Framing.LENGTH and self._left == 0):
            self._finish()

    @property
    def finished(self) -> bool:
        return self._over

    def read_into(self, view: memoryview) -> int:
        """Bytes written to `view`, 0 at the end.

        Raises TruncatedBody, FetchTimedOut, BadResponse, and then has hung up.
        """
        if self._over or not view:
            return 0
        try:
            return self._read(view)
        except FetchError:
            self.close()
            raise

    def _read(self, view: memoryview) -> int:
        if self._framing is Framing.CHUNKED:
            return self._read_chunked(view)
        if self._framing is Framing.LENGTH:
            return self._read_length(view)
        count = self._take(view)
        if count == 0:
            self._finish()
        return count

    def chunks(self, size: int) -> Iterator[bytes]:
        buffer = bytearray(size)
        view = memoryview(buffer)
        while count := self.read_into(view):
            yield bytes(view[:count])

    def drain(self, seconds: float) -> None:
        """Read the rest of a body of known length, if all of it is here within `seconds`."""
        if self._framing is not Framing.LENGTH:
            return
        deadline = monotonic() + seconds
        view = memoryview(bytearray(min(self._left, PIECE)))
        try:
            while not self._over:
                self._idle_seconds = max(deadline - monotonic(), 0.001)
                self.read_into(view)
        except FetchError:
            return

    def close(self) -> None:
        """Hang up at once unless the body was read to its end; safe to call twice."""
        if not self._over:
            self._over = True
            self._connection.close()

    @property
    def waits_on(self) -> socket.socket | None:
        """The socket the next read would wait on; None when the read returns at once."""
        if self._over or self._pending:
            return None
        sock = self._connection.sock
        return None if isinstance(sock, ssl.SSLSocket) and sock.pending() else sock

    def raw_rest(self) -> tuple[socket.socket, int] | None:
        """(socket, bytes left on it) when the kernel can move the rest of the body.

        Only for a plain connection, a body of known length, and when nothing read waits to be handed out.
        Whoever takes it reads exactly so many bytes and calls `moved()`, or `close()` when it broke off.
        """
        plain = self._connection.key[0] == "http"
        if self._over or self._pending or not plain or self._framing is not Framing.LENGTH:
            return None
        return self._connection.sock, self._left

    def moved(self) -> None:
        """All of `raw_rest` was read from the socket."""
        if not self._over:
            self._left = 0
            self._finish()

    def _read_length(self, view: memoryview) -> int:
        count = self._take(view[: self._left])
        if count == 0:
            raise TruncatedBody("the origin sent less than it announced")
        self._left -= count
        if self._left == 0:
            self._finish()
        return count

    def _read_chunked(self, view: memoryview) -> int:
        if self._left == 0:
            self._next_chunk()
            if self._over:
                return 0
        count = self._take(view[: self._left])
        if count == 0:
            raise TruncatedBody("the origin stopped in the middle of a chunk")
        self._left -= count
        return count

    def _next_chunk(self) -> None:
        if self._in_chunks and self._line() != b"":
            raise BadResponse("the origin sent malformed chunks")
        self._in_chunks = True
        size = _CHUNK_SIZE.fullmatch(self._line())
        if size is None:
            raise BadResponse("the origin sent malformed chunks")
        self._left = int(size[1], 16)
        if self._left == 0:
            self._skip_trailers()
            self._finish()

    def _skip_trailers(self) -> None:
        seen = 0
        while line := self._line():
            seen += len(line)
            if seen > _MAX_TRAILER_BYTES:
                raise BadResponse("the origin sent too many trailers")

    def _line(self) -> bytes:
        """One line without its end; bare LF is accepted."""
        while (end := self._pending.find(b"\n")) < 0:
            if len(self._pending) > _MAX_CHUNK_LINE:
                raise BadResponse("the origin sent malformed chunks")
            buffer = bytearray(PIECE)
            count = self._connection.receive_into(memoryview(buffer), self._idle_seconds)
            if count == 0:
                raise TruncatedBody("the origin stopped between two chunks")
            self._pending += bytes(buffer[:count])
        line, self._pending = self._pending[:end], self._pending[end + 1 :]
        return line.removesuffix(b"\r")

    def _take(self, view: memoryview) -> int:
        if self._pending:
            count = min(len(view), len(self._pending))
            view[:count] = self._pending[:count]
            self._pending = self._pending[count:]
            return count
        return self._connection.receive_into(view, self._idle_seconds)

    def _finish(self) -> None:
        self._over = True
        # Bytes nobody asked for follow the body: whatever they are, they are no answer to our next request.
        if self._reusable and not self._pending:
            self._pool.give(self._connection)
        else:
            self._connection.close()
