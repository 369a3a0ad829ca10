"""Keystores that unmodified releases of dcp-client make, and the keys they get, through the gateway."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dcp_vectors import VECTORS, A, KeystoreVector, basic
from tests.e2e.dcp_line import RELEASES, made_by
from tests.stack import Stack

pytestmark = pytest.mark.clause("dcp 2.1", "dcp 2.2", "dcp 2.4")

SECONDS = 60


def api(stack: Stack, method: str, path: str, authorization: str, **more: Any) -> requests.Response:
    headers = {"Authorization": authorization}
    return requests.request(method, stack.gateway + path, headers=headers, timeout=SECONDS, **more)


@pytest.mark.parametrize("password", ["myepicpassw0rd", 'p:w"}: 1', "café", ""])
@pytest.mark.parametrize("release", RELEASES)
def test_a_keystore_of_dcp_client_is_its_wallet(
    stack: Stack, tmp_path: Path, release: str, password: str
) -> None:
    made = made_by(release, password, tmp_path, "läptop")
    answer = api(stack, "GET", "/api/v0/identity", made["token"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["address"].lower() == made["address"].lower()
    assert answer.json()["auth"] == "basic"


@pytest.mark.clause("dcp 8.1")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_keystores_of_every_kind_are_their_wallets(stack: Stack, vector: KeystoreVector) -> None:
    answer = api(stack, "GET", "/api/v0/identity", f"Basic {vector.credentials}")
    assert (answer.status_code, answer.json()["address"]) == (200, vector.address)
    accounts = api(stack, "GET", "/api/v0/accounts", f"Basic {vector.credentials}").json()
    assert [account["address"].lower() for account in accounts] == [vector.address.lower()]


@pytest.mark.parametrize("release", RELEASES)
def test_curl_sends_the_same(stack: Stack, tmp_path: Path, release: str) -> None:
    """`curl -u "$(cat id.keystore):password"`."""
    made = made_by(release, "myepicpassw0rd", tmp_path)
    done = subprocess.run(
        ["curl", "-sS", "-u", f"{made['keystore']}:myepicpassw0rd", f"{stack.gateway}/api/v0/identity"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert json.loads(done.stdout)["address"].lower() == made["address"].lower()


def test_a_key_counts_in_every_service_until_it_is_revoked(stack: Stack, tmp_path: Path) -> None:
    made = made_by(RELEASES[-1], "myepicpassw0rd", tmp_path)
    curl_body = {"data": '{"label":"laptop"}', "headers": {"Authorization": made["token"]}}
    answer = requests.post(f"{stack.gateway}/api/v0/key/", timeout=SECONDS, **curl_body)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    bearer = f"Bearer {answer.json()['key']}"
    for _ in range(4):
        who = api(stack, "GET", "/tidegate/v1/whoami", bearer)
        assert (who.status_code, who.json()["credential"]) == (200, "api_key")
        assert who.json()["subject"].lower() == f"eip155:{made['address']}".lower()
    path = f"/api/v0/keys/{answer.json()['keyId']}"
    assert api(stack, "DELETE", path, made["token"]).status_code == 204
    for _ in range(8):
        assert api(stack, "GET", "/tidegate/v1/whoami", bearer).status_code == 401
        assert api(stack, "GET", "/api/v0/identity", bearer).status_code == 401


def test_headers_as_large_as_they_may_be_pass_the_gateway(stack: Stack) -> None:
    padded = A.keystore.replace('"version"', f'"x":"{"y" * 10_000}","version"')
    token = "Basic " + basic(padded, A.password)
    assert 14_000 < len(token) < 16_384
    assert api(stack, "GET", "/api/v0/identity", token).json()["address"] == A.address


def test_refusals_of_the_gateway_are_readable_too(stack: Stack) -> None:
    too_large = api(stack, "POST", "/api/v0/key", f"Basic {A.credentials}", data=b" " * (2 << 20))
    assert too_large.status_code == 413
    missing = api(stack, "GET", "/api/v0/nothing", f"Basic {A.credentials}")
    assert missing.status_code == 404
    for answer in (too_large, missing):
        assert answer.json()["error"] == answer.json()["message"]
        assert answer.json()["code"]
    assert api(stack, "GET", "/api/v0", "").status_code == 404
