"""`/api/v0`: what dcp-rest clients send and get, to the byte where they look (DCP contract 2)."""

import base64
import gzip
import json
import re
import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.auth.domain.api_keys import MOST_KEYS
from services.auth.domain.guesses import FREE_OF_PEER
from services.auth.domain.people import PersonState
from tests.contract.auth_dcp.conftest import basic_header, bearer_header
from tests.dcp_vectors import VECTORS, A, B, KeystoreVector, basic
from tests.fakes.auth_keys import person
from tests.fakes.auth_world import World

pytestmark = pytest.mark.clause("dcp 1", "dcp 2.1", "dcp 2.2", "dcp 2.3", "dcp 2.4", "dcp 7")

ROUTES = [("POST", "/key"), ("GET", "/keys"), ("DELETE", "/keys/" + "0" * 20), ("GET", "/identity")]
MISSING = {
    "error": "Authentication method not provided",
    "message": "Authentication method not provided",
    "code": "AuthenticationRequired",
}
BAD_KEYSTORE = {
    "error": "Invalid identity keystore or password",
    "message": "Invalid identity keystore or password",
    "code": "InvalidKeystore",
}
BAD_KEY = {"error": "Invalid API key", "message": "Invalid API key", "code": "InvalidApiKey"}


def make(client: FlaskClient, vector: KeystoreVector = A, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/v0/key", headers=basic_header(vector), json=body)
    assert answer.status_code == 201, answer.data
    made: dict[str, Any] = answer.get_json()
    return made


def assert_refused(answer: TestResponse, body: dict[str, str]) -> None:
    assert (answer.status_code, answer.get_json()) == (401, body)
    assert answer.headers.getlist("WWW-Authenticate") == ['Basic realm="dcp", Bearer realm="dcp"']
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_who_a_keystore_is(client: FlaskClient, vector: KeystoreVector) -> None:
    answer = client.get("/api/v0/identity", headers=basic_header(vector))
    assert answer.status_code == 200
    assert answer.get_json() == {"address": vector.address, "label": "", "auth": "basic"}
    assert answer.headers["Cache-Control"] == "no-store"


PRETTY = json.dumps(json.loads(A.keystore), indent=2)


@pytest.mark.parametrize(
    "header",
    [
        "Basic " + basic(PRETTY, A.password),
        "Basic " + basic(A.keystore + "\n", A.password),
        "basic " + A.credentials,
        "BASIC    " + A.credentials,
        "Basic " + A.credentials.replace("+", "-").replace("/", "_").rstrip("="),
        "Basic " + basic(A.keystore, A.password + b"\n"),
    ],
)
def test_the_contracts_other_spellings_are_the_same_wallet(client: FlaskClient, header: str) -> None:
    answer = client.get("/api/v0/identity", headers={"Authorization": header})
    assert answer.get_json()["address"] == A.address


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("header", [None, "", "Digest x", "Basically " + A.credentials, "Negotiate"])
def test_no_credential(client: FlaskClient, method: str, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert_refused(client.open("/api/v0" + path, method=method, headers=headers), MISSING)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "credentials",
    [
        "",
        "x",
        "\xff\xfe",
        "ö" * 20,
        "A" * 16_000,
        base64.b64encode(b"user:password").decode(),
        base64.b64encode(b'{"version":3}:x').decode(),
        base64.b64encode(A.keystore.encode()).decode(),
        basic(A.keystore.replace(A.address[2:].lower(), "0" * 40), A.password),
        basic(A.keystore.replace('"n":1024', '"n":1048576'), A.password),
        basic(A.keystore, "nope"),
    ],
    ids=lambda text: text[:12],
)
def test_a_keystore_that_does_not_open(client: FlaskClient, method: str, path: str, credentials: str) -> None:
    headers = {"Authorization": "Basic " + credentials}
    assert_refused(client.open("/api/v0" + path, method=method, headers=headers), BAD_KEYSTORE)


def test_a_costly_keystore_is_refused_within_fifty_milliseconds(client: FlaskClient) -> None:
    costly = basic(A.keystore.replace('"n":1024', '"n":1048576'), A.password)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        client.get("/api/v0/identity", headers={"Authorization": "Basic " + costly})
        took.append(time.perf_counter() - start)
    assert min(took) < 0.05


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "token",
    ["", "x", "0" * 20 + "." + "A" * 43, "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\xff", "x y", "A" * 9000],
)
def test_a_key_that_is_none(client: FlaskClient, method: str, path: str, token: str) -> None:
    assert_refused(client.open("/api/v0" + path, method=method, headers=bearer_header(token)), BAD_KEY)


