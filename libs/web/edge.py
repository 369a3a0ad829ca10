"""The edge every service wears: request ids, access log, metrics, health, CORS, error rendering.

Knows nothing of any dialect: the app hands in a renderer `(status, text, exception) -> Response`.
"""

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from libs.web import cors as cors_headers
from libs.web import logs, metrics, request_ids
from libs.web.gate import public
from libs.web.health import Check, Readiness

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)
access = logging.getLogger("access")
ErrorRenderer = Callable[[int, str, Exception | None], Response]
ROUTE = "tidegate.route"
WHOLE = "tidegate.whole"
UNKNOWN_ROUTE = "unknown"
QUIET = ("/health/", "/metrics")
# Longer than `did:op:` plus a hash and than a transaction hash: a path is seldom worth the full redaction.
# 43 characters: an opaque token or code of ours that stands in a path by mistake.
_SUSPECT = re.compile(r":/|eyJ|[A-Za-z0-9_=.-]{67,}|(?:/|\.)[A-Za-z0-9_-]{43}(?:/|$)")
_MOST_DRAINED_BYTES = 32 * 1024 * 1024  # above any body the gateway lets in
_DRAIN_PIECE_BYTES = 256 * 1024
INTERNAL_ERROR = "Internal server error. The request id names it in our log."


def install(
    app: Flask, service: str, *, checks: Mapping[str, Check], render_error: ErrorRenderer, cors: bool = True
) -> None:
    """Dress `app`. Call it last in create_app, so that its error handlers win.

    `checks` are asked by /health/ready and raise when what they look at is not usable; `render_error` gives
    errors that no room handled (404, 405, 413, uncaught exceptions) the shape of the path's dialect.
    """
    metrics.tidy()
    _mount_health(app, service, Readiness(checks))
    app.add_url_rule("/metrics", "edge_metrics", _metrics)
    app.before_request(_note_route)
    app.after_request(_note_whole)
    app.register_error_handler(HTTPException, _http_error_handler(render_error))
    app.register_error_handler(Exception, _exception_handler(render_error))
    app.wsgi_app = _Edge(app.wsgi_app, service, cors)  # type: ignore[method-assign]


def _note_route() -> None:
    rule = request.url_rule
    request.environ[ROUTE] = UNKNOWN_ROUTE if rule is None else rule.rule


def _note_whole(response: Response) -> Response:
    request.environ[WHOLE] = response.is_sequence
    return response


def _mount_health(app: Flask, service: str, readiness: Readiness) -> None:
    live = json.dumps({"status": "live", "service": service})

    @public
    def show_live() -> Response:
        return Response(live, mimetype="application/json")

    @public
    def show_ready() -> Response:
        outcomes = readiness.outcomes()
        ready = all(outcome == "ok" for outcome in outcomes.values())
        body = {"status": "ready" if ready else "not ready", "service": service, "checks": outcomes}
        return Response(json.dumps(body), status=200 if ready else 503, mimetype="application/json")

    app.add_url_rule("/health/live", "edge_live", show_live)
    app.add_url_rule("/health/ready", "edge_ready", show_ready)


@public
def _metrics() -> Response:
    return Response(metrics.render(), content_type=metrics.CONTENT_TYPE)


def _http_error_handler(render_error: ErrorRenderer) -> Callable[[HTTPException], Any]:
    def handle(error: HTTPException) -> Any:
        status = error.code
        if error.response is not None or isinstance(error, RequestRedirect) or status is None or status < 400:
            return error
        response = render_error(status, error.description or error.name, error)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after", "www-authenticate", "content-range"):
                response.headers[name] = value
        return response

    return handle


def _exception_handler(render_error: ErrorRenderer) -> Callable[[Exception], Response]:
    def handle(error: Exception) -> Response:
        log.error("uncaught exception", exc_info=error, extra={"route": request.environ.get(ROUTE)})
        return render_error(500, INTERNAL_ERROR, error)

    return handle


class _Edge:
    """WSGI middleware around the app; one per app. Adds as little as it can to each request."""

    def __init__(self, inner: "WSGIApplication", service: str, cors: bool) -> None:
        self._inner = inner
        self._service = service
        self._cors = cors

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        exchange = _Exchange(environ, start_response, self._service, self._cors)
        path = environ.get("PATH_INFO", "")
        if "//" in path:
            # ocean.js before 3.3.3 glues "https://host/" and "/api/..."; a redirect would lose its body.
            environ["PATH_INFO"] = _merged_slashes(path)
        if self._cors and environ["REQUEST_METHOD"] == "OPTIONS":
            return exchange.answer_preflight()
        return exchange.run(self._inner)


