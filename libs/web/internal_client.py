"""Calls between our services: service token, request id and time limit on each."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from libs.web import request_ids
from libs.web.http import Connection, PeerUnavailable, Reply
from libs.web.settings import Secret

__all__ = ["InternalClient", "PeerUnavailable", "Reply", "ServiceTokens", "TokenSource"]

RENEW_SECONDS = 60


class TokenSource(Protocol):
    def token(self) -> str:
        """A service token good for at least some seconds. Raises PeerUnavailable."""

    def forget(self, token: str) -> None:
        """The peer refused `token`: do not hand it out again."""


class ServiceTokens:
    """Service tokens from auth's /internal/token, kept until 60 s before they expire."""

    def __init__(self, auth_url: str, service: str, secret: Secret, timeout_seconds: float = 5.0) -> None:
        self._connection = Connection("auth", auth_url, timeout_seconds, pool_size=2)
        credentials = base64.b64encode(f"{service}:{secret.reveal()}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def token(self) -> str:
        if time.monotonic() < self._good_until:
            return self._token
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._renew()
            return self._token

    def forget(self, token: str) -> None:
        with self._lock:
            if token == self._token:
                self._good_until = 0.0

    def _renew(self) -> None:
        asked_at = time.monotonic()
        headers = _with_request_id(self._headers)
        reply = self._connection.send("POST", "/internal/token", b"grant_type=client_credentials", headers)
        if reply.status != 200:
            raise PeerUnavailable("auth", f"no service token, status {reply.status}")
        answer = reply.json()
        try:
            token, lifetime = str(answer["access_token"]), float(answer["expires_in"])
        except (KeyError, TypeError, ValueError):
            raise PeerUnavailable("auth", "the service token answer is malformed") from None
        # A lifetime of a minute or less would never be "good": use half of it then.
        self._token = token
        self._good_until = asked_at + max(lifetime - RENEW_SECONDS, lifetime / 2)


class InternalClient:
    """One peer, as seen from this service. `peer` names it in errors."""

    def __init__(
        self, base_url: str, peer: str, token_source: TokenSource | None, timeout_seconds: float = 5.0
    ) -> None:
        self._connection = Connection(peer, base_url, timeout_seconds)
        self._tokens = token_source

    def get(
        self, path: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Raises PeerUnavailable. A 4xx is an answer, not an error."""
        return self.request("GET", path if not params else f"{path}?{urlencode(params)}", headers=headers)

    def post(self, path: str, body: Any) -> Reply:
        """POST `body` as JSON. Raises PeerUnavailable; sent at most once, save after a refused token."""
        return self.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        if self._tokens is None:
            return self._connection.send(method, path, body, _with_request_id(headers or {}))
        token = self._tokens.token()
        reply = self._send(method, path, body, headers, token)
        if reply.status == 401:
            # The signing key may have been rotated: one fresh token, then the answer stands.
            self._tokens.forget(token)
            reply = self._send(method, path, body, headers, self._tokens.token())
        return reply

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None, token: str
    ) -> Reply:
        sent = _with_request_id({**(headers or {}), "Authorization": f"Bearer {token}"})
        return self._connection.send(method, path, body, sent)


def _with_request_id(headers: Mapping[str, str]) -> dict[str, str]:
    request_id = request_ids.current()
    return {**headers, request_ids.HEADER: request_id} if request_id else dict(headers)