def test_a_key_is_made_once_and_acts_as_the_wallet(client: FlaskClient, world: World) -> None:
    made = make(client, label="laptop", expiresIn=60)
    assert list(made) == ["key", "keyId", "address", "label", "scopes", "expiresAt"]
    assert re.fullmatch(r"[0-9a-f]{20}\.[A-Za-z0-9_-]{43}", made["key"])
    assert made["key"].startswith(made["keyId"] + ".")
    assert (made["address"], made["label"]) == (A.address, "laptop")
    assert made["scopes"] == ["job:write", "job:read", "accounts:read"]
    assert made["expiresAt"] == int((world.clock.now() + 60) * 1000)
    answer = client.get("/api/v0/identity", headers=bearer_header(made["key"]))
    assert answer.get_json() == {"address": A.address, "label": "laptop", "auth": "bearer"}
    assert made["key"][21:] not in repr(world.api_keys.keys)


def test_without_anything_asked_for(client: FlaskClient) -> None:
    for body in (b"", b"  ", b"{}"):
        answer = client.post("/api/v0/key", headers=basic_header(A), data=body)
        assert (answer.status_code, answer.get_json()["expiresAt"]) == (201, None)


def test_keys_are_listed_without_their_secrets_and_revoked_at_once(client: FlaskClient) -> None:
    first, second = make(client, label="one"), make(client, label="two")
    client.get("/api/v0/identity", headers=bearer_header(first["key"]))
    listed = client.get("/api/v0/keys", headers=basic_header(A)).get_json()
    assert {key["label"] for key in listed} == {"one", "two"}
    assert listed[0].keys() == {
        *("keyId", "address", "label", "scopes", "createdAt", "expiresAt", "lastUsedAt"),
    }
    assert {key["label"]: key["lastUsedAt"] is not None for key in listed} == {"one": True, "two": False}
    answer = client.delete(f"/api/v0/keys/{first['keyId']}", headers=basic_header(A))
    assert (answer.status_code, answer.data) == (204, b"")
    assert_refused(client.get("/api/v0/identity", headers=bearer_header(first["key"])), BAD_KEY)
    assert client.get("/api/v0/identity", headers=bearer_header(second["key"])).status_code == 200
    again = client.delete(f"/api/v0/keys/{first['keyId']}", headers=basic_header(A))
    assert (again.status_code, again.get_json()["code"]) == (404, "KeyNotFound")


def test_an_expired_key_is_refused(client: FlaskClient, world: World) -> None:
    made = make(client, expiresIn=60)
    assert client.get("/api/v0/identity", headers=bearer_header(made["key"])).status_code == 200
    world.clock.time += 60
    assert_refused(client.get("/api/v0/identity", headers=bearer_header(made["key"])), BAD_KEY)


def test_a_key_makes_keys_only_when_it_may(client: FlaskClient) -> None:
    plain, maker = make(client), make(client, scopes=["keys", "job:read"])
    for method, path in ROUTES[:3]:
        answer = client.open("/api/v0" + path, method=method, headers=bearer_header(plain["key"]))
        assert (answer.status_code, answer.get_json()["code"]) == (403, "ScopeMissing")
    answer = client.post("/api/v0/key", headers=bearer_header(maker["key"]), json={})
    assert (answer.status_code, answer.get_json()["scopes"]) == (201, ["job:read"])
    assert answer.get_json()["address"] == A.address
    wider = client.post("/api/v0/key", headers=bearer_header(maker["key"]), json={"scopes": ["job:write"]})
    assert (wider.status_code, wider.get_json()["code"]) == (403, "ScopeMissing")


def test_nobody_sees_or_revokes_the_keys_of_others(client: FlaskClient) -> None:
    made = make(client)
    assert client.get("/api/v0/keys", headers=basic_header(B)).get_json() == []
    assert client.delete(f"/api/v0/keys/{made['keyId']}", headers=basic_header(B)).status_code == 404
    assert client.get("/api/v0/identity", headers=bearer_header(made["key"])).status_code == 200


