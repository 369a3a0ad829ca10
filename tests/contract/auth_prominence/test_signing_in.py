"""PROMINENCE's sign-in: the very requests of its command line, and errors with a text whatever happens."""

import base64
import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.signing import tokens
from services.auth.app import create_app
from services.auth.domain.clients import BASIC, DEFAULT_SCOPES, DEVICE, Client, ClientOrigin
from services.auth.domain.scopes import BATCH
from services.auth.domain.secrets import hash_of
from services.auth.usecases.device import Approval
from tests.fakes.auth_world import ISSUER, World

pytestmark = pytest.mark.clause("prominence 5.2", "prominence 5.4")

SECRET = "s" * 43
PEER = "192.0.2.7"
SUBJECT = "eip155:0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
BASE = "/prominence/oidc"
FORM = "application/x-www-form-urlencoded"
ASKED = "openid profile email"


@pytest.fixture
def world() -> World:
    world = World()
    for client_id, scopes in (
        ("cli", DEFAULT_SCOPES),
        ("narrow", ("openid", "profile", "email", "job:read")),
    ):
        world.clients.add(
            Client(
                client_id=client_id,
                origin=ClientOrigin.DYNAMIC,
                name="prominence-user-1",
                secret_hash=hash_of(SECRET),
                grant_types=(DEVICE,),
                scopes=scopes,
                auth_method=BASIC,
            )
        )
    return world


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.deps()).test_client()


def basic(client_id: str = "cli", secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def login(client: FlaskClient, client_id: str = "cli", path: str = "/devicecode") -> TestResponse:
    """As `prominence login` sends it (contract 5.2)."""
    body = f"scope=openid+profile+email&client_id={client_id}"
    return client.post(BASE + path, data=body, headers=basic(client_id), content_type=FORM)


def poll(client: FlaskClient, device_code: str, client_id: str = "cli") -> TestResponse:
    body = f"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code={device_code}"
    return client.post(f"{BASE}/token", data=body, headers=basic(client_id), content_type=FORM)


@pytest.mark.parametrize("path", ["/devicecode", "/device_authorization", "//devicecode"])
def test_a_login_as_the_command_line_does_it(client: FlaskClient, world: World, path: str) -> None:
    started = login(client, path=path)
    assert started.status_code == 200
    assert started.json["verification_uri"] == f"{ISSUER}/device"
    assert started.json["expires_in"] == 600
    pending = poll(client, started.json["device_code"])
    assert (pending.status_code, pending.json["error"]) == (400, "authorization_pending")

    found = world.oauth.devices.find(started.json["user_code"], PEER)
    assert set(found.scopes) == {*ASKED.split(), "groups", *BATCH}
    world.oauth.devices.approve(
        started.json["user_code"], PEER, Approval(subject=SUBJECT, scopes=found.scopes)
    )
    done = poll(client, started.json["device_code"])
    assert done.status_code == 200
    assert done.data.startswith(b'{"access_token":"')
    assert json.dumps(done.json).startswith('{"access_token": "')  # as it lies in ~/.prominence/token
    assert done.json["expires_in"] >= 12 * 3600
    assert done.json["access_token"].count(".") == 2
    claims = tokens.verify(done.json["access_token"], client.get("/.well-known/jwks.json").json)
    assert type(claims["exp"]) is int
    assert claims["exp"] >= world.clock.now() + 12 * 3600 - 1
    assert set(claims["scope"].split()) == {*ASKED.split(), "groups", *BATCH}
    assert claims["scope"].startswith(ASKED)


def test_the_page_asks_for_no_more_than_the_client_may_have(client: FlaskClient, world: World) -> None:
    started = login(client, "narrow").json
    found = world.oauth.devices.find(started["user_code"], PEER)
    assert found.scopes == ("openid", "profile", "email", "job:read")


def test_steady_polls_of_five_seconds_are_never_slowed_down(client: FlaskClient, world: World) -> None:
    device_code = login(client).json["device_code"]
    for seconds in (5.0, 4.3, 5.9, 4.1, 5.0) * 8:
        world.clock.time += seconds
        assert poll(client, device_code).json["error"] == "authorization_pending"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/devicecode", 405),
        ("PUT", "/token", 405),
        ("GET", "/token", 405),
        ("POST", "/nothing", 404),
        ("GET", "", 404),
        ("POST", "/devicecode/", 404),
        ("POST", "/devicecode", 401),
        ("POST", "/token", 400),
    ],
)
def test_every_refusal_carries_a_text(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(BASE + path, method=method)
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert isinstance(answer.json["error"], str)
    assert answer.json["error"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff", FORM), (b"scope=%00", FORM), (b"a=1&a=2", FORM), (b"x" * 70_000, FORM),
        (b"{}", "application/json"), (b"a=1", "text/plain"), (b"a=1&" * 60, FORM),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/devicecode", "/token"])
def test_hostile_bodies_are_refused_with_a_text(
    client: FlaskClient, path: str, body: bytes, content_type: str
) -> None:
    answer = client.post(BASE + path, data=body, headers=basic(), content_type=content_type)
    assert answer.status_code == 400
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize(
    "header", ["Basic", "Basic %", "Basic " + "A" * 20_000, "Basic Og==", "Basic AA==", "Bearer x", "token x"]
)
def test_hostile_credentials_are_no_client(client: FlaskClient, header: str) -> None:
    answer = client.post(f"{BASE}/devicecode", headers={"Authorization": header})
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_store_that_is_down_is_told_with_a_text(client: FlaskClient, world: World) -> None:
    device_code = login(client).json["device_code"]
    world.device_requests.is_down = True
    for answer in (login(client), poll(client, device_code)):
        assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
