"""Who may call /internal routes: a service token, that is an ES256 JWT with sub `service:<name>`."""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, current_app, g, jsonify, request

from libs.signing import tokens
from libs.signing.errors import SigningError
from libs.web.gate import service_only
from libs.web.http import PeerUnavailable
from libs.web.jwks import JwksSource

P = ParamSpec("P")
T = TypeVar("T")
AUDIENCE = "internal"
EXTENSION = "tidegate_service_tokens"
REMEMBERED = 256
REMEMBER_SECONDS = 30.0
CLOCK_SKEW_SECONDS = 5


class ServiceTokenRefused(Exception):
    """The caller did not prove to be a service of ours."""


class ServiceTokenVerifier:
    """Checks service tokens; a token that passed is remembered for at most 30 s, never past its expiry."""

    def __init__(self, jwks: JwksSource, now: Callable[[], float] = time.time) -> None:
        self._jwks = jwks
        self._now = now
        self._lock = threading.Lock()
        self._passed: dict[str, tuple[str, float]] = {}

    def install(self, app: Flask) -> None:
        """Make this the verifier of `requires_service` in `app`."""
        app.extensions[EXTENSION] = self

    def service(self, authorization: str | None) -> str:
        """The calling service's name, from an Authorization header.

        Raises ServiceTokenRefused, or PeerUnavailable when auth's keys are not known.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > 4096:
            raise ServiceTokenRefused
        name, until = self._passed.get(token, ("", 0.0))
        if self._now() < until:
            return name
        name, expires = self._verified(token)
        self._remember(token, name, min(expires, self._now() + REMEMBER_SECONDS))
        return name

    def _verified(self, token: str) -> tuple[str, float]:
        try:
            claims = tokens.verify(token, self._jwks.for_token(token))
            tokens.check_times(claims, self._now(), CLOCK_SKEW_SECONDS)
        except SigningError:
            raise ServiceTokenRefused from None
        audience = claims.get("aud")
        kind, _, name = str(claims.get("sub", "")).partition(":")
        if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
            raise ServiceTokenRefused
        if kind != "service" or not name:
            raise ServiceTokenRefused
        return name, float(claims["exp"])

    def _remember(self, token: str, name: str, until: float) -> None:
        with self._lock:
            if len(self._passed) >= REMEMBERED:
                self._passed.clear()
            self._passed[token] = (name, until)


def requires_service(*names: str) -> Callable[[Callable[P, T]], Callable[P, T | Response]]:
    """Only the named services may call this route; any service when no name is given.

    401 without a good token, 403 for another service, 503 when tokens cannot be checked. `g.service` is set.
    It is the route's mark as well (libs/web/gate.py).
    """

    def decorate(view: Callable[P, T]) -> Callable[P, T | Response]:
        @service_only
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
            verifier: Any = current_app.extensions[EXTENSION]
            try:
                service = verifier.service(request.headers.get("Authorization"))
            except ServiceTokenRefused:
                return _refusal(401, "A service token is required.", {"WWW-Authenticate": "Bearer"})
            except PeerUnavailable:
                return _refusal(503, "Service tokens cannot be checked now.", {"Retry-After": "1"})
            if names and service not in names:
                return _refusal(403, "This service may not call this.", {})
            g.service = service
            return view(*args, **kwargs)

        return guarded

    return decorate


def _refusal(status: int, text: str, headers: dict[str, str]) -> Response:
    response = jsonify(error=text)
    response.status_code = status
    response.headers.extend(headers)
    return response
