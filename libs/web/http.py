"""Pooled JSON calls to services of our own; outside addresses go through libs/fetch instead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from libs.http1 import wire
from libs.http1.client import Client, host_header
from libs.http1.errors import AnswerTooBig, HttpFailure

MAX_REPLY_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS = 3.0


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
    """Keep-alive connections to one base URL. Safe to share between threads and over a fork."""

    def __init__(self, peer: str, base_url: str, timeout_seconds: float, pool_size: int = 32) -> None:
        self.peer = peer
        parts = urlsplit(base_url)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Host": host_header(parts), "Accept-Encoding": "identity"}
        self._timeout_seconds = timeout_seconds
        self._client = Client(
            parts, max_body_bytes=MAX_REPLY_BYTES, max_idle=pool_size, connect_seconds=CONNECT_SECONDS
        )

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request, no redirects. Raises PeerUnavailable for network trouble and answers from 500 up.

        The time limit holds for all of it. A GET whose connection breaks unanswered is sent once more;
        anything else is sent at most once.
        """
        try:
            request = wire.request(method, self._prefix + path, {**self._headers, **(headers or {})}, body)
            is_read = method in ("GET", "HEAD")
            answer = self._client.exchange(method, request, self._timeout_seconds, repeatable=is_read)
        except AnswerTooBig:
            raise PeerUnavailable(self.peer, "the answer is too large") from None
        except (OSError, HttpFailure) as error:
            raise PeerUnavailable(self.peer, type(error).__name__) from error
        if answer.status >= 500:
            raise PeerUnavailable(self.peer, f"status {answer.status}")
        return Reply(self.peer, answer.status, answer.headers, answer.body)
