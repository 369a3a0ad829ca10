"""A small image registry on loopback, spoken to in plain HTTP: push, pull, and failing on request."""

import hashlib
import http.server
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_UPLOADS = re.compile(r"/v2/.+/blobs/uploads/.*")
_BLOB = re.compile(r"/v2/.+/blobs/(sha256:[0-9a-f]{64})")
_MANIFEST = re.compile(r"/v2/(.+)/manifests/(.+)")
Answer = tuple[int, bytes, dict[str, str]]


@dataclass(slots=True)
class Registry:
    """`broken`: every question is answered 500. `digests` of manifests by repository and tag."""

    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)  # (type, document)
    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    broken: bool = False

    def get(self, path: str) -> Answer:
        if self.broken:
            return 500, b"{}", {}
        if path == "/v2/":
            return 200, b"{}", {}
        if (blob := _BLOB.fullmatch(path)) and blob[1] in self.blobs:
            return 200, self.blobs[blob[1]], {"Docker-Content-Digest": blob[1]}
        if (manifest := _MANIFEST.fullmatch(path)) and (manifest[1], manifest[2]) in self.manifests:
            kind, document = self.manifests[manifest[1], manifest[2]]
            return 200, document, {"Content-Type": kind, "Docker-Content-Digest": _digest(document)}
        return 404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}', {}

    def take(self, method: str, target: str, kind: str, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        if manifest := _MANIFEST.fullmatch(path):
            name, tag = manifest[1], manifest[2]
            digest = self.digests[name, tag] = _digest(body)
            self.manifests[name, tag] = self.manifests[name, digest] = (kind, body)
            return 201, b"", {"Docker-Content-Digest": digest, "Location": path}
        assert _UPLOADS.fullmatch(path), path
        if method == "POST":
            path = f"{path}{len(self.uploads)}"
        content = self.uploads[path] = self.uploads.get(path, b"") + body
        if method == "PUT":
            digest = urllib.parse.parse_qs(query)["digest"][0]
            self.blobs[digest] = content
            return 201, b"", {"Docker-Content-Digest": digest, "Location": path}
        identity = path.rpartition("/")[2]
        span = f"0-{max(0, len(content) - 1)}"
        return 202, b"", {"Location": path, "Docker-Upload-UUID": identity, "Range": span}


@contextmanager
def running_registry() -> Iterator[Registry]:
    registry = Registry()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(registry))
    server.daemon_threads = True
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _digest(document: bytes) -> str:
    return f"sha256:{hashlib.sha256(document).hexdigest()}"


def _handler(registry: Registry) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(*registry.get(self.path))

        do_HEAD = do_GET  # noqa: N815

        def do_POST(self) -> None:
            kind = self.headers.get("Content-Type", "")
            self._answer(*registry.take(self.command, self.path, kind, self._body()))

        do_PUT = do_PATCH = do_POST  # noqa: N815

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler
