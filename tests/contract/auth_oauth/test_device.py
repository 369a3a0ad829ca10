"""Signing in on a device (RFC 8628), byte by byte, and what the impatient, the late and the curious get."""

import base64
import logging
import threading

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.signing import tokens
from services.auth.app import create_app
from services.auth.domain.clients import (
    BASIC,
    CODE,
    DEFAULT_SCOPES,
    DEVICE,
    PUBLIC,
    REFRESH,
    Client,
    ClientOrigin,
)
from services.auth.domain.secrets import hash_of
from services.auth.usecases.device import Approval
from tests.fakes.auth_world import ISSUER, World

pytestmark = pytest.mark.clause("dirac 1.6", "prominence 5.3")

SECRET = "s" * 43
PEER = "192.0.2.7"
SUBJECT = "eip155:0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def world() -> World:
    world = World()
    for client in (
        Client(client_id="tool", origin=ClientOrigin.ADMIN, name="Tool", secret_hash=hash_of(SECRET),
               grant_types=(DEVICE, REFRESH), scopes=DEFAULT_SCOPES, auth_method=BASIC),
        Client(client_id="other", origin=ClientOrigin.ADMIN, name="Other", secret_hash=hash_of(SECRET),
               grant_types=(DEVICE,), scopes=("openid",), auth_method=BASIC),
        Client(client_id="open", origin=ClientOrigin.ADMIN, name="Open", grant_types=(DEVICE,),
               scopes=("openid", "job:read"), auth_method=PUBLIC),
        Client(client_id="page", origin=ClientOrigin.ADMIN, name="Page", secret_hash=hash_of(SECRET),
               grant_types=(CODE,), scopes=DEFAULT_SCOPES, auth_method=BASIC),
    ):  # fmt: skip
        world.clients.add(client)
    return world


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.deps()).test_client()


def basic(client_id: str = "tool", secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def start(client: FlaskClient, client_id: str = "tool", **form: str) -> TestResponse:
    return client.post("/oauth2/device", data=form, headers=basic(client_id))


def poll(client: FlaskClient, device_code: str, client_id: str = "tool") -> TestResponse:
    form = {"grant_type": GRANT, "device_code": device_code}
    return client.post("/oauth2/token", data=form, headers=basic(client_id))


def approve(world: World, user_code: str, *scopes: str) -> None:
    details = {"amr": ["pwd"], "auth_time": 1_700_000_000}
    world.oauth.devices.approve(user_code, PEER, Approval(subject=SUBJECT, scopes=scopes, details=details))


def error(answer: TestResponse) -> tuple[int, str]:
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json) >= {"error", "error_description"}
    return answer.status_code, answer.json["error"]


def test_the_whole_way(client: FlaskClient, world: World) -> None:
    answer = start(client, scope="openid job:read")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    started = answer.json
    assert started == {
        "device_code": started["device_code"],
        "user_code": started["user_code"],
        "verification_uri": f"{ISSUER}/device",
        "verification_uri_complete": f"{ISSUER}/device?user_code={started['user_code']}",
        "expires_in": 600,
        "interval": 5,
    }
    assert len(started["device_code"]) == 43
    assert len(started["user_code"]) == 9
    assert started["user_code"][4] == "-"

    assert error(poll(client, started["device_code"])) == (400, "authorization_pending")
    approve(world, started["user_code"].lower(), "openid", "job:read")
    done = poll(client, started["device_code"])
    assert done.status_code == 200
    assert done.headers["Cache-Control"] == "no-store"
    assert next(iter(done.json)) == "access_token"
    assert done.json["scope"] == "openid job:read"
    assert (done.json["token_type"], done.json["expires_in"]) == ("Bearer", 12 * 3600)
    claims = tokens.verify(done.json["access_token"], client.get("/.well-known/jwks.json").json)
    assert claims["sub"] == SUBJECT
    assert claims["client_id"] == "tool"
    assert claims["exp"] == int(world.clock.now()) + 12 * 3600
    assert error(poll(client, started["device_code"])) == (400, "invalid_grant")


def test_a_public_client_names_itself(client: FlaskClient, world: World) -> None:
    started = client.post("/oauth2/device", data={"client_id": "open", "scope": "openid"}).json
    approve(world, started["user_code"], "openid")
    form = {"grant_type": GRANT, "device_code": started["device_code"]}
    assert error(client.post("/oauth2/token", data=form)) == (401, "invalid_client")
    assert client.post("/oauth2/token", data={**form, "client_id": "open"}).status_code == 200


def test_without_a_scope_it_is_the_clients(client: FlaskClient, world: World) -> None:
    started = client.post("/oauth2/device", data={"client_id": "open"}).json
    found = world.oauth.devices.find(started["user_code"], PEER)
    assert found.scopes == ("openid", "job:read")


def test_diracx_may_ask_every_two_seconds_for_ever(client: FlaskClient) -> None:
    started = client.post("/oauth2/device", data={"client_id": "myDIRACClientID", "scope": "vo:v"}).json
    assert started["interval"] == 2
    form = {"grant_type": GRANT, "device_code": started["device_code"], "client_id": "myDIRACClientID"}
    for _ in range(10):
        assert error(client.post("/oauth2/token", data=form)) == (400, "authorization_pending")


