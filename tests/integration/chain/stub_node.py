"""A node made of a bare TCP server, for answers that no HTTP library would send."""

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

CHAIN_ID = 8996
Answer = Callable[[socket.socket, dict[str, Any]], None]


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def result(request: dict[str, Any], value: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": value}).encode()


class StubNode:
    """Serves each request with `answer(socket, request)`; closes the connection when it raises.

    `requests` are the parsed bodies; `raw` the header blocks; `connections` how many were opened.
    """

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer = answer or (lambda sock, request: sock.sendall(http(result(request, hex(CHAIN_ID)))))
        self.requests: list[dict[str, Any]] = []
        self.raw: list[str] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v3/APIKEY"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "StubNode":
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._listener.close()
        for sock in self._open:
            sock.close()

    def drop_connections(self) -> None:
        """As a node that closes idle connections."""
        for sock in self._open:
            sock.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            buffer = b""
            while True:
                head, buffer = self._until(sock, buffer)
                size = next(
                    int(line.partition(":")[2])
                    for line in head.split("\r\n")
                    if line.lower().startswith("content-length")
                )
                while len(buffer) < size:
                    buffer += sock.recv(65536)
                request, buffer = json.loads(buffer[:size]), buffer[size:]
                self.raw.append(head)
                self.requests.append(request)
                self.answer(sock, request)
        except (OSError, ConnectionError):
            return
        finally:
            sock.close()

    @staticmethod
    def _until(sock: socket.socket, buffer: bytes) -> tuple[str, bytes]:
        while b"\r\n\r\n" not in buffer:
            chunk = sock.recv(65536)
            if not chunk:
                raise ConnectionError
            buffer += chunk
        head, _, rest = buffer.partition(b"\r\n\r\n")
        return head.decode(), rest
