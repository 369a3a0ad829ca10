"""`prominence register` and userinfo, as its command lines and their users' scripts ask for them."""

import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.auth.app import create_app
from services.auth.domain.clients import BASIC, DEVICE, ClientOrigin
from services.auth.domain.people import Person, PersonState
from services.auth.domain.scopes import BATCH
from services.auth.usecases.device import Approval
from tests.contract.auth_prominence.test_signing_in import SUBJECT, basic
from tests.fakes.auth_world import World

pytestmark = pytest.mark.clause("prominence 5.2", "prominence 5.3", "prominence 1.6")

BASE = "/prominence/oidc"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# As `prominence register` sends it when PROMINENCE_URL is not set (contract 5.2, 5.3).
DOCUMENT = {
    "redirect_uris": ["None/redirect_url"],
    "client_name": "prominence-user-6b1a3a2c-7b0e-4f5c-9d0d-1f2e3d4c5b6a",
    "token_endpoint_auth_method": "client_secret_basic",
    "scope": "openid profile email",
    "grant_types": [GRANT],
    "response_types": ["code"],
}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.deps()).test_client()


def register(client: FlaskClient, peer: str = "192.0.2.7", **changes: object) -> TestResponse:
    return client.post(
        f"{BASE}/register",
        data=json.dumps({**DOCUMENT, **changes}),
        content_type="application/json",
        headers={"X-Real-IP": peer},
    )


@pytest.mark.parametrize(
    "redirect_uris",
    [["None/redirect_url"], ["http://127.0.0.1:8030/prominence/v1/redirect_url"], [], ["x" * 9]],
)
def test_the_command_line_registers(client: FlaskClient, world: World, redirect_uris: list[str]) -> None:
    answer = register(client, redirect_uris=redirect_uris)
    assert answer.status_code == 201
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    made = world.clients.get(answer.json["client_id"])
    assert made is not None
    assert (made.origin, made.auth_method, made.grant_types) == (ClientOrigin.DYNAMIC, BASIC, (DEVICE,))
    assert made.redirect_uris == ()
    assert set(made.scopes) == {"openid", "profile", "email", "groups", *BATCH}
    assert len(answer.json["client_secret"]) == 43
    assert answer.json["client_secret"] not in repr(made)
    assert answer.json["client_secret_expires_at"] == 0


def test_what_was_registered_signs_in(client: FlaskClient, world: World) -> None:
    made = register(client).json
    headers = basic(made["client_id"], made["client_secret"])
    started = client.post(f"{BASE}/devicecode", data={"scope": "openid profile email"}, headers=headers).json
    found = world.oauth.devices.find(started["user_code"], "192.0.2.7")
    assert set(found.scopes) == {"openid", "profile", "email", "groups", *BATCH}
    wrong = client.post(f"{BASE}/devicecode", headers=basic(made["client_id"], made["client_secret"][:-1]))
    assert (wrong.status_code, wrong.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "openid admin"}, {"scope": ["openid"]}, {"scope": ""}, {"scope": "x" * 3000},
        {"grant_types": ["client_credentials"]}, {"grant_types": "all"}, {"grant_types": [None]},
        {"grant_types": ["authorization_code"]}, {"response_types": ["token"]}, {"client_name": "a\u0000b"},
        {"client_name": ["x"]}, {"client_name": "x" * 10_000}, {"token_endpoint_auth_method": "magic"},
        {"redirect_uris": ["javascript:alert(1)"], "grant_types": ["authorization_code"]},
        {"jwks_uri": "http://169.254.169.254/"},
        {"jwks": {"keys": "x"}, "token_endpoint_auth_method": "private_key_jwt"},
    ],
)  # fmt: skip
def test_what_may_not_be_registered(client: FlaskClient, world: World, changes: dict[str, object]) -> None:
    answer = register(client, **changes)
    assert answer.status_code == 400
    assert answer.json["error"] in ("invalid_client_metadata", "invalid_redirect_uri")
    assert world.clients.clients == {}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xff", b'{"a":' * 500, b'"x"', b"{}" + b" " * 70_000]
)
def test_what_is_no_document(client: FlaskClient, body: bytes) -> None:
    answer = client.post(f"{BASE}/register", data=body, content_type="application/json")
    assert answer.status_code in (201, 400) if body in (b"", b"null") else answer.status_code == 400
    if answer.status_code == 400:
        assert answer.json["error"] == "invalid_client_metadata"


def test_one_address_registers_a_few_and_then_waits(client: FlaskClient) -> None:
    statuses = [register(client).status_code for _ in range(55)]
    assert statuses[:50] == [201] * 50
    refused = register(client)
    assert refused.status_code == 429
    assert isinstance(refused.json["error"], str)
    assert int(refused.headers["Retry-After"]) >= 1
    assert register(client, "192.0.2.8").status_code == 201


# --- userinfo ------------------------------------------------------------------------------------


def token_of(client: FlaskClient, world: World, subject: str = SUBJECT) -> str:
    made = register(client).json
    headers = basic(made["client_id"], made["client_secret"])
    started = client.post(f"{BASE}/devicecode", data={"scope": "openid profile email"}, headers=headers).json
    scopes = world.oauth.devices.find(started["user_code"], "192.0.2.7").scopes
    world.oauth.devices.approve(started["user_code"], "192.0.2.7", Approval(subject=subject, scopes=scopes))
    form = {"grant_type": GRANT, "device_code": started["device_code"]}
    return str(client.post(f"{BASE}/token", data=form, headers=headers).json["access_token"])


def ada(world: World) -> Person:
    person = Person(
        id="a" * 32,
        username="ada",
        display_name="Ada L.",
        email="ada@example.org",
        state=PersonState.ACTIVE,
        is_admin=False,
        version=1,
        created_at=world.clock.now(),
    )
    world.people.add(person, None)
    return person


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "TOKEN"])
def test_userinfo_says_who_it_is(client: FlaskClient, world: World, scheme: str) -> None:
    token = token_of(client, world, ada(world).subject)
    answer = client.get(f"{BASE}/userinfo", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200
    expected = {
        "sub": f"person:{'a' * 32}",
        "preferred_username": "ada",
        "name": "Ada L.",
        "email": "ada@example.org",
        "groups": [],
    }
    assert {name: answer.json[name] for name in expected} == expected
    assert None not in answer.json.values()


def test_a_wallet_of_nobodys_is_its_own_name(client: FlaskClient, world: World) -> None:
    answer = client.get(f"{BASE}/userinfo", headers={"Authorization": f"Bearer {token_of(client, world)}"})
    assert (answer.json["sub"], answer.json["preferred_username"]) == (SUBJECT, SUBJECT[7:])


def test_a_withdrawn_or_expired_token_is_dead_at_once(client: FlaskClient, world: World) -> None:
    person = ada(world)
    headers = {"Authorization": f"Bearer {token_of(client, world, person.subject)}"}
    assert client.get(f"{BASE}/userinfo", headers=headers).status_code == 200
    world.grants.revoke_all(person.subject, "test")
    world.people.stamps.move(person.subject)
    answer = client.get(f"{BASE}/userinfo", headers=headers)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "token x.y.z", "Basic eDp5", "Bearer " + "x" * 9000]
)
def test_who_proves_nothing_gets_401_with_a_text(client: FlaskClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.get(f"{BASE}/userinfo", headers=headers)
    assert answer.status_code == 401
    assert isinstance(answer.json["error"], str)
    assert "WWW-Authenticate" in answer.headers
