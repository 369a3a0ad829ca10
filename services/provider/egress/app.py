"""The egress process's WSGI app: a valid ticket in, one file's bytes out; whatever has no ticket gets 404.

Plain WSGI, because headers must be on the wire before the kernel moves the body, and because this process
holds many downloads at once and should be small. It imports neither web3 nor a database.
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from libs.web import logs, metrics, request_ids
from libs.web.cors import SIMPLE as CORS
from services.provider.domain.origins import OriginRefused, OriginUnavailable
from services.provider.egress import ticket
from services.provider.egress.relay import Opened, OriginRelay, TransferBroken, pieces
from services.provider.egress.stream import Patience, send_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
SERVICE = "egress"
UNREACHABLE = "Asset URL not found, not available or invalid."
_TICKET_KEY = "HTTP_" + ticket.HEADER.upper().replace("-", "_")
_SENT = Counter("egress_sent_bytes", "Bytes of files handed to clients.")
_DOWNLOADS = Counter("egress_downloads", "Downloads by how they ended.", ["outcome"])
_ACTIVE = Gauge("egress_active_downloads", "Downloads being moved now.", multiprocess_mode="livesum")

Answer = tuple[int, list[tuple[str, str]], bytes]


class EgressApp:
    def __init__(self, tickets: ticket.SealedTickets, relay: OriginRelay, patience: Patience) -> None:
        self._tickets = tickets
        self._relay = relay
        self._patience = patience

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        exchange = Exchange(environ, start_response)
        try:
            return self._serve(exchange)
        finally:
            exchange.log_line()

    def _serve(self, exchange: "Exchange") -> Iterable[bytes]:
        sealed = exchange.environ.get(_TICKET_KEY, "")
        if not sealed:
            return exchange.answer(_without_ticket(exchange.path))
        try:
            plan = self._tickets.open(sealed)
        except ticket.TicketRefused:
            return exchange.answer(_error(404, "Not found.", edge=True))
        if exchange.method not in ("GET", "HEAD"):
            return exchange.answer(_error(405, "Method not allowed.", edge=True))
        try:
            opened = self._relay.connect(plan, exchange.range_headers(), exchange.method)
        except OriginRefused:
            return exchange.answer(_error(502, UNREACHABLE), outcome="refused")
        except OriginUnavailable as error:
            return exchange.answer(
                _error(504 if error.timed_out else 502, UNREACHABLE), outcome="unavailable"
            )
        return self._send(exchange, opened)

    def _send(self, exchange: "Exchange", opened: Opened) -> Iterable[bytes]:
        source = opened.source
        if source is None:
            return exchange.answer((opened.status, opened.headers, opened.text), outcome="complete")
        client = exchange.environ.get("gunicorn.socket")
        write = exchange.start(opened.status, opened.headers)
        if client is None:  # not gunicorn: its server takes the pieces from us
            return pieces(source)
        _ACTIVE.inc()
        try:
            exchange.sent = send_body(source.reply.body, client, write, self._patience)
            exchange.outcome = "complete"
        except TransferBroken as error:
            exchange.outcome, exchange.sent = error.cause, error.sent
            raise
        finally:
            _ACTIVE.dec()
            source.close()
        return ()


def _without_ticket(path: str) -> Answer:
    if path in ("/health/live", "/health/ready"):
        return _json(200, {"status": path.rpartition("/")[2], "service": SERVICE})
    if path == "/metrics":
        return 200, [("Content-Type", metrics.CONTENT_TYPE)], metrics.render()
    return _error(404, "Not found.", edge=True)


def _error(status: int, text: str, *, edge: bool = False) -> Answer:
    """Contract 0.4: E2, or E3 for what never was a download."""
    return _json(status, {"error": text, "context": None} if edge else {"error": text})


def _json(status: int, body: object) -> Answer:
    return status, [("Content-Type", "application/json"), *CORS], json.dumps(body).encode()


class Exchange:
    """One request being answered, and what its log line will say."""

    def __init__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "")
        self.request_id = request_ids.accepted(environ.get("HTTP_X_REQUEST_ID"))
        self.sent = 0
        self.outcome = ""
        self._status = 0
        self._start_response = start_response
        self._started_at = time.perf_counter()
        request_ids.bind(self.request_id)

    def range_headers(self) -> dict[str, str]:
        names = {"Range": "HTTP_RANGE", "If-Range": "HTTP_IF_RANGE"}
        return {name: self.environ[key] for name, key in names.items() if key in self.environ}

    def start(self, status: int, headers: list[tuple[str, str]]) -> Callable[[bytes], object]:
        self._status = status
        line = f"{status} {HTTPStatus(status).phrase}"
        return self._start_response(line, [*headers, (request_ids.HEADER, self.request_id)])

    def answer(self, answer: Answer, *, outcome: str = "") -> Iterable[bytes]:
        status, headers, body = answer
        self.outcome = outcome
        self.sent = len(body)
        if not any(name == "Content-Length" for name, _ in headers):
            headers = [*headers, ("Content-Length", str(len(body)))]
        self.start(status, headers)
        return (body,) if body and self.method != "HEAD" else ()

    def log_line(self) -> None:
        seconds = time.perf_counter() - self._started_at
        metrics.observe(SERVICE, self.method, "download" if self.outcome else "other", self._status, seconds)
        if self.outcome:
            _SENT.inc(self.sent)
            _counter(self.outcome.partition(":")[0]).inc()
        if self._status >= 400 or not self.path.startswith(("/health/", "/metrics")):
            sys.stderr.write(self._line(seconds))
        request_ids.clear()

    def _line(self, seconds: float) -> str:
        return (
            f'{{"time": "{logs.timestamp(time.time())}", "level": "INFO", "service": "{SERVICE}", '
            f'"logger": "access", "message": "request", "request_id": "{self.request_id}", '
            f'"method": {json.dumps(self.method[:16])}, "status": {self._status}, '
            f'"ms": {seconds * 1000:.2f}, "bytes": {self.sent}, "outcome": {json.dumps(self.outcome)}}}\n'
        )


@lru_cache(maxsize=16)  # the look-up by label takes longer than the counting
def _counter(outcome: str) -> Counter:
    return _DOWNLOADS.labels(outcome)
