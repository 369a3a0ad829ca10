"""`/tidegate/v1/me/keys`: one's own API keys and personal tokens."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.signing import tokens
from libs.signing.personal import sign_text
from tests.contract.auth_dcp.conftest import bearer_header
from tests.dcp_vectors import A
from tests.fakes.auth_keys import person
from tests.fakes.auth_world import ISSUER, WALLET, World

pytestmark = pytest.mark.clause("dcp 2.4")

PATH = "/tidegate/v1/me/keys"
SCOPES = ("keys", "job:read", "job:write", "accounts:read", "admin")


@pytest.fixture
def ada(world: World) -> dict[str, str]:
    """Ada's headers: a token that lets an application manage her keys."""
    ada = person("ada")
    world.people.add(ada, None)
    return token_of(world, ada.subject)


def token_of(world: World, subject: str, *names: str) -> dict[str, str]:
    client = world.clients.get("myDIRACClientID")
    assert client is not None
    grant = world.oauth.flows.new_grant(client, subject, "code", scopes=names or SCOPES)
    return bearer_header(world.oauth.flows.start(grant, client).access.text)


def make(client: FlaskClient, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, headers=headers, json=body)
    assert answer.status_code == 201, answer.data
    made: dict[str, Any] = answer.get_json()
    return made


def listed(client: FlaskClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.get(PATH, headers=headers)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.get_json()["keys"]
    return found


def test_a_key_is_made_listed_used_and_revoked(client: FlaskClient, ada: dict[str, str]) -> None:
    made = make(client, ada, label="laptop", expires_in=3600, scopes=["keys", "job:read"])
    key = bearer_header(made.pop("key"))
    assert made["subject"] == person("ada").subject
    assert (made["format"], made["label"], made["scopes"]) == ("key", "laptop", ["keys", "job:read"])
    (seen,) = listed(client, key)
    assert seen == {**made, "last_used_at": seen["last_used_at"]}
    answer = client.delete(f"{PATH}/{made['id']}", headers=ada)
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(PATH, headers=key).status_code == 401
    assert listed(client, ada) == []


def test_a_personal_token_says_when_it_ends_and_ends_when_revoked(
    client: FlaskClient, world: World, ada: dict[str, str]
) -> None:
    made = make(client, ada, format="jwt", label="cluster", expires_in=7200, scopes=["keys", "job:write"])
    claims = tokens.verify(made["key"], world.keyring.current().verifying, "at+jwt")
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, "tidegate", person("ada").subject)
    assert claims["exp"] - claims["iat"] == 7200
    assert (claims["scope"], claims["gid"]) == ("keys job:write", made["id"])
    token = bearer_header(made["key"])
    assert [(key["format"], key["label"]) for key in listed(client, token)] == [("jwt", "cluster")]
    assert client.delete(f"{PATH}/{made['id']}", headers=ada).status_code == 204
    assert client.get(PATH, headers=token).status_code == 401
    assert client.delete(f"{PATH}/{made['id']}", headers=ada).status_code == 404


def test_a_personal_token_ends_when_the_operator_says_so_at_the_latest(
    client: FlaskClient, world: World, ada: dict[str, str]
) -> None:
    most = world.oauth.flows.lifetimes.grant
    for asked in ({}, {"expires_in": 10 * 365 * 86_400}):
        made = make(client, ada, format="jwt", **asked)
        assert made["expires_at"] - made["created_at"] == most
        assert (
            tokens.verify(made["key"], world.keyring.current().verifying, "at+jwt")["exp"]
            == made["expires_at"]
        )


@pytest.mark.parametrize("kind", ["key", "jwt"])
def test_what_one_makes_lives_no_longer_than_what_made_it(
    client: FlaskClient, world: World, ada: dict[str, str], kind: str
) -> None:
    maker = make(client, ada, format=kind, expires_in=60, scopes=["keys"])
    for other in ("key", "jwt"):
        made = make(client, bearer_header(maker["key"]), format=other, scopes=["keys"], expires_in=3600)
        assert made["expires_at"] <= maker["expires_at"]


def test_only_the_grants_of_personal_tokens_are_keys(
    client: FlaskClient, world: World, ada: dict[str, str]
) -> None:
    (consent,) = world.grants.of_subject(person("ada").subject)
    assert listed(client, ada) == []
    assert client.delete(f"{PATH}/{consent.id}", headers=ada).status_code == 404
    assert listed(client, ada) == []


