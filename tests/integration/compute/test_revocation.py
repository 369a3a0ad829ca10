"""A credential that ended is refused by another service's very next request: auth, provider and compute as
real processes with two workers each, over both databases; and nothing hostile passes for a credential.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization

from libs.signing import tokens
from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_text
from services.auth.deps import Deps
from services.auth.settings import load_settings
from services.auth.usecases.access_tokens import TokenRequest
from services.auth.wiring import build
from tests.auth_server import ISSUER, SERVICE_SECRET, auth_environment
from tests.fakes.compute import ENVIRON, environ_in
from tests.fakes.provider import environment as provider_environment
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.fixtures_postgres import PostgresServer
from tests.granian import reserved_port, starting
from tests.waiting import wait_for

SECONDS = 60
WHOAMI = "/tidegate/v1/whoami"
CLIENT = "myDIRACClientID"
OPTIONS = ("--workers", "2", "--blocking-threads", "8")


@dataclass(frozen=True, slots=True)
class Services:
    auth: str
    compute: str
    deps: Deps  # auth's own parts, in this process: a third one beside its two workers


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def services(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dev_chain: DevChain
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("revocation")
    urls = [f"sqlite:///{folder}/{name}.db" for name in ("auth", "provider")]
    if request.param == "postgres":
        database: PostgresServer = request.getfixturevalue("postgres_server")
        urls = [database.new_database() for _ in urls]
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(reserved_port()) for name in ("auth", "provider", "compute")}
        auth, provider, _ = (f"http://127.0.0.1:{port}" for port in ports.values())
        secrets_of = {"provider": SERVICE_SECRET, "compute": ENVIRON["SERVICE_SECRET"]}
        auth_variables = auth_environment(urls[0], provider, AUTH_SERVICE_CLIENTS=json.dumps(secrets_of))
        environments = {
            "auth": auth_variables,
            "provider": provider_environment(
                PROVIDER_DATABASE_URL=urls[1],
                AUTH_URL=auth,
                SERVICE_SECRET=SERVICE_SECRET,
                NETWORK_URL=json.dumps({str(CHAIN_ID): dev_chain.rpc_url}),
                ADDRESS_FILE=str(dev_chain.address_file),
            ),
            "compute": {**environ_in(folder), "AUTH_URL": auth, "PROVIDER_URL": provider},
        }
        running = {
            name: stack.enter_context(
                starting(f"services.{name}.wsgi:app", folder, *OPTIONS, environ=environments[name], port=port)
            )
            for name, port in ports.items()
        }
        for server in running.values():
            server.wait_until_live()
        wait_for(lambda: makes_tokens(auth), "the provider to know auth's keys", SECONDS)
        deps = build(load_settings(auth_variables))
        database: Any = deps.checks["database"]
        stack.callback(database.__self__.dispose)
        yield Services(auth, running["compute"].url, deps)


@pytest.fixture
def wallet() -> PrivateKey:
    return PrivateKey(secrets.token_bytes(32))


def signed(wallet: PrivateKey, nonce: str) -> dict[str, str]:
    return {
        "address": wallet.address,
        "expiration": str(int(time.time()) + 3600),
        "nonce": nonce,
        "signature": sign_text(wallet.address + nonce, wallet),
    }


def makes_tokens(auth: str) -> bool:
    given = signed(PrivateKey(secrets.token_bytes(32)), "1")
    return requests.get(f"{auth}/api/services/createAuthToken", given, timeout=SECONDS).status_code == 200


def wallet_token(services: Services, wallet: PrivateKey) -> str:
    url = f"{services.auth}/api/services/createAuthToken"
    token: str = requests.get(url, signed(wallet, "1"), timeout=SECONDS).json()["token"]
    return token


def delete(services: Services, wallet: PrivateKey, token: str) -> None:
    url = f"{services.auth}/api/services/deleteAuthToken"
    answer = requests.delete(url, params={**signed(wallet, "2"), "token": token}, timeout=SECONDS)
    assert answer.status_code == 200, answer.text


def ask(services: Services, token: str) -> int:
    """On a connection of its own, so that the workers take turns as the kernel likes."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(services.compute + WHOAMI, headers=headers, timeout=SECONDS).status_code


def test_a_deleted_auth_token_is_refused_by_every_worker_at_once(
    services: Services, wallet: PrivateKey
) -> None:
    token = wallet_token(services, wallet)
    assert {ask(services, token) for _ in range(24)} == {200}
    delete(services, wallet, token)
    assert [ask(services, token) for _ in range(24)] == [401] * 24


def test_no_request_that_begins_after_a_deletion_is_let_in(services: Services, wallet: PrivateKey) -> None:
    """Others ask all the time: they share questions to auth, and none of them may be too old."""
    token = wallet_token(services, wallet)
    seen: list[tuple[float, int]] = []
    stop = threading.Event()

    def hammer() -> None:
        with requests.Session() as session:
            while not stop.is_set():
                began = time.monotonic()
                headers = {"Authorization": f"Bearer {token}"}
                answer = session.get(services.compute + WHOAMI, headers=headers, timeout=SECONDS)
                seen.append((began, answer.status_code))

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(seen) < 100:
        assert any(thread.is_alive() for thread in threads)
        stop.wait(0.01)
    delete(services, wallet, token)
    deleted = time.monotonic()
    before = len(seen)
    while len(seen) < before + 200:
        stop.wait(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert {status for _, status in seen} == {200, 401}
    assert [status for began, status in seen if began > deleted and status != 401] == []


def issue(services: Services, subject: str, **more: Any) -> str:
    asked = {"scopes": ("job:read",), "client_id": CLIENT, **more}
    return services.deps.oauth.access_tokens.issue(TokenRequest(subject=subject, **asked)).text


def test_a_revoked_access_token_is_refused_at_once(services: Services) -> None:
    access_tokens = services.deps.oauth.access_tokens
    tokens_of = [issue(services, f"client:{secrets.token_hex(4)}") for _ in range(4)]
    for token in tokens_of:
        assert {ask(services, token) for _ in range(8)} == {200}
        access_tokens.revoke(access_tokens.verified(token))
        assert [ask(services, token) for _ in range(8)] == [401] * 8


def forged(services: Services, typ: str = "at+jwt", **claims: Any) -> str:
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": "tidegate",
        "sub": "client:robot",
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
        "client_id": CLIENT,
        "scope": "job:read",
        **claims,
    }
    return tokens.issue(whole, services.deps.keyring.current().signing, {"typ": typ})


