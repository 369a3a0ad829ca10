"""A scriptable HTTP origin on a free loopback port: real sockets, and every bad habit an origin can have.

    with Origin() as origin:
        origin.route("/a.csv", file(b"1,2", "text/csv"))
        origin.url("/a.csv")

A script is a callable taking one `Exchange`; what it does not do, the server does not do either. Keep-
alive is kept unless the script (or the framing it chose) ends the connection.
"""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Script = Callable[["Exchange"], None]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int  # counts connections from 1


@dataclass
class Exchange:
    """One request and the means to answer it, properly or otherwise."""

    request: Seen
    sock: socket.socket
    stopping: threading.Event
    keep: bool = True
    sent: int = field(default=0)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.sent += len(data)

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def respond(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.head(status, {"Content-Length": str(len(body)), **headers})
        if self.request.method != "HEAD":
            self.send(body)

    def wait(self, seconds: float) -> None:
        """Idle, but not beyond the end of the test."""
        self.stopping.wait(seconds)

    def hang(self) -> None:
        """Say nothing more until the other side gives up or the test ends."""
        self.keep = False
        self.sock.settimeout(0.05)
        while not self.stopping.is_set():
            try:
                if not self.sock.recv(1024):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


class Origin:
    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.hung_up = threading.Event()  # a client left while we were still sending
        self._scripts: dict[str, Script] = {}
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._connections = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def route(self, path: str, script: Script) -> None:
        self._scripts[path] = script

    def paths(self) -> list[str]:
        return [seen.path for seen in self.requests]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                sock.close() if sock.fileno() < 0 else _shut(sock)
        for thread in list(self._threads):
            thread.join(timeout=10)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections += 1
                self._open.add(sock)
                number = self._connections
            self._start(lambda sock=sock, number=number: self._serve(sock, number))

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with sock, sock.makefile("rb") as stream:
                while self._serve_one(sock, stream, number):
                    pass
        except OSError:
            self.hung_up.set()
        finally:
            with self._lock:
                self._open.discard(sock)

    def _serve_one(self, sock: socket.socket, stream: object, number: int) -> bool:
        request = _read_request(stream, number)
        if request is None:
            return False
        with self._lock:
            self.requests.append(request)
        exchange = Exchange(request, sock, self._stopping)
        path = request.path.partition("?")[0]
        self._scripts.get(path, lambda missing: missing.respond(404, {}, b"missing"))(exchange)
        return exchange.keep


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _read_request(stream: object, number: int) -> Seen | None:
    line = stream.readline()  # type: ignore[attr-defined]
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline().decode("latin-1").strip()) != "":  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]
    return Seen(method, path, headers, body, number)


def file(
    data: bytes,
    content_type: str = "application/octet-stream",
    *,
    etag: str = '"v1"',
    headers: Mapping[str, str] | None = None,
) -> Script:
    """A well-behaved file with HEAD, single ranges, ETag and If-Range."""
    common = {"Content-Type": content_type, "ETag": etag, "Accept-Ranges": "bytes", **(headers or {})}

    def script(exchange: Exchange) -> None:
        asked = exchange.request.headers.get("range")
        if asked is None or exchange.request.headers.get("if-range", etag) != etag:
            exchange.respond(200, common, data)
            return
        bounds = _bounds(asked, len(data))
        if bounds is None:
            exchange.respond(416, {**common, "Content-Range": f"bytes */{len(data)}"}, b"no such range")
            return
        first, last = bounds
        shown = {**common, "Content-Range": f"bytes {first}-{last}/{len(data)}"}
        exchange.respond(206, shown, data[first : last + 1])

    return script


def _bounds(asked: str, size: int) -> tuple[int, int] | None:
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", asked)
    if match is None or match[0] == "bytes=-":
        return None
    if match[1] == "":
        return max(0, size - int(match[2])), size - 1
    first, last = int(match[1]), int(match[2] or size - 1)
    return (first, min(last, size - 1)) if first < size else None


def reply(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Script:
    return lambda exchange: exchange.respond(status, headers or {}, body)


def redirect(location: str, status: int = 302) -> Script:
    return reply(status, {"Location": location}, b"moved")


def raw(data: bytes) -> Script:
    """These bytes, then the end of the connection."""

    def script(exchange: Exchange) -> None:
        exchange.keep = False
        exchange.send(data)

    return script


def silent() -> Script:
    """Accepts the request and never answers."""
    return lambda exchange: exchange.hang()


def slow_head(interval: float = 0.05) -> Script:
    """Slow-loris: a header every `interval` seconds, for ever."""

    def script(exchange: Exchange) -> None:
        exchange.keep = False
        exchange.send(b"HTTP/1.1 200 OK\r\n")
        while not exchange.stopping.is_set():
            exchange.send(b"X-Filler: 1\r\n")
            exchange.wait(interval)

    return script


def stalling_body(data: bytes, stated: int) -> Script:
    """Announces `stated` bytes, sends `data`, then silence."""

    def script(exchange: Exchange) -> None:
        exchange.head(200, {"Content-Length": str(stated)})
        exchange.send(data)
        exchange.hang()

    return script


def lying_length(data: bytes, stated: int) -> Script:
    """Announces `stated` bytes, sends `data`, hangs up."""

    def script(exchange: Exchange) -> None:
        exchange.keep = False
        exchange.head(200, {"Content-Length": str(stated)})
        exchange.send(data)

    return script


def endless(piece: bytes = b"x" * 65536, headers: Mapping[str, str] | None = None) -> Script:
    """A body without a stated length that never ends."""

    def script(exchange: Exchange) -> None:
        exchange.keep = False
        exchange.head(200, {"Connection": "close", **(headers or {})})
        while not exchange.stopping.is_set():
            exchange.send(piece)

    return script


def sized(size: int, piece: bytes = b"x" * 65536, headers: Mapping[str, str] | None = None) -> Script:
    """A body of `size` bytes with its length stated, made as it is sent."""

    def script(exchange: Exchange) -> None:
        exchange.head(200, {"Content-Length": str(size), **(headers or {})})
        for part in _parts(size, piece):
            exchange.send(part)

    return script


def _parts(size: int, piece: bytes) -> Iterator[bytes]:
    while size > 0:
        yield piece[:size]
        size -= len(piece)


def chunked(
    pieces: Iterable[bytes], *, ended: bool = True, headers: Mapping[str, str] | None = None
) -> Script:
    """Chunked coding; without `ended` the connection closes before the last chunk."""
    parts = list(pieces)

    def script(exchange: Exchange) -> None:
        exchange.keep = ended
        exchange.head(200, {"Transfer-Encoding": "chunked", **(headers or {})})
        for part in parts:
            exchange.send(b"%x\r\n%s\r\n" % (len(part), part))
        if ended:
            exchange.send(b"0\r\n\r\n")

    return script


def huge_headers(count: int = 5000) -> Script:
    return raw(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * count + b"\r\n")


def reset(data: bytes = b"") -> Script:
    """Sends `data`, then a TCP reset."""

    def script(exchange: Exchange) -> None:
        exchange.keep = False
        exchange.send(data)
        exchange.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script