def test_nobody_reaches_the_keys_of_others(client: FlaskClient, world: World, ada: dict[str, str]) -> None:
    bob = person("bob")
    world.people.add(bob, None)
    his = token_of(world, bob.subject)
    for kind in ("key", "jwt"):
        made = make(client, ada, format=kind)
        assert client.delete(f"{PATH}/{made['id']}", headers=his).status_code == 404
    assert listed(client, his) == []
    assert len(listed(client, ada)) == 2


def test_a_wallet_of_nobodys_has_keys_too(client: FlaskClient) -> None:
    header = {"Authorization": f"Bearer {dcp_key(client)}"}
    made = make(client, header)
    assert made["subject"] == f"eip155:{A.address}"


def dcp_key(client: FlaskClient) -> str:
    answer = client.post(
        "/api/v0/key",
        headers={"Authorization": f"Basic {A.credentials}"},
        json={"scopes": ["keys", "job:read"]},
    )
    key: str = answer.get_json()["key"]
    return key


def test_an_auth_token_of_a_wallet_makes_no_keys(client: FlaskClient, world: World) -> None:
    signature = sign_text(WALLET.address + "1", WALLET)
    query = {"address": WALLET.address, "expiration": world.soon, "nonce": "1", "signature": signature}
    token = client.get("/api/services/createAuthToken", query_string=query).get_json()["token"]
    answer = client.post(PATH, headers=bearer_header(token), json={})
    assert (answer.status_code, answer.get_json()["error"]) == (403, "insufficient_scope")


@pytest.mark.parametrize("path", [PATH, "/api/v0/key"])
@pytest.mark.parametrize("kind", ["key", "jwt"])
def test_applications_that_act_for_themselves_have_no_keys(
    client: FlaskClient, world: World, path: str, kind: str
) -> None:
    answer = client.post(path, headers=token_of(world, "client:myDIRACClientID"), json={"format": kind})
    assert answer.status_code == 403
    assert world.api_keys.keys == {}


@pytest.mark.parametrize(
    "body",
    [
        {"label": 3},
        {"label": "x" * 256},
        {"expires_in": 0},
        {"expires_in": "60"},
        {"scopes": []},
        {"scopes": ["root"]},
        {"scopes": {"job:read": True}},
        {"format": "pem"},
        {"format": 1},
        {"format": ["jwt"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["key", "jwt"])
def test_members_that_cannot_be(
    client: FlaskClient, ada: dict[str, str], body: dict[str, Any], kind: str
) -> None:
    answer = client.post(PATH, headers=ada, json={"format": kind, **body})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    (member,) = body
    assert member in answer.get_json()["error_description"]
    assert listed(client, ada) == []


@pytest.mark.parametrize("kind", ["key", "jwt"])
def test_no_more_than_the_maker_may(
    client: FlaskClient, world: World, ada: dict[str, str], kind: str
) -> None:
    narrow = token_of(world, person("ada").subject, "keys", "job:read")
    for wanted in ("job:write", "admin"):
        answer = client.post(PATH, headers=narrow, json={"format": kind, "scopes": [wanted]})
        assert (answer.status_code, answer.get_json()["error"]) == (403, "insufficient_scope")
    assert make(client, narrow, format=kind)["scopes"] == ["job:read"]
    unfit = client.get(PATH, headers=token_of(world, person("ada").subject, "job:read"))
    assert (unfit.status_code, unfit.get_json()["error"]) == (403, "insufficient_scope")


def test_refusals_have_the_apis_shape(client: FlaskClient, ada: dict[str, str]) -> None:
    bare = client.get(PATH)
    assert (bare.status_code, bare.get_json()["error"]) == (401, "credential_missing")
    assert bare.headers["WWW-Authenticate"] == 'Bearer realm="tidegate"'
    for body, status in ((b"{", 400), (b"x" * 20_000, 413)):
        answer = client.post(PATH, headers=ada, data=body)
        assert answer.status_code == status
        assert answer.get_json().keys() == {"error", "error_description"}
    missing = client.delete(f"{PATH}/{'0' * 20}", headers=ada)
    assert missing.get_json() == {"error": "not_found", "error_description": "You have no such key."}


def test_no_database_is_503(client: FlaskClient, world: World, ada: dict[str, str]) -> None:
    world.api_keys.is_down = True
    answer = client.get(PATH, headers=ada)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"