def test_the_impatient_are_slowed_down_and_those_who_wait_are_not(client: FlaskClient, world: World) -> None:
    device_code = start(client, scope="openid").json["device_code"]
    steps = [
        (0, "authorization_pending"),
        (1, "slow_down"),
        (2.9, "slow_down"),
        (0.2, "authorization_pending"),
    ]
    for seconds, code in [*steps, *[(5, "authorization_pending")] * 5]:
        world.clock.time += seconds
        assert error(poll(client, device_code)) == (400, code)


def test_the_late_are_told_so(client: FlaskClient, world: World) -> None:
    started = start(client, scope="openid").json
    approve(world, started["user_code"], "openid")
    world.clock.time += 600
    assert error(poll(client, started["device_code"])) == (400, "expired_token")


def test_who_was_denied_is_told_so(client: FlaskClient, world: World) -> None:
    started = start(client, scope="openid").json
    world.oauth.devices.deny(started["user_code"], PEER, SUBJECT)
    assert error(poll(client, started["device_code"])) == (400, "access_denied")


def test_another_clients_code_is_no_code_and_stays_good(client: FlaskClient, world: World) -> None:
    started = start(client, scope="openid").json
    approve(world, started["user_code"], "openid")
    assert error(poll(client, started["device_code"], "other")) == (400, "invalid_grant")
    assert poll(client, started["device_code"]).status_code == 200


def test_a_withdrawn_grant_is_not_handed_out(client: FlaskClient, world: World) -> None:
    started = start(client, scope="openid").json
    approve(world, started["user_code"], "openid")
    world.grants.revoke_all(SUBJECT, "test")
    assert error(poll(client, started["device_code"])) == (400, "invalid_grant")


def test_of_simultaneous_polls_one_gets_the_token(client: FlaskClient, world: World) -> None:
    started = start(client, scope="openid").json
    approve(world, started["user_code"], "openid")
    answers: list[int] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        own = client.application.test_client()
        barrier.wait()
        answers.append(poll(own, started["device_code"]).status_code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [400] * 7


@pytest.mark.parametrize(
    ("headers", "form", "expected"),
    [
        ({}, {}, (401, "invalid_client")),
        ({}, {"client_id": "nobody"}, (401, "invalid_client")),
        ({}, {"client_id": "tool"}, (401, "invalid_client")),
        (basic("tool", "wrong"), {}, (401, "invalid_client")),
        (basic("nobody"), {}, (401, "invalid_client")),
        (basic("page"), {"scope": "openid"}, (400, "unauthorized_client")),
        (basic(), {"scope": "no:such"}, (400, "invalid_scope")),
        (basic(), {"scope": "admin"}, (400, "invalid_scope")),
        (basic("other"), {"scope": "job:read"}, (400, "invalid_scope")),
        (basic(), {"scope": "x" * 5000}, (400, "invalid_scope")),
        (basic(), {"client_secret": SECRET}, (400, "invalid_request")),
    ],
)
def test_who_may_not_ask(
    client: FlaskClient, headers: dict[str, str], form: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error(client.post("/oauth2/device", data=form, headers=headers)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff=1",
        b"scope=%00",
        b"scope=a&scope=b",
        b"scope=%ed%a0%80",
        b"a=1&" * 100,
        b"x" * 100_000,
        b"{}",
    ],
)
@pytest.mark.parametrize("path", ["/oauth2/device", "/oauth2/token"])
def test_broken_forms_are_refused_in_the_rooms_shape(client: FlaskClient, path: str, body: bytes) -> None:
    form = "application/x-www-form-urlencoded"
    answer = client.post(path, data=body, headers=basic("nobody"), content_type=form)
    assert error(answer)[0] in (400, 401)


@pytest.mark.parametrize(
    "device_code",
    ["", "x", "x" * 43, "x" * 10_000, "\u00e4" * 43, "'; --", "\r\nSet-Cookie: a=b", "%00"],
)
def test_an_unknown_code_is_no_code(client: FlaskClient, device_code: str) -> None:
    status, code = error(poll(client, device_code))
    assert (status, code) == (400, "invalid_grant" if device_code else "invalid_request")


def test_nothing_is_said_while_the_store_is_down(client: FlaskClient, world: World) -> None:
    started = start(client, scope="openid").json
    world.device_requests.is_down = True
    for answer in (start(client, scope="openid"), poll(client, started["device_code"])):
        assert error(answer) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "1"


def test_no_code_and_no_token_is_logged(
    client: FlaskClient, world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    started = start(client, scope="openid").json
    poll(client, started["device_code"])
    approve(world, started["user_code"], "openid")
    token = poll(client, started["device_code"]).json["access_token"]
    written = caplog.text + "".join(capfd.readouterr())
    for secret in (started["device_code"], started["user_code"], token, SECRET, basic()["Authorization"]):
        assert secret not in written
        assert secret not in str(world.audit.events)
