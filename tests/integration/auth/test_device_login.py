"""Signing in on a device under the real server: several workers, both databases, everything at once."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from libs.sql.engine import Database
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.device_requests import SqlDeviceRequests
from services.auth.adapters.store_sql.grants import SqlGrants
from services.auth.adapters.store_sql.guesses import SqlGuesses
from services.auth.usecases.device import Approval, DeviceLogin
from tests.auth_server import auth_environment, auth_starting
from tests.fakes.auth_people import MemoryAudit
from tests.granian import Granian

pytestmark = pytest.mark.clause("prominence 5.3")

SUBJECT = "eip155:0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
PEER = "192.0.2.7"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
AT_ONCE = 16


@pytest.fixture
def auth(tmp_path: Path, database_url: str) -> Iterator[Granian]:
    variables = auth_environment(database_url, "http://127.0.0.1:9", LOG_LEVEL="DEBUG")
    with auth_starting(tmp_path, variables, workers=2) as server:
        server.wait_until_live()
        yield server


@pytest.fixture
def page(auth: Granian, database_url: str) -> Iterator[DeviceLogin]:
    """What stands behind the page, in a process of its own."""
    database, clock = Database.open(database_url), SystemClock()
    stores = (SqlDeviceRequests(database), SqlGrants(database, clock), SqlGuesses(database, clock))
    yield DeviceLogin(*stores, MemoryAudit(clock), clock, 3600)
    database.dispose()


def at_once(work: Callable[[], requests.Response]) -> list[requests.Response]:
    answers: list[requests.Response] = []
    barrier = threading.Barrier(AT_ONCE)

    def run() -> None:
        barrier.wait()
        answers.append(work())

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_simultaneous_polls_one_counts_and_one_gets_the_token(auth: Granian, page: DeviceLogin) -> None:
    oidc = f"{auth.url}/prominence/oidc"
    document = {
        "grant_types": [GRANT],
        "scope": "openid profile email",
        "redirect_uris": ["None/redirect_url"],
    }
    made = requests.post(f"{oidc}/register", json=document, timeout=30).json()
    client = (made["client_id"], made["client_secret"])
    scope = {"scope": "openid profile email"}
    started = requests.post(f"{oidc}/devicecode", data=scope, auth=client, timeout=30).json()
    form = {"grant_type": GRANT, "device_code": started["device_code"]}

    def poll() -> requests.Response:
        return requests.post(f"{oidc}/token", data=form, auth=client, timeout=60)

    begun = time.monotonic()
    waiting = [answer.json()["error"] for answer in at_once(poll)]
    counted = waiting.count("authorization_pending")
    assert 1 <= counted <= 1 + (time.monotonic() - begun) // 4  # on a machine that takes its time
    assert waiting.count("slow_down") == AT_ONCE - counted

    scopes = page.find(started["user_code"], PEER).scopes
    page.approve(started["user_code"], PEER, Approval(subject=SUBJECT, scopes=scopes))
    answers = at_once(poll)
    got = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    refused = [answer.json()["error"] for answer in answers if answer.status_code != 200]
    assert len(got) == 1
    assert refused == ["invalid_grant"] * (AT_ONCE - 1)
    headers = {"Authorization": f"token {got[0]}"}
    assert requests.get(f"{oidc}/userinfo", headers=headers, timeout=30).json()["sub"] == SUBJECT

    log = auth.log_text()
    for secret in (*client[1:], started["device_code"], started["user_code"], got[0]):
        assert secret not in log
