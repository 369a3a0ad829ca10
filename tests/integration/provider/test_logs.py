"""What the provider's logs never hold, whatever a request brings. Weaknesses 23 and 38 of the contract."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts.chain.publish import Published
from tests.fakes.provider import PROVIDER_KEY
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.granian import Granian
from tests.integration.provider.test_simultaneous_use import decrypt_request
from tests.provider_server import provider_server

pytestmark = pytest.mark.clause("ocean 12")

SECRET_URL = "https://bucket.example/private?key=hunter2"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlc2lnbmF0dXJl"


@pytest.fixture
def server(dev_chain: DevChain, tmp_path: Path) -> Iterator[Granian]:
    with provider_server(
        tmp_path,
        workers=1,
        PROVIDER_DATABASE_URL=f"sqlite:///{tmp_path}/provider.db",
        NETWORK_URL=json.dumps({str(CHAIN_ID): dev_chain.rpc_url}),
        ADDRESS_FILE=str(dev_chain.address_file),
        LOG_LEVEL="DEBUG",
    ) as running:
        yield running


def test_signatures_tokens_urls_keys_and_documents_never_reach_the_log(
    server: Granian, published: Published
) -> None:
    body = decrypt_request(published, "5")
    decrypted = requests.post(f"{server.url}/api/services/decrypt", json=body, timeout=30)
    assert decrypted.status_code == 201
    requests.get(f"{server.url}/api/services/download", params=body, timeout=30)
    requests.get(f"{server.url}/api/services/{body['signature']}", timeout=30)
    requests.get(f"{server.url}/{SECRET_URL}", timeout=30)
    for headers in ({"AuthToken": TOKEN}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}"}):
        requests.post(
            f"{server.url}/api/services/decrypt", json={**body, "signature": ""}, headers=headers, timeout=30
        )
    requests.post(f"{server.url}/api/services/fileinfo", json={"type": "url", "url": SECRET_URL}, timeout=30)
    encrypted = requests.post(
        f"{server.url}/api/services/encrypt",
        data=SECRET_URL.encode(),
        headers={"Content-Type": "application/octet-stream"},
        timeout=30,
    )
    log = server.log_text()
    for secret in (
        body["signature"][2:],
        TOKEN,
        TOKEN.split(".")[2],
        SECRET_URL,
        "hunter2",
        PROVIDER_KEY[2:],
        decrypted.text[:60],
        encrypted.text[2:60],
        "a service secret",
    ):
        assert secret not in log, secret[:20]
    assert "Traceback" not in log


def test_log_lines_cannot_be_forged_through_parameters(server: Granian) -> None:
    forged = '\n{"time": "x", "level": "INFO", "service": "provider", "message": "forged"}\n'
    for params in ({"userAddress": forged}, {"documentId": forged}):
        requests.get(f"{server.url}/api/services/nonce", params=params, timeout=30)
        requests.get(f"{server.url}/api/services/download", params=params, timeout=30)
    requests.get(
        f"{server.url}/{requests.utils.quote(forged)}", headers={"X-Request-Id": "x" * 9}, timeout=30
    )
    lines = server.log_lines()
    assert all(line.get("message") != "forged" for line in lines)
    assert any(line.get("request_id") == "x" * 9 for line in lines)


def test_every_request_leaves_one_line_with_its_id(server: Granian) -> None:
    answer = requests.get(f"{server.url}/", headers={"X-Request-Id": "my.request-1"}, timeout=30)
    assert answer.headers["X-Request-Id"] == "my.request-1"
    mine = [line for line in server.log_lines() if line.get("request_id") == "my.request-1"]
    assert len(mine) == 1
    assert (mine[0]["route"], mine[0]["status"], mine[0]["service"]) == ("/", 200, "provider")
