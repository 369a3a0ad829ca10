"""Who may call /internal routes."""

from typing import Any

import pytest
from flask import Flask, g

from libs.signing import tokens
from libs.web.http import PeerUnavailable
from libs.web.jwks import LocalJwks
from libs.web.service_tokens import ServiceTokenRefused, ServiceTokenVerifier, requires_service

NOW = 1_700_000_000.0
KEY = tokens.new_key()
JWKS = tokens.parse_jwks({"keys": [tokens.public_jwk(KEY)]})
CLAIMS = {"sub": "service:catalogue", "aud": "internal", "exp": int(NOW) + 600, "iat": int(NOW)}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class CountingJwks:
    """A key set that counts how often it is asked, and can go away."""

    def __init__(self) -> None:
        self.asked = 0
        self.gone = False

    def for_token(self, token: str) -> tokens.PublicKeys:
        self.asked += 1
        if self.gone:
            raise PeerUnavailable("auth", "gone")
        return JWKS


def token(key: Any = KEY, **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return tokens.issue(claims, key, {})


def verifier(clock: Clock | None = None, jwks: Any = None) -> ServiceTokenVerifier:
    return ServiceTokenVerifier(jwks or LocalJwks(lambda: JWKS), now=clock or Clock())


def test_a_good_token_names_its_service() -> None:
    assert verifier().service(f"Bearer {token()}") == "catalogue"
    assert verifier().service(f"bearer {token(aud=['x', 'internal'])}") == "catalogue"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "tidegate"}, {"aud": None}, {"aud": ["x"]}, {"sub": "catalogue"}, {"sub": "service:"},
        {"sub": "eip155:0x1"}, {"sub": None}, {"exp": int(NOW) - 10}, {"exp": None}, {"iat": int(NOW) + 600},
        {"nbf": int(NOW) + 600}, {"exp": "soon"},
    ],
)  # fmt: skip
def test_tokens_for_other_purposes_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ServiceTokenRefused):
        verifier().service(f"Bearer {token(**changes)}")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer " + "x" * 9000]
)
def test_headers_without_a_token_are_refused(header: str | None) -> None:
    with pytest.raises(ServiceTokenRefused):
        verifier().service(header)


def test_a_token_by_another_key_is_refused() -> None:
    with pytest.raises(ServiceTokenRefused):
        verifier().service(f"Bearer {token(tokens.new_key())}")


def test_a_changed_token_is_refused_even_after_the_right_one_passed() -> None:
    checker, good = verifier(), token()
    checker.service(f"Bearer {good}")
    for bad in (good + "=", good[:-1] + ("A" if good[-1] != "A" else "Q"), good + "."):
        with pytest.raises(ServiceTokenRefused):
            checker.service(f"Bearer {bad}")


def test_a_token_is_verified_once_per_half_minute_and_never_past_its_end() -> None:
    clock, jwks = Clock(), CountingJwks()
    checker, good = verifier(clock, jwks), token(exp=int(NOW) + 40)
    for _ in range(5):
        checker.service(f"Bearer {good}")
    assert jwks.asked == 1
    clock.now += 31
    checker.service(f"Bearer {good}")
    assert jwks.asked == 2
    clock.now = NOW + 46
    with pytest.raises(ServiceTokenRefused):
        checker.service(f"Bearer {good}")


def test_the_memory_of_tokens_is_bounded() -> None:
    checker = verifier()
    for number in range(300):
        checker.service(f"Bearer {token(jti=str(number))}")
    assert len(checker._passed) <= 256


def make_app(checker: ServiceTokenVerifier) -> Flask:
    app = Flask(__name__)
    checker.install(app)

    @app.get("/internal/any")
    @requires_service()
    def anybody() -> str:
        return str(g.service)

    @app.get("/internal/auth-only")
    @requires_service("auth")
    def auth_only() -> str:
        return "secret"

    return app


def test_routes_answer_401_403_and_503() -> None:
    jwks = CountingJwks()
    client = make_app(verifier(jwks=jwks)).test_client()
    bearer = {"Authorization": f"Bearer {token()}"}
    assert client.get("/internal/any", headers=bearer).data == b"catalogue"
    refused = client.get("/internal/any")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get("/internal/auth-only", headers=bearer).status_code == 403
    jwks.gone = True
    down = client.get("/internal/any", headers={"Authorization": f"Bearer {token(jti='2')}"})
    assert (down.status_code, down.headers["Retry-After"]) == (503, "1")
