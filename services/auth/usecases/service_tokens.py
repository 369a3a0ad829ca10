"""Tokens for calls between our own services."""

import secrets
import threading

from libs.signing import tokens
from services.auth.domain.service_clients import AUDIENCE, SUBJECT_PREFIX, ServiceClients
from services.auth.ports import Clock
from services.auth.usecases.keyring import Keyring

LIFETIME_SECONDS = 600
RENEW_SECONDS = 60
OWN_NAME = "auth"


class ServiceTokens:
    def __init__(self, clients: ServiceClients, keyring: Keyring, clock: Clock, issuer: str) -> None:
        self._clients = clients
        self._keyring = keyring
        self._clock = clock
        self._issuer = issuer

    def issue(self, name: str, secret: str) -> str:
        """A token for the service that knows its secret. Raises UnknownClient."""
        self._clients.check(name, secret)
        return self.mint(name)

    def mint(self, name: str) -> str:
        now = int(self._clock.now())
        claims = {
            "iss": self._issuer,
            "sub": SUBJECT_PREFIX + name,
            "aud": AUDIENCE,
            "exp": now + LIFETIME_SECONDS,
            "iat": now,
            "jti": secrets.token_urlsafe(16),
            "client_id": name,
        }
        return tokens.issue(claims, self._keyring.current().signing, {"typ": "JWT"})


class OwnServiceToken:
    """Auth's own token for calls to others: made here, kept until a minute before it expires."""

    def __init__(self, issuer: ServiceTokens, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def token(self) -> str:
        if self._clock.now() >= self._good_until:
            with self._lock:
                if self._clock.now() >= self._good_until:
                    self._token = self._issuer.mint(OWN_NAME)
                    self._good_until = self._clock.now() + LIFETIME_SECONDS - RENEW_SECONDS
        return self._token

    def forget(self, token: str) -> None:
        """The peer refused it: make another one next time."""
        with self._lock:
            if token == self._token:
                self._good_until = 0.0
