"""The one shape of request that the gateway sends, and its answer, as bytes: the short way past gunicorn.

What is spelled in any other way is not judged here: the server's own parser gets it as it came.
"""

import io
import re
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_HEAD_BYTES = 64 * 1024
# No query, no escapes, no underscores in names (WSGI folds `_` and `-`). Each byte fits one place only, so
# matching takes one pass.
_REQUEST = re.compile(rb"(GET|HEAD) (/[A-Za-z0-9/-]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)*)\r\n")
_FIELD = re.compile(r"([^:\r\n]+):([^\r\n]*)\r\n")
# They speak of a body, of another protocol, or of the connection.
_NOT_PLAIN = frozenset(
    ("CONTENT-LENGTH", "TRANSFER-ENCODING", "CONNECTION", "EXPECT", "UPGRADE", "HTTP2-SETTINGS", "TE")
)


def parse(data: bytes) -> "WSGIEnvironment | None":
    """What the app is told of a request; None when `data` is not exactly one plain request without a body."""
    found = _REQUEST.fullmatch(data)
    if found is None:
        return None
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": found[1].decode(),
        "SCRIPT_NAME": "",
        "PATH_INFO": found[2].decode(),
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
    }
    fields = _FIELD.findall(found[3].decode("ascii"))
    for name, value in fields:
        upper = name.upper()
        if upper in _NOT_PLAIN:
            return None
        environ["HTTP_" + upper.replace("-", "_")] = value.strip(" \t")
    several = len(environ) != 7 + len(fields)  # a header stands there twice
    return None if several or "HTTP_HOST" not in environ else environ


class Answer:
    """WSGI's start_response, and what it returns, on a socket. `ends_connection`: say so in the headers."""

    def __init__(self, client: socket.socket, method: str, *, ends_connection: bool) -> None:
        self._client = client
        self._has_body = method != "HEAD"
        self._ends_connection = ends_connection
        self._head = b""
        self._chunked = False
        self.begun = False  # a part of it is on the wire

    def start(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        """Raises ValueError for a header that would end its line."""
        lines = [f"HTTP/1.1 {status}", f"Connection: {'close' if self._ends_connection else 'keep-alive'}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self._has_body and not any(name == "Content-Length" for name, _ in headers):
            self._chunked = True
            lines.append("Transfer-Encoding: chunked")
        text = "\r\n".join(lines)
        if text.count("\n") >= len(lines) or text.count("\r") >= len(lines) or "\0" in text:
            raise ValueError("a header holds characters that no header may hold")
        self._head = text.encode("latin-1") + b"\r\n\r\n"
        return self.write

    def write(self, piece: bytes) -> None:
        """An empty piece sends the headers, if they are not on the wire yet."""
        if self._chunked and piece:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        self._send(piece if self._has_body else b"")

    def end(self) -> None:
        self._send(b"0\r\n\r\n" if self._chunked else b"")

    def _send(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head or data:
            self.begun = True
            self._client.sendall(head + data if head else data)
