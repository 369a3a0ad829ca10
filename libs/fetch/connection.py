"""Connections to pinned addresses: dial, TLS against the name, deadlines, a small pool of idle ones."""

import select
import socket
import ssl
from collections import deque
from threading import Lock
from time import monotonic

from libs.fetch.errors import BadResponse, ConnectFailed, FetchTimedOut, TruncatedBody
from libs.fetch.guard import Target
from libs.fetch.wire import end_of_head

PIECE = 64 * 1024
_MAX_IDLE_PER_ORIGIN = 32
_MAX_IDLE = 256
_IDLE_SECONDS = 20.0

PoolKey = tuple[str, str, int, str]  # scheme, name, port, pinned address


class ClosedBeforeReply(ConnectFailed):
    """The origin closed a connection without a single byte of answer; normal on a kept-alive one."""


class Connection:
    """One socket to one pinned address. Not shared between threads."""

    def __init__(self, sock: socket.socket, key: PoolKey, *, reused: bool = False) -> None:
        self.sock = sock
        self.key = key
        self.reused = reused

    def send(self, data: bytes, deadline: float) -> None:
        """Raises FetchTimedOut, ClosedBeforeReply."""
        try:
            self.sock.settimeout(_remaining(deadline))
            self.sock.sendall(data)
        except TimeoutError:
            raise FetchTimedOut("the origin took too long to read the request") from None
        except OSError:
            raise ClosedBeforeReply("the origin closed the connection") from None

    def read_head(self, leftover: bytes, max_bytes: int, deadline: float) -> tuple[bytes, bytes]:
        """(head, what was read beyond it), within `max_bytes` and before `deadline` as a whole."""
        data = bytearray(leftover)
        while (end := end_of_head(data)) < 0:
            if len(data) > max_bytes:
                raise BadResponse("the origin's headers are too large")
            piece = self._receive_head(deadline, started=bool(data))
            data += piece
        if end > max_bytes:
            raise BadResponse("the origin's headers are too large")
        return bytes(data[:end]), bytes(data[end:])

    def _receive_head(self, deadline: float, *, started: bool) -> bytes:
        try:
            self.sock.settimeout(_remaining(deadline))
            piece = self.sock.recv(16 * 1024)
        except TimeoutError:
            raise FetchTimedOut("the origin took too long to answer") from None
        except OSError:
            piece = b""
        if piece:
            return piece
        if started:
            raise BadResponse("the origin closed the connection in the middle of its headers")
        raise ClosedBeforeReply("the origin closed the connection")

    def receive_into(self, view: memoryview, idle_seconds: float) -> int:
        """Bytes read, 0 at the end of the stream. Raises FetchTimedOut, TruncatedBody (reset)."""
        try:
            self.sock.settimeout(idle_seconds)
            return self.sock.recv_into(view)
        except TimeoutError:
            raise FetchTimedOut("the origin stopped sending") from None
        except OSError:
            raise TruncatedBody("the connection to the origin broke") from None

    def close(self) -> None:
        self.sock.close()

    @property
    def is_quiet(self) -> bool:
        """No byte and no end of stream waits to be read, so it may carry another request."""
        try:
            poller = select.poll()
            poller.register(self.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
            return not poller.poll(0)
        except (OSError, ValueError):
            return False


def _remaining(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise FetchTimedOut("the origin took too long to answer")
    return left


class Pool:
    """Idle connections by pinned address, newest first; bounded in number and age."""

    def __init__(self) -> None:
        self._idle: dict[PoolKey, deque[tuple[float, Connection]]] = {}
        self._count = 0
        self._lock = Lock()

    def take(self, key: PoolKey) -> Connection | None:
        while (connection := self._pop(key)) is not None:
            if connection.is_quiet:
                return connection
            connection.close()
        return None

    def _pop(self, key: PoolKey) -> Connection | None:
        with self._lock:
            idle = self._idle.get(key)
            if not idle:
                return None
            since, connection = idle.pop()
            self._count -= 1
            if since + _IDLE_SECONDS >= monotonic():
                return connection
            # Newest first: when this one is too old, so are all below it.
            stale = [connection, *(older for _, older in idle)]
            self._count -= len(idle)
            del self._idle[key]
        for old in stale:
            old.close()
        return None

    def give(self, connection: Connection) -> None:
        """Keep a connection whose last exchange is over; closes it when there is no room."""
        connection.reused = True
        with self._lock:
            idle = self._idle.setdefault(connection.key, deque())
            if len(idle) < _MAX_IDLE_PER_ORIGIN and self._count < _MAX_IDLE:
                idle.append((monotonic(), connection))
                self._count += 1
                return
            expired = self._expired()
        connection.close()
        for old in expired:
            old.close()

    def _expired(self) -> list[Connection]:
        """Drop what is too old everywhere; the caller holds the lock."""
        limit = monotonic() - _IDLE_SECONDS
        old: list[Connection] = []
        for key in list(self._idle):
            idle = self._idle[key]
            while idle and idle[0][0] < limit:
                old.append(idle.popleft()[1])
                self._count -= 1
            if not idle:
                del self._idle[key]
        return old

    def close(self) -> None:
        with self._lock:
            connections = [connection for idle in self._idle.values() for _, connection in idle]
            self._idle.clear()
            self._count = 0
        for connection in connections:
            connection.close()


class Dialer:
    """Connects to one of the target's addresses and to nothing else; TLS is verified against the name."""

    def __init__(self, tls: ssl.SSLContext, connect_seconds: float) -> None:
        self._tls = tls
        self._connect_seconds = connect_seconds

    def dial(self, target: Target, deadline: float) -> Connection:
        """Try the addresses in order within one time-out. Raises ConnectFailed, FetchTimedOut."""
        deadline = min(deadline, monotonic() + self._connect_seconds)
        failure: ConnectFailed | FetchTimedOut = ConnectFailed("the origin cannot be reached")
        for position, address in enumerate(target.addresses):
            share = _remaining(deadline) / (len(target.addresses) - position)
            try:
                sock = self._connect(target, address, max(share, 0.05))
                return Connection(sock, (target.scheme, target.host, target.port, address))
            except (ConnectFailed, FetchTimedOut) as error:
                failure = error
        raise failure

    def _connect(self, target: Target, address: str, seconds: float) -> socket.socket:
        try:
            sock = socket.create_connection((address, target.port), timeout=seconds)
        except TimeoutError:
            raise FetchTimedOut("connecting to the origin took too long") from None
        except OSError:
            raise ConnectFailed("the origin cannot be reached") from None
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if target.scheme == "http":
                return sock
            # Ragged ends are reported: a cut connection must not look like the end of a file.
            return self._tls.wrap_socket(sock, server_hostname=target.host, suppress_ragged_eofs=False)
        except TimeoutError:
            sock.close()
            raise FetchTimedOut("the origin's TLS handshake took too long") from None
        except (OSError, ssl.CertificateError, ValueError):
            sock.close()
            raise ConnectFailed("the origin's TLS certificate or handshake was not accepted") from None
