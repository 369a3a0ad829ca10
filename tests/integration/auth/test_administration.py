"""Administration over real workers and databases: what one worker changed, every worker knows at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.auth_server import auth_environment, auth_starting
from tests.fixtures_postgres import PostgresServer
from tests.granian import Granian

SECONDS = 60
WORKERS = 2
TRIES = 40  # on new connections: the kernel spreads them over the workers
PASSWORD = "correct horse battery"
ADMIN = "/tidegate/v1/admin"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def auth(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granian]:
    folder = tmp_path_factory.mktemp("auth")
    url = f"sqlite:///{folder}/auth.db"
    if request.param == "postgres":
        database: PostgresServer = request.getfixturevalue("postgres_server")
        url = database.new_database()
    settings = auth_environment(url, "http://127.0.0.1:9", LOWDB_ADMIN="root", LOWDB_PASSWD=PASSWORD)
    with auth_starting(folder, settings, WORKERS) as server:
        server.wait_until_live()
        yield server


def ask(auth: Granian, method: str, path: str, token: str, **body: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    return requests.request(method, auth.url + path, headers=headers, json=body or None, timeout=SECONDS)


def sign_in(auth: Granian, username: str, password: str, peer: str = "192.0.2.1") -> requests.Response:
    form = {"username": username, "password": password}
    return requests.post(auth.url + "/api/auth", data=form, headers={"X-Real-IP": peer}, timeout=SECONDS)


def token_of(auth: Granian, username: str, password: str = PASSWORD) -> str:
    answer = sign_in(auth, username, password)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def statuses(auth: Granian, token: str, path: str = "/tidegate/v1/me") -> set[int]:
    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(lambda _: ask(auth, "GET", path, token).status_code, range(TRIES)))


@pytest.fixture
def root(auth: Granian) -> str:
    """A token of the administrator whom the settings named; two workers made one of him."""
    return token_of(auth, "root")


def test_a_token_ends_with_what_it_stands_on(auth: Granian, root: str) -> None:
    assert ask(auth, "POST", ADMIN + "/people", root, username="ada", password=PASSWORD).status_code == 201
    ada = token_of(auth, "ada")
    assert statuses(auth, ada) == {200}
    assert statuses(auth, ada, ADMIN + "/people") == {403}
    assert statuses(auth, root, ADMIN + "/people") == {200}
    assert ask(auth, "PATCH", ADMIN + "/people/ada", root, is_disabled=True).status_code == 200
    assert statuses(auth, ada) == {401}
    assert sign_in(auth, "ada", PASSWORD).status_code == 401
    assert ask(auth, "PATCH", ADMIN + "/people/ada", root, is_disabled=False).status_code == 200
    ada = token_of(auth, "ada")
    assert ask(auth, "PATCH", ADMIN + "/people/ada", root, is_admin=True).status_code == 200
    ada = token_of(auth, "ada")
    assert statuses(auth, ada, ADMIN + "/people") == {200}
    assert ask(auth, "PATCH", ADMIN + "/people/ada", root, is_admin=False).status_code == 200
    assert statuses(auth, ada, ADMIN + "/people") <= {401, 403}
    ada = token_of(auth, "ada")
    assert ask(auth, "PUT", ADMIN + "/people/ada/password", root, password="another one").status_code == 204
    assert statuses(auth, ada) == {401}
    ada = token_of(auth, "ada", "another one")
    assert ask(auth, "DELETE", ADMIN + "/people/ada", root).status_code == 204
    assert statuses(auth, ada) == {401}
    assert ask(auth, "POST", ADMIN + "/people", root, username="ada").status_code == 409


def test_simultaneous_guesses_at_all_workers_are_counted_together(auth: Granian, root: str) -> None:
    assert ask(auth, "POST", ADMIN + "/people", root, username="eve", password=PASSWORD).status_code == 201
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: sign_in(auth, "eve", "wrong one", f"198.51.100.{n}"), range(24)))
    codes = [answer.status_code for answer in answers]
    # A lock of a second or two may end before the last ones come, so a few more than five may be looked at.
    assert set(codes) == {401, 429}
    assert 5 <= codes.count(401) <= 9
    assert all(int(a.headers["Retry-After"]) >= 1 for a in answers if a.status_code == 429)
    assert sign_in(auth, "root", PASSWORD).status_code == 200


def test_withdrawn_key_ends_every_token_at_once(auth: Granian, root: str) -> None:
    [active] = [k for k in ask(auth, "GET", ADMIN + "/keys", root).json()["keys"] if k["state"] == "active"]
    assert statuses(auth, root) == {200}
    answer = ask(auth, "POST", f"{ADMIN}/keys/{active['kid']}/withdraw", root)
    assert (answer.status_code, answer.json()["withdrawn"]) == (200, active["kid"])
    assert statuses(auth, root) == {401}
    fresh = token_of(auth, "root")
    events = ask(auth, "GET", ADMIN + "/audit?event=key.withdraw", fresh).json()["events"]
    assert events[0]["details"]["kid"] == active["kid"]
