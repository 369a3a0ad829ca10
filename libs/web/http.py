"""Pooled JSON calls to services of our own; outside addresses go through libs/fetch instead."""

import json
import select
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

MAX_REPLY_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS = 3.0
_PLAIN = {"Accept-Encoding": "identity"}


class PeerUnavailable(Exception):
    """A service of ours could not answer; retrying later may help. `reason` holds no address."""

    def __init__(self, peer: str, reason: str) -> None:
        super().__init__(f"{peer} is unavailable: {reason}")
        self.peer = peer
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reply:
    """A peer's answer below 500, body read whole; header names are lower case."""

    peer: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises PeerUnavailable when the body is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise PeerUnavailable(self.peer, "the answer is not JSON") from None


class Connection:
    """Keep-alive connections to one base URL. Safe to share between threads; connects on first use.

    Stands on http.client: a general client spends three times the processor time on each small call, and
    hardly a request gets by without one.
    """

    def __init__(self, peer: str, base_url: str, timeout_seconds: float, pool_size: int = 32) -> None:
        self.peer = peer
        parts = urlsplit(base_url)
        self._is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._prefix = parts.path.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._pool_size = pool_size
        self._idle: list[HTTPConnection] = []
        weakref.finalize(self, _close_all, self._idle)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request, no redirects. Raises PeerUnavailable for network trouble and answers from 500 up.

        A GET whose connection breaks is sent once more; anything else is sent at most once.
        """
        try:
            try:
                return self._send_once(method, path, body, headers)
            except (ConnectionError, BadStatusLine, IncompleteRead):
                if method not in ("GET", "HEAD"):
                    raise
            return self._send_once(method, path, body, headers)
        except (OSError, HTTPException) as error:
            raise PeerUnavailable(self.peer, type(error).__name__) from error

    def _send_once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Reply:
        connection = self._kept() or self._connect()
        is_reusable = False
        try:
            connection.request(method, self._prefix + path, body, {**_PLAIN, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read(MAX_REPLY_BYTES + 1)
            if len(content) > MAX_REPLY_BYTES:
                raise PeerUnavailable(self.peer, "the answer is too large")
            if answer.length:
                raise IncompleteRead(content, answer.length)
            is_reusable = answer.isclosed() and not answer.will_close
        finally:
            if is_reusable and len(self._idle) < self._pool_size:
                self._idle.append(connection)
            else:
                connection.close()
        if answer.status >= 500:
            raise PeerUnavailable(self.peer, f"status {answer.status}")
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(self.peer, answer.status, names, content)

    def _kept(self) -> HTTPConnection | None:
        """The connection used last that the peer has not closed meanwhile."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break  # another thread was faster
            if not _has_something_to_say(connection):
                return connection
            connection.close()
        return None

    def _connect(self) -> HTTPConnection:
        kind = HTTPSConnection if self._is_tls else HTTPConnection
        connection = kind(self._host, self._port, timeout=min(self._timeout_seconds, CONNECT_SECONDS))
        try:
            connection.connect()
            connection.sock.settimeout(self._timeout_seconds)
        except BaseException:
            connection.close()
            raise
        return connection


def _has_something_to_say(connection: HTTPConnection) -> bool:
    """An idle connection that can be read from was closed, or is out of step."""
    watch = select.poll()
    watch.register(connection.sock, select.POLLIN)
    return bool(watch.poll(0))


def _close_all(idle: list[HTTPConnection]) -> None:
    while idle:
        idle.pop().close()