def b64(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_tokens_that_are_not_access_tokens_of_now(services: Services) -> None:
    good = forged(services)
    assert ask(services, good) == 200
    header, claims, signature = good.split(".")
    kid = services.deps.keyring.current().signing.kid
    wrong = {
        "expired": forged(services, exp=int(time.time()) - 1),
        "not yet valid": forged(services, nbf=int(time.time()) + 3600),
        "made in the future": forged(services, iat=int(time.time()) + 3600),
        "for others": forged(services, aud="internal"),
        "from others": forged(services, iss="http://elsewhere.test"),
        "an ID token": forged(services, typ="JWT"),
        "a refresh token": forged(services, typ="rt+jwt"),
        "a service token": services.deps.service_tokens.mint("compute"),
        "a service in its subject": forged(services, sub="service:compute"),
        "no signature": f"{b64({'alg': 'none', 'typ': 'at+jwt', 'kid': kid})}.{claims}.",
        "alg none, signed": f"{b64({'alg': 'none', 'typ': 'at+jwt', 'kid': kid})}.{claims}.{signature}",
        "unknown kid": f"{b64({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'feed' * 4})}.{claims}.{signature}",
        "another signature": f"{header}.{claims}.{'A' * 86}",
        "changed claims": f"{header}.{b64({'sub': 'client:admin'})}.{signature}",
        "another spelling": good + "=",
        "cut": good[:-2],
        "five parts": good + ".x.y",
        "too long": good + "A" * 9000,
        "deep": f"{b64(b'[' * 4000)}.{claims}.{signature}",
        "a reference that nobody made": secrets.token_urlsafe(32),
        "an API key that nobody made": f"{secrets.token_hex(10)}.{secrets.token_urlsafe(32)}",
    }
    assert {name: ask(services, token) for name, token in wrong.items()} == dict.fromkeys(wrong, 401)


def test_the_public_key_is_no_secret_to_sign_with(services: Services) -> None:
    """Key confusion: HS256 over whatever text of the public key a verifier might take for a secret."""
    key = services.deps.keyring.current().signing
    jwk = tokens.public_jwk(key)
    public = key.native.get_public_key() if hasattr(key.native, "get_public_key") else key.native.public_key
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = forged(services).split(".")[1]
    for secret in (pem, pem.strip(), json.dumps(jwk).encode(), jwk["x"].encode(), b""):
        for typ in ("at+jwt", "JWT"):
            head = f"{b64({'alg': 'HS256', 'typ': typ, 'kid': key.kid})}.{claims}"
            signature = hmac.digest(secret, head.encode(), hashlib.sha256)
            assert ask(services, f"{head}.{b64(signature)}") == 401


RAW = {
    "NUL": b"Authorization: Bearer a\x00b\r\n",
    "Latin-1": b"Authorization: Bearer caf\xe9\r\n",
    "UTF-8": "Authorization: Bearer naïve.☃.x\r\n".encode(),
    "blanks": b"Authorization: Bearer a b c\r\n",
    "no scheme": b"Authorization: a.b.c\r\n",
    "empty": b"Authorization:\r\n",
    "scheme alone": b"Authorization: Bearer\r\n",
    "two headers": b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
    "Basic": b"Authorization: Basic Zm9vOmJhcg==\r\n",
    "a body of garbage": b"Authorization: Bearer %s\r\n" % (b"%00" * 50),
    "60 KiB": b"Authorization: Bearer " + b"a" * 60_000 + b"\r\n",
    "many headers": b"".join(b"X-%d: x\r\n" % number for number in range(90)),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_headers_are_refused_and_never_an_error_of_ours(services: Services, name: str) -> None:
    where = urlsplit(services.compute)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=SECONDS) as connection:
        head = f"GET {WHOAMI} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
        connection.sendall(head + RAW[name] + b"\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status = int(answer.split(b" ", 2)[1])
    assert status in (400, 401, 431), answer[:200]
    assert status != 401 or b"WWW-Authenticate: Bearer" in answer or b"www-authenticate: Bearer" in answer


def test_a_token_in_the_query_or_body_is_no_credential_here(services: Services) -> None:
    token = forged(services)
    answer = requests.get(services.compute + WHOAMI, {"access_token": token}, timeout=SECONDS)
    assert (answer.status_code, answer.json()["error"]) == (401, "credential_missing")


def test_without_auth_nobody_is_let_in(tmp_path: Path) -> None:
    with (
        reserved_port() as nobody,
        starting(
            "services.compute.wsgi:app",
            tmp_path,
            environ={**environ_in(tmp_path), "AUTH_URL": f"http://127.0.0.1:{nobody}"},
        ) as compute,
    ):
        compute.wait_until_live()
        headers = {"Authorization": "Bearer a.b.c"}
        answer = requests.get(compute.url + WHOAMI, headers=headers, timeout=SECONDS)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert requests.get(f"{compute.url}/tidegate/v1/status", timeout=SECONDS).status_code == 200
