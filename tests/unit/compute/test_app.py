"""The compute service as Ocean clients and people find it while no engine is configured."""

import hashlib
import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.web.gate import Gate
from libs.web.principal import Principal
from libs.web.settings import BadSettings
from services.compute.app import create_app
from services.compute.deps import Deps
from services.compute.dialects.ocean.switched_off import NOT_ENABLED, ROUTES
from services.compute.settings import load_settings
from tests.fakes.compute import ENVIRON, SETTINGS
from tests.fakes.principals import KnownPrincipals

# Contract 2.14: the container whose section checksum is published there.
CHECKSUM = "sha256:8221d20c1c16491d7d56b9657ea09082c0ee4a8ab1a6621fa720da58b09580e4"
CONTAINER = {"entrypoint": "node $ALGO", "image": "node", "tag": "latest", "checksum": CHECKSUM}
VALIDATE = "/api/services/validateContainer"


@pytest.fixture
def client() -> FlaskClient:
    return create_app(SETTINGS, Deps()).test_client()


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, methods in ROUTES for method in methods]
)
def test_compute_endpoints_say_that_compute_is_off_before_they_look_at_parameters(
    client: FlaskClient, path: str, method: str
) -> None:
    answer = client.open(path, method=method, data=b"\xff{", content_type="application/json")
    assert answer.status_code == 404
    assert answer.get_json() == {"error": NOT_ENABLED, "context": None}
    assert next(iter(json.loads(answer.data))) == "error"


def test_a_valid_container_comes_back_as_it_was_sent(client: FlaskClient) -> None:
    answer = client.post(VALIDATE, data=json.dumps({**CONTAINER, "size": 12.50}).replace("12.5", "12.50"))
    assert answer.status_code == 200
    assert answer.get_data(as_text=True).endswith('"size":12.50}')
    assert answer.get_json() == {**CONTAINER, "size": 12.5}


def test_the_published_container_checksum_is_the_one_clients_compute() -> None:
    digest = hashlib.sha256((CONTAINER["entrypoint"] + CONTAINER["checksum"]).encode()).hexdigest()
    assert digest == "a8f87b1d14fd8304fb7825da73790e5de47b218ff38e6d94b12fca75f0a8a48a"


@pytest.mark.parametrize("name", ["entrypoint", "image", "checksum"])
@pytest.mark.parametrize("value", [None, "", 1, ["x"], {}, False])
def test_each_required_member_is_a_text_with_something_in_it(
    client: FlaskClient, name: str, value: object
) -> None:
    answer = client.post(VALIDATE, json={**CONTAINER, name: value})
    assert answer.status_code == 400
    assert answer.get_json() == {"error": "missing_entrypoint_image_checksum"}


def test_the_tag_is_optional(client: FlaskClient) -> None:
    assert client.post(VALIDATE, json={k: v for k, v in CONTAINER.items() if k != "tag"}).status_code == 200


@pytest.mark.parametrize("checksum", ["8221d20c", "md5:12", " sha256:12", "SHA256:12"])
def test_a_checksum_of_another_kind_is_named(client: FlaskClient, checksum: str) -> None:
    answer = client.post(VALIDATE, json={**CONTAINER, "checksum": checksum})
    assert (answer.status_code, answer.get_json()) == (400, {"error": "checksum_prefix"})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b'{"image":"\\u0000"}', 400),
        (b"[" * 5000, 400),
    ],
)
def test_bad_bodies_are_a_callers_mistake(client: FlaskClient, body: bytes, status: int) -> None:
    assert client.post(VALIDATE, data=body, content_type="application/json").status_code == status


def test_a_body_beyond_the_limit_is_413(client: FlaskClient) -> None:
    answer = client.post(VALIDATE, data=b'{"a":"' + b"x" * 2**20 + b'"}')
    assert answer.status_code == 413
    assert "error" in answer.get_json()


@pytest.mark.parametrize("path", ["/api/services/compute/", "/nothing", "/api/services"])
def test_unknown_paths_answer_in_the_dialects_shape(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.get_json()["context"] is None


def test_a_wrong_method_is_405_with_the_methods_that_work(client: FlaskClient) -> None:
    answer = client.get(VALIDATE)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.get_json()["context"] is None


def test_doubled_slashes_work_without_a_redirect(client: FlaskClient) -> None:
    doubled = {"PATH_INFO": "//api//services/validateContainer"}
    assert client.post("/", json=CONTAINER, environ_overrides=doubled).status_code == 200


def test_browsers_may_call_from_anywhere(client: FlaskClient) -> None:
    answer = client.options("/api/services/compute", headers={"Origin": "https://market.example"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://market.example"


def test_status_says_what_is_on(client: FlaskClient) -> None:
    status = client.get("/tidegate/v1/status").get_json()
    assert status["services"]["compute"]["enabled"] is False


def test_it_is_live_and_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").get_json()["status"] == "ready"


def test_the_log_level_is_read_from_the_environment() -> None:
    assert load_settings({**ENVIRON, "LOG_LEVEL": "DEBUG"}).log_level == "DEBUG"


def test_settings_are_all_checked_and_no_secret_is_quoted() -> None:
    with pytest.raises(BadSettings) as caught:
        load_settings({"AUTH_URL": "http://user:swordfish@auth", "AUTH_TIMEOUT": "soon"})
    assert caught.value.problems == [
        "COMPUTE_WORK_DIR must be set.",
        "COMPUTE_DATABASE_URL must be set.",
        "AUTH_URL must be an http or https URL.",
        "PROVIDER_URL must be set.",
        "SERVICE_SECRET must be set.",
        "AUTH_TIMEOUT must be a number.",
    ]


@pytest.mark.parametrize("url", ["http://auth:8042", "https://auth.example/base/", "http://127.0.0.1:1"])
def test_auths_address_may_have_a_path(url: str) -> None:
    assert load_settings({**ENVIRON, "AUTH_URL": url}).peers.auth_url == url.rstrip("/")


ALICE = Principal(
    subject="person:" + "a" * 32,
    name="alice",
    display_name="Alice",
    groups=("physics",),
    scopes=frozenset({"job:read"}),
    credential="api_key",
)


def whoami(principals: KnownPrincipals, **headers: str) -> TestResponse:
    app = create_app(SETTINGS, Deps(gate=Gate(principals)))
    return app.test_client().get("/tidegate/v1/whoami", headers=headers)


def test_whoami_shows_the_principal_and_may_not_be_stored() -> None:
    answer = whoami(KnownPrincipals(alice=ALICE), Authorization="Bearer alice")
    assert answer.status_code == 200
    lists = {"wallets": [], "groups": ["physics"], "properties": [], "virtual_clusters": []}
    assert answer.get_json() == {**ALICE.as_json(), **lists}
    assert answer.headers["Cache-Control"] == "no-store"


def test_whoami_refuses_in_the_shape_of_oauth() -> None:
    missing = whoami(KnownPrincipals())
    assert (missing.status_code, missing.get_json()["error"]) == (401, "credential_missing")
    unknown = whoami(KnownPrincipals(), Authorization="Bearer nobody")
    assert (unknown.status_code, unknown.get_json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in unknown.headers["WWW-Authenticate"]
