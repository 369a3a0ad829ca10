"""One connection: bytes out, an answer in, every wait bounded by one deadline. Not shared between threads."""

import select
import socket
import ssl
import time

from libs.http1 import wire
from libs.http1.errors import AnswerTooBig, BadHead, ClosedUnanswered, CutShort

_RECEIVE = 1 << 16
MAX_HEAD_BYTES = 1 << 16


class Stream:
    __slots__ = ("_at", "_data", "_watch", "heard", "idle_since", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.heard = False  # a byte came back since the last request
        self.idle_since = 0.0
        self._data = b""  # received; what stands before `_at` is used up
        self._at = 0
        self._watch = select.poll()
        self._watch.register(sock, select.POLLIN)

    def close(self) -> None:
        self.sock.close()

    @property
    def is_quiet(self) -> bool:
        """An idle connection that can be read from was closed, or is out of step."""
        return not self._watch.poll(0)

    @property
    def is_clean(self) -> bool:
        """Nothing came beyond what was read."""
        return self._at >= len(self._data)

    def send(self, request: bytes, deadline: float) -> None:
        self.heard = False
        self.sock.settimeout(left(deadline))
        self.sock.sendall(request)

    def head(self, method: str, deadline: float) -> wire.Head:
        """The head of the answer; announcements (1xx) before it are passed over."""
        while True:
            found = wire.parse_head(self._head(deadline), method)
            if found.status >= 200:
                return found

    def body(self, length: int, limit: int, deadline: float) -> bytes:
        """As `Head.length` says. Raises AnswerTooBig past `limit` bytes."""
        if length == wire.CHUNKED:
            return self._chunked(limit, deadline)
        if length == wire.ENDLESS:
            return self._to_the_end(limit, deadline)
        if length > limit:
            raise AnswerTooBig("the answer is too large")
        return self._sized(length, deadline)

    def _receive(self, deadline: float) -> bytes:
        """What arrives next; empty at the end of the stream."""
        self.sock.settimeout(left(deadline))
        chunk = self.sock.recv(_RECEIVE)
        if chunk:
            self.heard = True
        return chunk

    def _head(self, deadline: float) -> bytes:
        data = self._data[self._at :]
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > MAX_HEAD_BYTES:
                raise BadHead("headers are too long")
            chunk = self._receive(deadline)
            if not chunk:
                raise CutShort("the connection ended early") if self.heard else ClosedUnanswered("closed")
            data += chunk
        self._data, self._at = data, end + 4
        return data[:end]

    def _sized(self, size: int, deadline: float) -> bytes:
        parts = [self._data[self._at : self._at + size]]
        missing = size - len(parts[0])
        self._at += len(parts[0])
        while missing > 0:
            self._data = self._receive(deadline)
            if not self._data:
                raise CutShort("the answer ended early")
            self._at = min(missing, len(self._data))
            parts.append(self._data[: self._at])
            missing -= self._at
        return b"".join(parts)

    def _line(self, deadline: float) -> bytes:
        while (end := self._data.find(b"\r\n", self._at)) < 0:
            rest = self._data[self._at :]
            chunk = self._receive(deadline)
            if not chunk or len(rest) > MAX_HEAD_BYTES:
                raise CutShort("the answer ended early")
            self._data, self._at = rest + chunk, 0
        found = self._data[self._at : end]
        self._at = end + 2
        return found

    def _to_the_end(self, limit: int, deadline: float) -> bytes:
        data = bytearray(self._data[self._at :])
        while len(data) <= limit:
            chunk = self._receive(deadline)
            if not chunk:
                return bytes(data)
            data += chunk
        raise AnswerTooBig("the answer is too large")

    def _chunked(self, limit: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        total = 0
        while size := wire.number(self._line(deadline).split(b";")[0].strip().decode("latin-1"), 16):
            total += size
            if total > limit:
                raise AnswerTooBig("the answer is too large")
            parts.append(self._sized(size, deadline))
            if self._line(deadline):
                raise CutShort("malformed chunk")
        while self._line(deadline):
            continue  # trailers
        return b"".join(parts)


def connect(host: str, port: int, tls: ssl.SSLContext | None, deadline: float) -> Stream:
    sock = _dial(host, port, deadline)
    if tls is None:
        return Stream(sock)
    try:
        sock.settimeout(left(deadline))
        return Stream(tls.wrap_socket(sock, server_hostname=host))
    except BaseException:
        sock.close()
        raise


def _dial(host: str, port: int, deadline: float) -> socket.socket:
    """To the first address that takes us; each but the last gets a share of the time only."""
    failure = OSError("no address")
    addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        share = left(deadline) / (len(addresses) - position)
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            sock.settimeout(share)
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure


def left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
