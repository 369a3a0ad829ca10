"""One RPC URL: a pool of kept-alive connections, bounded answers, and how much it is trusted right now.

Knows HTTP and nothing of JSON-RPC methods. No error or log line of ours names the URL.
"""

import json
import os
import time
import weakref
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError
from urllib3.util import make_headers, parse_url

from libs.chain.errors import AnswerTooLarge, BadChainSettings, ChainError, RpcTimeout, RpcUnavailable

_CHUNK = 1 << 18
_FIRST_COOL_DOWN_SECONDS = 0.25
_LONGEST_COOL_DOWN_SECONDS = 15.0
_TRUST_SECONDS = 60.0
_LAG_SECONDS = 2.0

_alive: "weakref.WeakSet[Endpoint]" = weakref.WeakSet()


class Endpoint:
    """Thread-safe. A failed endpoint cools down; while it does, one thread at a time may try it."""

    def __init__(self, url: str, position: int, max_answer_bytes: int, pool_size: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadChainSettings(f"RPC URL number {position + 1} is not an http(s) URL")
        self.position = position
        self.label = f"node {position + 1}"
        self._url = url
        self._pool_size = pool_size
        self._max_answer_bytes = max_answer_bytes
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        parsed = parse_url(url)
        if parsed.auth:
            self._headers |= make_headers(basic_auth=parsed.auth)
        self._path = parsed.request_uri
        self._open()
        _alive.add(self)

    def _open(self) -> None:
        self._pool = urllib3.connection_from_url(
            self._url, maxsize=self._pool_size, block=False, retries=False, headers=self._headers
        )
        self._probe = Lock()
        self._cool_until = 0.0
        self._cool_seconds = 0.0
        self._behind_until = 0.0
        self._trusted_until = 0.0

    def __repr__(self) -> str:
        return f"<{self.label}>"

    # -- health ---------------------------------------------------------------------------------

    def rank(self, now: float) -> tuple[bool, bool, int]:
        """Sort key: healthy before cooling, current before lagging, then the configured order."""
        return (now < self._cool_until, now < self._behind_until, self.position)

    def is_cooling(self, now: float) -> bool:
        return now < self._cool_until

    def begin_probe(self) -> bool:
        """While cooling one thread at a time may try, so that a dead node does not hold them all."""
        return self._probe.acquire(blocking=False)

    def end_probe(self) -> None:
        self._probe.release()

    def failed(self, now: float) -> None:
        self._cool_seconds = min(
            max(self._cool_seconds * 2, _FIRST_COOL_DOWN_SECONDS), _LONGEST_COOL_DOWN_SECONDS
        )
        self._cool_until = now + self._cool_seconds
        self._trusted_until = 0.0  # what comes back may be another node: ask its chain id again

    def answered(self) -> None:
        if self._cool_seconds:
            self._cool_seconds = self._cool_until = 0.0

    def lags(self, now: float) -> None:
        self._behind_until = now + _LAG_SECONDS

    def is_trusted(self, now: float) -> bool:
        return now < self._trusted_until

    def trust(self, now: float) -> None:
        self._trusted_until = now + _TRUST_SECONDS

    # -- exchange -------------------------------------------------------------------------------

    def post(self, body: bytes, timeout_seconds: float) -> Any:
        """The parsed JSON answer. Raises RpcTimeout, RpcUnavailable, AnswerTooLarge."""
        failure: ChainError
        try:
            return json.loads(self._read(body, timeout_seconds))
        except ChainError as error:
            failure = error
        except (HTTPTimeoutError, TimeoutError):
            failure = RpcTimeout(f"{self.label} did not answer in time")
        except (HTTPError, OSError):
            failure = RpcUnavailable(f"{self.label} cannot be reached")
        except (ValueError, RecursionError):
            failure = RpcUnavailable(f"{self.label} did not answer with JSON")
        raise failure  # outside the handlers: the HTTP library's error, chained, would name the URL

    def _read(self, body: bytes, timeout_seconds: float) -> bytes:
        deadline = time.monotonic() + timeout_seconds
        try:
            return self._exchange(body, deadline)
        except ProtocolError:
            # A kept-alive connection that the node closed meanwhile looks like this; once more, fresh.
            return self._exchange(body, deadline)

    def _exchange(self, body: bytes, deadline: float) -> bytes:
        seconds = max(deadline - time.monotonic(), 0.001)
        response = self._pool.urlopen(
            "POST",
            self._path,
            body=body,
            headers=self._headers,
            timeout=urllib3.Timeout(connect=seconds, read=seconds),
            redirect=False,
            preload_content=False,
        )
        try:
            if response.status != 200:
                raise RpcUnavailable(f"{self.label} answered HTTP {response.status}")
            answer = self._body(response, deadline)
        except BaseException:
            response.close()  # an unread body makes the connection useless
            raise
        response.release_conn()
        return answer

    def _body(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(_CHUNK):
            size += len(chunk)
            if size > self._max_answer_bytes:
                raise AnswerTooLarge(self._max_answer_bytes)
            chunks.append(chunk)
            if time.monotonic() > deadline:  # a node that drips bytes resets every read timeout
                raise RpcTimeout(f"{self.label} did not answer in time")
        return b"".join(chunks)


def _forked() -> None:
    """Sockets and locks must not be shared with the parent process."""
    for endpoint in list(_alive):
        endpoint._open()


os.register_at_fork(after_in_child=_forked)
