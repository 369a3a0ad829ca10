"""A small HTTP port of a process that serves no requests, for its orchestrator: health and metrics."""

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from libs.web import metrics
from libs.web.health import Check, Readiness

log = logging.getLogger(__name__)
Answer = tuple[HTTPStatus, str, bytes]


class HealthServer:
    """Answers on its own threads until stopped."""

    def __init__(self, host: str, port: int, checks: Mapping[str, Check]) -> None:
        readiness = Readiness(checks)

        class Handler(_Handler):
            pages: ClassVar[Mapping[str, Callable[[], Answer]]] = {
                "/health": lambda: _ready(readiness),
                "/health/live": lambda: _json(HTTPStatus.OK, {"status": "ok"}),
                "/health/ready": lambda: _ready(readiness),
                "/metrics": lambda: (HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.render()),
            }

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[Mapping[str, Callable[[], Answer]]] = {}
    timeout = 10

    def do_GET(self) -> None:
        page = self.pages.get(self.path.split("?", 1)[0])
        status, kind, body = page() if page else _json(HTTPStatus.NOT_FOUND, {"error": "Not found"})
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds and say nothing."""


def _ready(readiness: Readiness) -> Answer:
    outcomes = readiness.outcomes()
    fine = all(outcome == "ok" for outcome in outcomes.values())
    status = HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE
    return _json(status, {"status": "ok" if fine else "failed", "checks": outcomes})


def _json(status: HTTPStatus, content: Mapping[str, object]) -> Answer:
    return status, "application/json", json.dumps(content).encode()