class _Exchange:
    """One request on its way through: sets the id, sees the status go out, counts bytes, writes the line."""

    __slots__ = ("_close", "_environ", "_finished", "_headers", "_next", "_path", "_service", "_start",
                 "_started_at", "request_id", "sent", "status")  # fmt: skip

    def __init__(self, environ: "WSGIEnvironment", start: "StartResponse", service: str, cors: bool) -> None:
        self._environ = environ
        self._path = environ.get("PATH_INFO", "")[:300]  # as it came: merging slashes would hide a URL
        self._start = start
        self._service = service
        self._started_at = time.perf_counter()
        self._headers = cors_headers.SIMPLE if cors else ()
        self._close: Callable[[], None] | None = None
        self._finished = False
        self.status = 0
        self.sent = 0
        self.request_id = request_ids.accepted(environ.get("HTTP_X_REQUEST_ID"))
        request_ids.bind(self.request_id)

    def run(self, app: "WSGIApplication") -> Iterable[bytes]:
        try:
            body = app(self._environ, self.start_response)
            _drain(self._environ)
        except BaseException:
            self._finish()
            raise
        self._close = getattr(body, "close", None)
        if self._environ.get(WHOLE):
            # A body that is already in memory goes out as a list: granian sends that in one piece.
            chunks = list(body)
            self.sent = sum(map(len, chunks))
            self.close()
            return chunks
        self._next = iter(body).__next__
        return self

    def answer_preflight(self) -> Iterable[bytes]:
        self._headers = ()
        self._environ[ROUTE] = "preflight"
        _drain(self._environ)
        self.start_response("204 No Content", cors_headers.preflight(self._environ))
        self._finish()
        return []

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status = int(status[:3])
        headers.append((request_ids.HEADER, self.request_id))
        if self._headers and not any(name == "Access-Control-Allow-Origin" for name, _ in headers):
            headers.extend(self._headers)
        return self._start(status, headers, exc_info) if exc_info else self._start(status, headers)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._next()
        self.sent += len(chunk)
        return chunk

    def close(self) -> None:
        try:
            if self._close is not None:
                self._close()
        finally:
            self._finish()

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        seconds = time.perf_counter() - self._started_at
        environ = self._environ
        route = environ.get(ROUTE, UNKNOWN_ROUTE)
        metrics.observe(self._service, environ["REQUEST_METHOD"], route, self.status, seconds)
        if access.isEnabledFor(logging.INFO) and (self.status >= 400 or not route.startswith(QUIET)):
            sys.stderr.write(self._line(route, seconds))
        request_ids.clear()

    def _line(self, route: str, seconds: float) -> str:
        # Query strings and bodies carry signatures: neither is ever written.
        path = self._path
        shown = path if path == route or not _SUSPECT.search(path) else logs.redact(path)
        return (
            f'{{"time": "{logs.timestamp(time.time())}", "level": "INFO", "service": "{self._service}", '
            f'"logger": "access", "message": "request", "request_id": "{self.request_id}", '
            f'"method": {json.dumps(self._environ["REQUEST_METHOD"][:16])}, "path": {json.dumps(shown)}, '
            f'"route": {json.dumps(route)}, "status": {self.status}, "ms": {seconds * 1000:.2f}, '
            f'"bytes": {self.sent}}}\n'
        )


def _drain(environ: "WSGIEnvironment") -> None:
    """Read what the app left of the body: the server closes a connection on which a part stays unread, at
    times without saying so, and the gateway's next request on it, somebody else's, would be lost.
    """
    if environ.get("CONTENT_LENGTH", "0") in ("", "0") and "HTTP_TRANSFER_ENCODING" not in environ:
        return
    read, left = environ["wsgi.input"].read, _MOST_DRAINED_BYTES
    with contextlib.suppress(OSError):  # the caller is gone
        while left > 0 and (piece := read(_DRAIN_PIECE_BYTES)):
            left -= len(piece)


def _merged_slashes(path: str) -> str:
    while "//" in path:
        path = path.replace("//", "/")
    return path
