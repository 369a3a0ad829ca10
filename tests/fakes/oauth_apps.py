"""Applications for tests: registered clients of every kind, PKCE pairs, and consents without a browser."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from services.auth.domain.clients import (
    CLIENT_CREDENTIALS,
    CODE,
    DEFAULT_SCOPES,
    PRIVATE_KEY_JWT,
    PUBLIC,
    REFRESH,
    Client,
    ClientOrigin,
)
from services.auth.domain.people import Person, PersonState
from services.auth.domain.secrets import hash_of
from services.auth.usecases.consent import Approval
from tests.fakes.auth_world import ISSUER, World

SECRET = "s" * 43
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "https://app.example/cb"
LOOPBACK = "http://127.0.0.1/cb"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_URL = f"{ISSUER}/oauth2/token"
KEY = ECKey.generate_key("P-256", auto_kid=False)
RSA = RSAKey.generate_key(2048, auto_kid=False)
ALICE = Person(
    id="a" * 32,
    username="alice",
    display_name="Alice Ä.",
    email="alice@example.org",
    state=PersonState.ACTIVE,
    is_admin=False,
    version=1,
    created_at=1_700_000_000.0,
)


def app_of(client_id: str, **changes: Any) -> Client:
    members: dict[str, Any] = {
        "client_id": client_id,
        "origin": ClientOrigin.ADMIN,
        "name": "An application",
        "secret_hash": hash_of(SECRET),
        "redirect_uris": (REDIRECT, LOOPBACK),
        "grant_types": (CODE, REFRESH, CLIENT_CREDENTIALS),
        "scopes": DEFAULT_SCOPES,
    }
    return Client(**members | changes)


def register(world: World) -> None:
    """`app`, `other`, `looker` (trusted) have a secret, `keyed` has keys; `native` and `tool` are public."""
    world.people.add(ALICE, None)
    world.clients.add(app_of("app"))
    world.clients.add(app_of("other"))
    world.clients.add(app_of("looker", trusted=True))
    world.clients.add(app_of("native", auth_method=PUBLIC, secret_hash=None, grant_types=(CODE, REFRESH)))
    world.clients.add(app_of("tool", auth_method=PUBLIC, secret_hash=None, grant_types=(CODE, REFRESH)))
    jwks = {"keys": [public(KEY) | {"kid": "ec"}, public(RSA) | {"kid": "rsa"}]}
    world.clients.add(app_of("keyed", auth_method=PRIVATE_KEY_JWT, secret_hash=None, jwks=jwks))


def public(key: ECKey | RSAKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def request_of(client_id: str = "native", **changes: str | None) -> dict[str, list[str]]:
    """The authorization request of an honest client; None takes a parameter away."""
    whole: dict[str, str | None] = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT,
        "scope": "openid profile job:read",
        "state": "st&te",
        "nonce": "n-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: [value] for name, value in whole.items() if value is not None}


@dataclass(frozen=True)
class Tokens:
    """The test's hand at the token endpoint."""

    world: World
    client: FlaskClient

    def code(self, client_id: str = "native", seconds: int | None = None, **changes: str | None) -> str:
        """Somebody agreed."""
        consents = self.world.oauth.consents
        asked = consents.check(request_of(client_id, **changes))
        details = {"amr": ["pwd"], "auth_time": int(self.world.clock.now()), "person_version": 1}
        approval = Approval(subject=ALICE.subject, scopes=asked.scopes, details=details, seconds=seconds)
        return query_of(consents.approve(asked, approval))["code"]

    def exchange(self, code: str, client_id: str = "native", **changes: str | None) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.post(form)

    def refresh(self, token: str, client_id: str = "native", **changes: str | None) -> TestResponse:
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token, **changes}
        return self.post(form)

    def granted(self, client_id: str = "native", **changes: str | None) -> dict[str, Any]:
        answer = self.exchange(self.code(client_id, **changes), client_id)
        assert answer.status_code == 200, answer.get_json()
        return dict(answer.get_json())

    def post(self, form: dict[str, str | None], path: str = "/oauth2/token", **more: Any) -> TestResponse:
        given = {name: value for name, value in form.items() if value is not None}
        return self.client.post(path, data=given, **more)

    def works(self, token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.client.get("/oauth2/userinfo", headers=headers)
        assert answer.status_code in (200, 401)
        return answer.status_code == 200


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def assertion(
    world: World, key: ECKey | RSAKey = KEY, header: dict[str, Any] | None = None, **changes: Any
) -> str:
    now = int(world.clock.now())
    claims = {"iss": "keyed", "sub": "keyed", "aud": TOKEN_URL, "exp": now + 60, "iat": now, "jti": "j1"}
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    default = {"alg": "ES256", "kid": "ec"} if isinstance(key, ECKey) else {"alg": "RS256", "kid": "rsa"}
    whole = default if header is None else header
    return jwt.encode(whole, claims, key, algorithms=[whole["alg"]])