def test_a_key_of_a_linked_wallet_names_that_wallet(client: FlaskClient, world: World) -> None:
    ada = person("ada")
    world.people.add(ada, None)
    for vector in (A, B):
        world.people.link_wallet(ada.id, vector.address)
    made = [make(client, vector) for vector in (A, B)]
    assert [key["address"] for key in made] == [A.address, B.address]
    for vector, key in zip((A, B), made, strict=True):
        answer = client.get("/api/v0/identity", headers=bearer_header(key["key"]))
        assert answer.get_json()["address"] == vector.address
    assert len(client.get("/api/v0/keys", headers=basic_header(A)).get_json()) == 2
    world.people.change(ada.id, state=PersonState.DISABLED)
    assert_refused(client.get("/api/v0/identity", headers=bearer_header(made[0]["key"])), BAD_KEY)
    assert_refused(client.get("/api/v0/identity", headers=basic_header(A)), BAD_KEYSTORE)


def form(**changes: Any) -> dict[str, Any]:
    return {"keystore": A.keystore, "token": A.password.decode(), **changes}


@pytest.mark.parametrize("keystore", [A.keystore, json.loads(A.keystore), PRETTY])
def test_a_keystore_in_the_body(client: FlaskClient, keystore: object) -> None:
    """What upstream's own page sends. It does not get its password back, as upstream has it."""
    answer = client.post("/api/v0/key", json=form(keystore=keystore, email="ada@example.org"))
    assert answer.status_code == 201
    made = answer.get_json()
    assert (made["address"], made["label"]) == (A.address, "ada@example.org")
    assert A.password.decode() not in made["key"]
    assert client.get("/api/v0/identity", headers=bearer_header(made["key"])).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "nope"},
        {"token": ""},
        {"token": "\u00e9"},
        {"keystore": "{}"},
        {"keystore": []},
        {"keystore": 3},
        {"keystore": True},
        {"keystore": ""},
        {"keystore": A.keystore.replace('"n":1024', '"n":1048576')},
        {"keystore": {**json.loads(A.keystore), "version": 1}},
    ],
    ids=str,
)
def test_a_keystore_in_the_body_that_does_not_open(client: FlaskClient, changes: dict[str, Any]) -> None:
    assert_refused(client.post("/api/v0/key", json=form(**changes)), BAD_KEYSTORE)


@pytest.mark.parametrize("body", [{}, {"token": "x"}, {"keystore": None}])
def test_a_body_without_a_keystore_is_no_credential(client: FlaskClient, body: dict[str, Any]) -> None:
    assert_refused(client.post("/api/v0/key", json=body), MISSING)


def test_the_header_wins_over_the_body(client: FlaskClient) -> None:
    answer = client.post("/api/v0/key", headers=basic_header(B), json=form())
    assert answer.get_json()["address"] == B.address


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"label": 3}, "label"),
        ({"label": ["x"]}, "label"),
        ({"label": "x" * 256}, "label"),
        ({"label": "a\nb"}, "label"),
        ({"expiresIn": "60"}, "expiresIn"),
        ({"expiresIn": 1.5}, "expiresIn"),
        ({"expiresIn": True}, "expiresIn"),
        ({"expiresIn": 0}, "expiresIn"),
        ({"expiresIn": -5}, "expiresIn"),
        ({"expiresIn": 10**30}, "expiresIn"),
        ({"scopes": "job:read"}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": [3]}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
    ],
    ids=str,
)
def test_members_that_cannot_be(client: FlaskClient, body: dict[str, Any], path: str) -> None:
    answer = client.post("/api/v0/key", headers=basic_header(A), json=body)
    refusal = answer.get_json()
    assert (answer.status_code, refusal["code"]) == (400, "InvalidRequest")
    assert refusal["error"] == refusal["message"]
    assert [entry["path"] for entry in refusal["detail"]] == [path]


def test_a_password_that_is_no_text(client: FlaskClient) -> None:
    for token in (None, 3, ["x"]):
        answer = client.post("/api/v0/key", json=form(token=token))
        assert (answer.status_code, answer.get_json()["detail"][0]["path"]) == (400, "token")


