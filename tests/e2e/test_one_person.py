"""One person, many credentials, one principal: every door of the gateway leads to the same account."""

import base64
import json
import secrets
import time
from typing import Any

import pytest
import requests

from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_personal, sign_text
from tests.dcp_vectors import A, KeystoreVector
from tests.e2e.browser import Browser, add_person
from tests.stack import Stack

SECONDS = 60
SERVICES = ("provider", "auth", "catalogue", "compute")
PASSWORD = "correct horse battery"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SIWE = "urn:tidegate:params:oauth:token-type:siwe"


class Doors:
    """Each method opens one door and returns what to send as Authorization."""

    def __init__(self, stack: Stack, username: str, keystore: KeystoreVector) -> None:
        self.gateway = stack.gateway
        self.username = username
        self.keystore = keystore
        self.wallet = PrivateKey(keystore.private_key)

    def ask(self, method: str, path: str, authorization: str | None = None, **more: Any) -> requests.Response:
        headers = {} if authorization is None else {"Authorization": authorization}
        return requests.request(method, self.gateway + path, headers=headers, timeout=SECONDS, **more)

    def taken(self, method: str, path: str, authorization: str | None = None, **more: Any) -> Any:
        answer = self.ask(method, path, authorization, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def password(self) -> str:
        form = {"username": self.username, "password": PASSWORD}
        return "Bearer " + self.taken("POST", "/api/auth", data=form)["token"]

    def signed_in_wallet(self) -> str:
        text = self.taken("GET", "/tidegate/v1/siwe/challenge", params={"address": self.wallet.address})[
            "message"
        ]
        proof = json.dumps({"message": text, "signature": sign_personal(text, self.wallet)}).encode()
        form = {
            "grant_type": EXCHANGE,
            "client_id": "tidegate-dapp",
            "subject_token_type": SIWE,
            "subject_token": base64.urlsafe_b64encode(proof).decode(),
        }
        return "Bearer " + self.taken("POST", "/oauth2/token", data=form)["access_token"]

    def auth_token(self) -> str:
        nonce = str(time.time_ns() // 1_000_000)
        query = {
            "address": self.wallet.address,
            "expiration": str(int(time.time()) + 3600),
            "nonce": nonce,
            "signature": sign_text(self.wallet.address + nonce, self.wallet),
        }
        return "Bearer " + self.taken("GET", "/api/services/createAuthToken", params=query)["token"]

    def keystore_key(self) -> str:
        """A keystore travels with every DCP call; the key made from it is good for the other windows."""
        return (
            "Bearer "
            + self.taken("POST", "/api/v0/key", f"Basic {self.keystore.credentials}", json={})["key"]
        )

    def personal_token(self, authorization: str) -> str:
        body = {"format": "jwt", "scopes": ["job:read"]}
        return "Bearer " + self.taken("POST", "/tidegate/v1/me/keys", authorization, json=body)["key"]

    def device(self) -> str:
        started = self.taken("POST", "/oauth2/device", data={"client_id": "myDIRACClientID"})
        browser = Browser(self.gateway)
        browser.sign_in(self.username, PASSWORD)
        browser.connect_device(started["user_code"])
        form = {"grant_type": DEVICE, "client_id": "myDIRACClientID", "device_code": started["device_code"]}
        return "Bearer " + self.taken("POST", "/oauth2/token", data=form)["access_token"]

    def link(self, authorization: str) -> None:
        query = {"address": self.wallet.address}
        text = self.taken("GET", "/tidegate/v1/me/wallets/challenge", authorization, params=query)["message"]
        body = {"message": text, "signature": sign_personal(text, self.wallet)}
        self.taken("POST", "/tidegate/v1/me/wallets", authorization, json=body)

    def who(self, authorization: str) -> dict[str, Any]:
        """As every service sees it."""
        seen = [self.taken("GET", f"/tidegate/v1/whoami/{service}", authorization) for service in SERVICES]
        assert all(found == seen[0] for found in seen)
        found: dict[str, Any] = seen[0]
        return found

    def statuses(self, authorization: str) -> set[int]:
        """What every service answers."""
        return {
            self.ask("GET", f"/tidegate/v1/whoami/{service}", authorization).status_code
            for service in SERVICES
        }


@pytest.fixture(scope="module")
def doors(stack: Stack) -> Doors:
    username = "p" + secrets.token_hex(6)
    add_person(stack, username, PASSWORD)
    return Doors(stack, username, A)


def test_one_person_is_one_principal_through_every_door(doors: Doors) -> None:
    before = doors.auth_token()
    assert doors.who(before)["subject"] == f"eip155:{doors.wallet.address}"
    password = doors.password()
    doors.link(password)
    through = {
        "password": password,
        "wallet signature": doors.signed_in_wallet(),
        "AuthToken": doors.auth_token(),
        "AuthToken made before the wallet was linked": before,
        "keystore": doors.keystore_key(),
        "personal token": doors.personal_token(password),
        "device": doors.device(),
    }
    seen = {door: doors.who(authorization) for door, authorization in through.items()}
    assert {found["subject"] for found in seen.values()} == {seen["password"]["subject"]}
    for door, found in seen.items():
        assert found["subject"].startswith("person:"), door
        assert (found["name"], found["wallets"]) == (doors.username, [doors.wallet.address]), door
    # Unlinked, the wallet is itself again, with credentials that exist already.
    path = f"/tidegate/v1/me/wallets/{doors.wallet.address}"
    assert doors.ask("DELETE", path, password).status_code in (200, 204)
    assert doors.who(before)["subject"] == f"eip155:{doors.wallet.address}"
    assert doors.who(password)["wallets"] == []


def test_what_is_revoked_is_refused_by_every_service_at_once(doors: Doors) -> None:
    password, token = doors.password(), doors.auth_token()
    personal = doors.personal_token(password)
    assert doors.statuses(personal) == doors.statuses(token) == {200}
    keys = doors.taken("GET", "/tidegate/v1/me/keys", password)["keys"]
    made = max(keys, key=lambda key: key["created_at"])["id"]
    assert doors.ask("DELETE", f"/tidegate/v1/me/keys/{made}", password).status_code == 204
    assert doors.statuses(personal) == {401}
    nonce = str(time.time_ns() // 1_000_000)
    query = {
        "address": doors.wallet.address,
        "nonce": nonce,
        "signature": sign_text(doors.wallet.address + nonce, doors.wallet),
        "token": token.removeprefix("Bearer "),
    }
    assert doors.ask("DELETE", "/api/services/deleteAuthToken", params=query).status_code == 200
    assert doors.statuses(token) == {401}
    assert doors.statuses(password) == {200}
