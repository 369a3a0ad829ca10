"""API keys and keystores over real workers and databases: what one worker revokes, no other lets in."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.auth_server import auth_environment, auth_starting
from tests.dcp_vectors import VECTORS, A, B, basic
from tests.fixtures_postgres import PostgresServer
from tests.granian import Granian

pytestmark = pytest.mark.clause("dcp 2.4")

SECONDS = 60
WORKERS = 2
# Enough new connections that each worker gets several: the kernel spreads them.
TRIES = 40


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def auth(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granian]:
    folder = tmp_path_factory.mktemp("auth")
    url = f"sqlite:///{folder}/auth.db"
    if request.param == "postgres":
        database: PostgresServer = request.getfixturevalue("postgres_server")
        url = database.new_database()
    # Nothing here asks the provider: the address is nobody's.
    with auth_starting(folder, auth_environment(url, "http://127.0.0.1:9"), WORKERS) as server:
        server.wait_until_live()
        yield server


def ask(auth: Granian, method: str, path: str, authorization: str, **more: object) -> requests.Response:
    headers = {"Authorization": authorization, "Connection": "close"}
    return requests.request(method, auth.url + path, headers=headers, timeout=SECONDS, **more)  # type: ignore[arg-type]


def make(auth: Granian, **body: object) -> dict[str, str]:
    answer = ask(auth, "POST", "/api/v0/key", f"Basic {A.credentials}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def statuses(auth: Granian, authorization: str, path: str = "/api/v0/identity") -> set[int]:
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: ask(auth, "GET", path, authorization).status_code, range(TRIES))
        return set(answers)


def test_a_revoked_key_is_refused_at_once_by_every_worker(auth: Granian) -> None:
    for _ in range(3):
        made = make(auth)
        bearer = f"Bearer {made['key']}"
        assert statuses(auth, bearer) == {200}  # now every worker remembers whose it is
        revoked = ask(auth, "DELETE", f"/api/v0/keys/{made['keyId']}", f"Basic {A.credentials}")
        assert revoked.status_code == 204
        assert statuses(auth, bearer) == {401}


def test_a_revoked_personal_token_is_refused_at_once_by_every_worker(auth: Granian) -> None:
    maker = f"Bearer {make(auth, scopes=['keys', 'job:read'])['key']}"
    path = "/tidegate/v1/me/keys"
    answer = ask(auth, "POST", path, maker, json={"format": "jwt", "scopes": ["keys"], "expires_in": 600})
    made = answer.json()
    token = f"Bearer {made['key']}"
    assert statuses(auth, token, path) == {200}
    assert ask(auth, "DELETE", f"{path}/{made['id']}", maker).status_code == 204
    assert statuses(auth, token, path) == {401}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_keystores_of_the_contract(auth: Granian, vector: object) -> None:
    found = next(entry for entry in VECTORS if entry is vector)
    answer = ask(auth, "GET", "/api/v0/identity", f"Basic {found.credentials}")
    assert (answer.status_code, answer.json()["address"]) == (200, found.address)


def test_the_largest_header_that_counts_and_larger_ones(auth: Granian) -> None:
    def padded(size: int) -> str:
        return "Basic " + basic(A.keystore.replace('"version"', f'"x":"{"y" * size}","version"'), A.password)

    assert len(padded(10_000)) > 14_000
    assert ask(auth, "GET", "/api/v0/identity", padded(10_000)).json()["address"] == A.address
    assert ask(auth, "GET", "/api/v0/identity", padded(12_000)).status_code == 401
    assert ask(auth, "GET", "/api/v0/identity", padded(40_000)).status_code in (401, 431)


def test_nothing_of_a_login_is_in_the_log(auth: Granian) -> None:
    made = make(auth)
    ask(auth, "GET", "/api/v0/identity", f"Bearer {made['key']}")
    ask(auth, "GET", "/api/v0/identity", "Basic " + basic(B.keystore, "a wrong passphrase"))
    body = {"keystore": B.keystore, "token": "another wrong passphrase"}
    requests.post(f"{auth.url}/api/v0/key", json=body, timeout=SECONDS)
    log = auth.log_text()
    digest = hashlib.sha256(made["key"][21:].encode()).hexdigest()
    for secret in (A.credentials[:60], "wrong passphrase", "ciphertext", made["key"][21:], digest, "myepic"):
        assert secret not in log