def test_administration_is_not_for_keystores(client: FlaskClient) -> None:
    answer = client.post("/api/v0/key", headers=basic_header(A), json={"scopes": ["admin"]})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "ScopeMissing")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "", "multipart/form-data"]
)
def test_bodies_are_json_whatever_they_are_called(client: FlaskClient, kind: str) -> None:
    answer = client.post(
        "/api/v0/key", headers=basic_header(A), data=b' \n{"label":"x"}', content_type=kind or None
    )
    assert (answer.status_code, answer.get_json()["label"]) == (201, "x")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"label=x", 400),
        (b"null", 400),
        (b'{"label":"\xff"}', 400),
        (b'{"label":"a","label":"b"}', 400),
        (b'{"label":NaN}', 400),
        (b"[" * 10_000, 400),
        (b'{"label":"' + b"x" * 70_000 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:24],
)
def test_bodies_that_cannot_be_read(client: FlaskClient, body: bytes, status: int) -> None:
    answer = client.post("/api/v0/key", headers=basic_header(A), data=body)
    assert answer.status_code == status
    assert {"error", "message", "code"} <= answer.get_json().keys()


def test_compressed_bodies_and_bombs(client: FlaskClient) -> None:
    def post(body: bytes, coding: str) -> TestResponse:
        headers = {**basic_header(A), "Content-Encoding": coding}
        return client.post("/api/v0/key", headers=headers, data=body)

    assert post(gzip.compress(b'{"label":"zipped"}'), "gzip").get_json()["label"] == "zipped"
    assert post(gzip.compress(b" " * 10_000_000), "gzip").status_code == 413
    for broken in (b"{}", gzip.compress(b"{}")[:-3], gzip.compress(b"{}") + b"x", b""):
        assert post(broken, "gzip").status_code == 400
    assert post(b"{}", "br").status_code == 415


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_slash_at_the_end_is_no_redirect(client: FlaskClient, method: str, path: str) -> None:
    plain = client.open("/api/v0" + path, method=method, headers=basic_header(A))
    slashed = client.open("/api/v0" + path + "/?x=1", method=method, headers=basic_header(A))
    assert slashed.status_code == plain.status_code
    assert slashed.status_code in (200, 201, 404)


def test_what_is_not_there(client: FlaskClient) -> None:
    for path in ("/api/v0/nothing", "/api/v0/job/0x", "/api/v0"):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "NotFound")
        assert answer.get_json()["error"] == answer.get_json()["message"]
    wrong = client.put("/api/v0/key", headers=basic_header(A))
    assert (wrong.status_code, wrong.get_json()["code"]) == (405, "MethodNotAllowed")
    assert "POST" in wrong.headers["Allow"]


def test_a_peer_that_fails_often_waits(client: FlaskClient) -> None:
    peer = {"X-Real-IP": "192.0.2.7"}
    wrong = {**peer, "Authorization": "Basic " + basic(A.keystore, "nope")}
    for _ in range(FREE_OF_PEER):
        assert client.get("/api/v0/identity", headers=wrong).status_code == 401
    for answer in (
        client.get("/api/v0/identity", headers=wrong),
        client.get("/api/v0/identity", headers={**peer, **basic_header(B)}),
        client.post("/api/v0/key", headers=peer, json=form()),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (429, "TooManyAttempts")
        assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/api/v0/identity", headers=basic_header(B)).status_code == 200


def test_too_many_keys(client: FlaskClient) -> None:
    for _ in range(MOST_KEYS):
        make(client)
    answer = client.post("/api/v0/key", headers=basic_header(A), json={})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "TooManyKeys")


def test_no_database_is_503_and_never_yes(client: FlaskClient, world: World) -> None:
    made = make(client)
    world.api_keys.is_down = True
    for answer in (
        client.get("/api/v0/identity", headers=bearer_header(made["key"])),
        client.get("/api/v0/keys", headers=basic_header(A)),
        client.post("/api/v0/key", headers=basic_header(A), json={}),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (503, "Unavailable")
        assert answer.headers["Retry-After"]


def test_more_costly_keystores_than_we_can_open_are_sent_away(client: FlaskClient, world: World) -> None:
    costly = A.keystore.replace('"n":1024', '"n":8192')
    headers = {"Authorization": "Basic " + basic(costly, A.password)}
    token = world.service_tokens.mint("compute")
    asked = {"kind": "basic", "value": basic(costly, A.password), "window": "dcp"}
    with world.derivations.slot(), world.derivations.slot():
        answers = [
            client.get("/api/v0/identity", headers=headers),
            client.post("/api/v0/key", json=form(keystore=costly)),
            client.post("/internal/principals", headers=bearer_header(token), json=asked),
        ]
        assert client.get("/api/v0/identity", headers=basic_header(B)).status_code == 200
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    assert_refused(client.get("/api/v0/identity", headers=headers), BAD_KEYSTORE)  # its MAC is another n's
