"""Pooled JSON calls to services of our own; outside addresses go through libs/fetch instead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

MAX_REPLY_BYTES = 16 * 1024 * 1024


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
        except ValueError:
            raise PeerUnavailable(self.peer, "the answer is not JSON") from None


class Connection:
    """Keep-alive connections to one base URL. Safe to share between threads; connects on first use."""

    def __init__(self, peer: str, base_url: str, timeout_seconds: float, pool_size: int = 32) -> None:
        self.peer = peer
        self._base = base_url.rstrip("/")
        self._timeout = urllib3.Timeout(connect=min(timeout_seconds, 3.0), total=timeout_seconds)
        self._pool = urllib3.PoolManager(num_pools=2, maxsize=pool_size, block=False)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request, no redirects. Raises PeerUnavailable for network trouble and answers from 500 up.

        A GET whose connection breaks is sent once more; anything else is sent at most once.
        """
        attempts = 2 if method in ("GET", "HEAD") else 1
        for attempt in range(1, attempts + 1):
            try:
                return self._send_once(method, path, body, headers)
            except urllib3.exceptions.ProtocolError as error:
                if attempt == attempts:
                    raise PeerUnavailable(self.peer, type(error).__name__) from error
            except urllib3.exceptions.HTTPError as error:
                raise PeerUnavailable(self.peer, type(error).__name__) from error
        raise AssertionError("unreachable")

    def _send_once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Reply:
        answer = self._pool.request(
            method,
            self._base + path,
            body=body,
            headers=dict(headers or {}),
            timeout=self._timeout,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            content = answer.read(MAX_REPLY_BYTES + 1)
            if len(content) > MAX_REPLY_BYTES:
                answer.close()
                raise PeerUnavailable(self.peer, "the answer is too large")
        finally:
            answer.release_conn()
        if answer.status >= 500:
            raise PeerUnavailable(self.peer, f"status {answer.status}")
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(self.peer, answer.status, names, content)
