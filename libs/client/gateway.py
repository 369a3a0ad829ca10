"""Calls to one gateway: JSON in and out, streams, patience with a gateway that restarts."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests

from libs.client.errors import NotFound, NotSignedIn, Refused, Unreachable

CONNECT_SECONDS = 10.0
READ_SECONDS = 75.0  # longer than any long poll
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_BUSY = frozenset({429, 502, 503, 504})
Params = Mapping[str, str | int]


class Gateway:
    """`token` is asked before each call, so that it may renew itself; it gives None when there is none.

    Calls that may be repeated are, for `patience` seconds, while the gateway does not answer or is busy.
    """

    def __init__(
        self, url: str, token: Callable[[], str | None] = lambda: None, patience: float = 20.0
    ) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._patience = patience
        self._session = requests.Session()

    def json(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON, None of an empty one. Raises Refused, NotFound, NotSignedIn, Unreachable."""
        with self.open(method, path, json=body, params=params, headers=headers) as reply:
            return json_of(reply) if reply.content else None

    @contextmanager
    def open(self, method: str, path: str, **options: Any) -> Iterator[requests.Response]:
        """An answer whose body is still to be read. `read_seconds` is the longest silence; the other options
        are those of requests. Raises as `json`.
        """
        reply = self._ask(method, path, options)
        try:
            yield reply
        finally:
            reply.close()

    def _ask(self, method: str, path: str, options: dict[str, Any]) -> requests.Response:
        headers = {"Accept": "application/json", **(options.pop("headers", None) or {})}
        repeatable = method in ("GET", "HEAD", "PUT", "DELETE") or "Idempotency-Key" in headers
        until = time.monotonic() + (self._patience if repeatable else 0.0)
        pause = _FIRST_PAUSE
        while True:
            reply, failure = self._once(method, path, {**options, "headers": headers})
            if reply is not None and reply.status_code not in _BUSY:
                return _checked(reply)
            wait = max(pause, _retry_after(reply))
            if time.monotonic() + wait > until:
                if reply is None:
                    raise Unreachable(f"{self.url} does not answer ({failure}).")
                return _checked(reply)
            if reply is not None:
                reply.close()
            time.sleep(wait)
            pause = min(_LONGEST_PAUSE, pause * 2)

    def _once(self, method: str, path: str, options: dict[str, Any]) -> tuple[requests.Response | None, str]:
        token = self._token()
        silence = options.pop("read_seconds", READ_SECONDS)
        headers = {**options.pop("headers"), **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            reply = self._session.request(
                method,
                self.url + path,
                headers=headers,
                timeout=(CONNECT_SECONDS, silence),
                stream=True,
                allow_redirects=False,
                **options,
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            return None, type(error).__name__
        return reply, ""


def _checked(reply: requests.Response) -> requests.Response:
    if reply.status_code < 300:
        return reply
    request_id = reply.headers.get("X-Request-Id")
    try:
        problem = reply.json()
    except (ValueError, requests.RequestException):
        problem = {}
    finally:
        reply.close()
    problem = problem if isinstance(problem, dict) else {}
    if reply.status_code == 401:
        text = problem.get("detail") or problem.get("error_description") or "A token is required."
        raise NotSignedIn(f"{text} Sign in with `tidegate login`, or give a token.")
    kind = NotFound if reply.status_code == 404 else Refused
    raise kind(reply.status_code, problem, request_id)


def json_of(reply: requests.Response) -> Any:
    """Raises Unreachable."""
    try:
        return reply.json()
    except (ValueError, requests.RequestException) as error:
        raise Unreachable("The answer is not JSON: is this the address of a Tidegate gateway?") from error


def _retry_after(reply: requests.Response | None) -> float:
    text = "" if reply is None else reply.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
