"""What other services rely on: service tokens, introspection, the key set; and that nobody else gets in."""

import base64
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from libs.signing import tokens
from services.auth.app import create_app
from services.auth.dialects.internal import errors as internal_errors
from services.auth.dialects.native import errors as native_errors
from services.auth.dialects.ocean import errors as ocean_errors
from services.auth.domain.errors import AuthError
from services.auth.domain.people import Person, PersonState
from services.auth.domain.signing_keys import KeyState, StoredKey
from services.auth.domain.wallets import SignedRequest
from services.auth.usecases.keyring import RELOAD_SECONDS
from tests.fakes.auth_world import ISSUER, PROVIDER_SECRET, WALLET, World, signed

TOKEN = "/internal/token"
INTROSPECT = "/internal/auth-tokens/introspect"
A = WALLET.address
GRANT = {"grant_type": "client_credentials"}
FORM = "application/x-www-form-urlencoded"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def service(world: World, name: str = "provider") -> dict[str, str]:
    return {"Authorization": "Bearer " + world.service_tokens.mint(name)}


def test_service_token_by_client_credentials(client: FlaskClient, world: World) -> None:
    answer = client.post(TOKEN, data=GRANT, headers=basic("provider", PROVIDER_SECRET), content_type=FORM)
    assert answer.status_code == 200
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 600
    assert answer.headers["Cache-Control"] == "no-store"
    claims = tokens.verify(answer.json["access_token"], world.keyring.current().verifying)
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, "service:provider", "internal")


BAD_CREDENTIALS: list[dict[str, str]] = [
    {},
    basic("provider", "wrong"),
    basic("nobody", PROVIDER_SECRET),
    basic("", ""),
    basic("provider", ""),
    basic("compute", PROVIDER_SECRET),
    {"Authorization": "Basic"},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Basic " + base64.b64encode(b"provider").decode()},
    {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
    {"Authorization": f"Bearer {PROVIDER_SECRET}"},
    {"Authorization": "Digest username=provider"},
    {"Authorization": "x" * 5000},
]


@pytest.mark.parametrize("headers", BAD_CREDENTIALS, ids=range(len(BAD_CREDENTIALS)))
def test_bad_credentials_are_401(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post(TOKEN, data=GRANT, headers=headers, content_type=FORM)
    assert (answer.status_code, answer.json) == (401, {"error": "invalid_client"})
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_secret_in_body_or_query_does_not_count(client: FlaskClient) -> None:
    given = {**GRANT, "client_id": "provider", "client_secret": PROVIDER_SECRET}
    assert client.post(TOKEN, data=given, content_type=FORM).status_code == 401
    assert client.post(TOKEN, query_string=given).status_code == 401


@pytest.mark.parametrize("grant", [{}, {"grant_type": ""}, {"grant_type": "password"}, {"grant_type": ["x"]}])
def test_other_grants_are_refused(client: FlaskClient, grant: dict[str, Any]) -> None:
    answer = client.post(TOKEN, json=grant, headers=basic("provider", PROVIDER_SECRET))
    assert answer.status_code == 400
    assert answer.json["error"] in ("unsupported_grant_type", "invalid_request")


def test_broken_body_is_invalid_request(client: FlaskClient) -> None:
    headers = basic("provider", PROVIDER_SECRET)
    for body in (b"{", b"\xff", b"grant_type=a&grant_type=b", b"x" * 10_000):
        answer = client.post(TOKEN, data=body, headers=headers, content_type=FORM)
        assert answer.status_code == 400
        assert answer.json["error"] in ("unsupported_grant_type", "invalid_request")


def test_introspection_of_a_living_token(client: FlaskClient, world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    answer = client.post(INTROSPECT, json={"token": token}, headers=service(world))
    assert answer.status_code == 200
    jti = tokens.verify(token, world.keyring.current().verifying)["jti"]
    assert answer.json == {
        "active": True,
        "jti": jti,
        "sub": "eip155:" + A,
        "address": A,
        "exp": int(world.soon),
    }


def test_introspection_of_a_contract_wallets_token_names_its_chain(client: FlaskClient, world: World) -> None:
    contract = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
    world.contracts.accepts[contract.lower()] = {(contract + "1", "0x0102")}
    token = world.tokens.create(SignedRequest(contract, "1", "0x0102"), world.soon)
    answer = client.post(INTROSPECT, json={"token": token}, headers=service(world))
    assert (answer.json["address"], answer.json["chain_id"]) == (contract, 8996)


def test_without_a_key_to_sign_nothing_is_made_but_all_is_verified(client: FlaskClient, world: World) -> None:
    headers, token = service(world), world.tokens.create(signed("0"), world.soon)
    only = world.key_store.keys[0]
    world.key_store.keys = [StoredKey(only.kid, KeyState.RETIRED, only.public_jwk, only.private_sealed)]
    request = signed("1")
    world.clock.time += RELOAD_SECONDS + 1
    given = {"address": A, "expiration": world.soon, "nonce": "1", "signature": request.signature}
    answer = client.get("/api/services/createAuthToken", query_string=given)
    assert (answer.status_code, answer.json) == (503, {"error": "Tokens cannot be made right now."})
    answer = client.post(TOKEN, data=GRANT, headers=basic("provider", PROVIDER_SECRET), content_type=FORM)
    assert (answer.status_code, answer.json) == (503, {"error": "no_signing_key"})
    answer = client.post(INTROSPECT, json={"token": token}, headers=headers)
    assert answer.json["active"] is True, "what was signed before still counts"
    assert len(client.get("/.well-known/jwks.json").json["keys"]) == 1


# Whose errors the use cases behind these two rooms raise.
RAISED_HERE = {
    f"services.auth.domain.{name}"
    for name in ("errors", "service_clients", "signing_keys", "tokens", "wallets")
}


def _all_kinds(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(*(_all_kinds(kind) for kind in root.__subclasses__()))


def test_every_error_of_ours_has_an_answer_in_a_room() -> None:
    rooms = (
        ocean_errors.RESPONSES,
        ocean_errors.FIELD_RESPONSES,
        internal_errors.RESPONSES,
        native_errors.RESPONSES,
    )
    answered: set[type[Exception]] = {kind for table in rooms for kind in table}
    answered.add(internal_errors.BadRequest)
    raised = {kind for kind in _all_kinds(AuthError) if kind.__module__ in RAISED_HERE}
    assert raised - answered == {AuthError}


def test_deleted_token_is_inactive_at_once_in_every_spelling(client: FlaskClient, world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    world.tokens.delete(signed("2"), token)
    for spelling in (token, token + "=", token + "==", token + "\n"):
        answer = client.post(INTROSPECT, json={"token": spelling}, headers=service(world))
        assert (answer.status_code, answer.json) == (200, {"active": False})


def test_inactive_tokens(client: FlaskClient, world: World) -> None:
    expired = world.tokens.create(signed("1"), str(int(world.clock.now()) + 1))
    world.clock.time += 2
    foreign = World().tokens.create(signed("1"), world.soon)
    for token in (expired, foreign, world.service_tokens.mint("provider"), "x", "a.b.c", "💥", "x" * 9000):
        answer = client.post(INTROSPECT, json={"token": token}, headers=service(world))
        assert (answer.status_code, answer.json) == (200, {"active": False})


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": None}, {"token": 5.5}, {"token": []}, [], None]
)
def test_introspection_without_a_token_is_400_or_inactive(
    client: FlaskClient, world: World, body: Any
) -> None:
    answer = client.post(INTROSPECT, data=json.dumps(body), headers=service(world))
    assert (answer.status_code, answer.json) in [
        (400, {"error": "invalid_request"}),
        (200, {"active": False}),
    ]


def test_introspection_when_the_database_is_away_is_503_and_never_a_yes(
    client: FlaskClient, world: World
) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    world.store.is_down = True
    answer = client.post(INTROSPECT, json={"token": token}, headers=service(world))
    assert (answer.status_code, answer.json) == (503, {"error": "store_unavailable"})


def test_introspection_wants_a_service_token(client: FlaskClient, world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    others = [
        {},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {World().service_tokens.mint('provider')}"},
        basic("provider", PROVIDER_SECRET),
        {"Authorization": "Bearer"},
    ]
    for headers in others:
        answer = client.post(INTROSPECT, json={"token": token}, headers=headers)
        assert answer.status_code == 401
    headers = service(world)
    world.clock.time += 3600
    assert client.post(INTROSPECT, json={"token": token}, headers=headers).status_code == 401


def test_key_set(client: FlaskClient, world: World) -> None:
    answer = client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert len(answer.json["keys"]) == 1
    assert set(answer.json["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    token = world.tokens.create(signed("1"), world.soon)
    assert tokens.verify(token, answer.json)["address"] == A


def test_every_route_for_services_wants_a_service_token(world: World) -> None:
    """But the one that hands them out. Every other route: tests/contract/openapi/test_gate.py."""
    app: Flask = create_app(world.deps())
    client = app.test_client()
    inner = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/internal/")]
    assert len(inner) > 3
    for rule in inner:
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert client.open(rule.rule, method=method, json={}).status_code == 401, rule.rule


def test_unknown_internal_route_has_the_internal_shape(client: FlaskClient) -> None:
    assert client.get("/internal/x").json == {"error": "http_404"}
    assert client.get("/internal/token").json == {"error": "http_405"}


def person(letter: str, email: str | None) -> Person:
    return Person(
        id=letter * 32,
        username=letter,
        display_name=letter,
        email=email,
        state=PersonState.ACTIVE,
        is_admin=False,
        version=1,
        created_at=0.0,
    )


def test_compute_asks_where_people_are_written_to_and_nobody_else(client: FlaskClient, world: World) -> None:
    ada, bob = person("a", "ada@example.org"), person("b", None)
    for known in (ada, bob):
        world.people.add(known, None)
    world.people.link_wallet(ada.id, A)

    def asked(subject: str, name: str = "compute") -> Any:
        return client.get(f"/internal/mail-addresses/{subject}", headers=service(world, name))

    for subject in (ada.subject, f"eip155:{A}"):
        assert asked(subject).json == {"email": "ada@example.org"}
    for subject in (bob.subject, "person:" + "0" * 32, "client:x", "eip155:0x", "x", "person:"):
        assert asked(subject).json == {"email": None}
    assert asked(ada.subject, "provider").status_code == 403
    assert client.get(f"/internal/mail-addresses/{ada.subject}").status_code == 401
    world.people.change(ada.id, state=PersonState.DISABLED)
    assert asked(ada.subject).json == {"email": None}


def test_compute_asks_who_has_a_name(client: FlaskClient, world: World) -> None:
    ada = person("a", "ada@example.org")
    world.people.add(ada, None)
    world.people.change(ada.id, virtual_clusters=("gpu", "default"))

    def asked(name: str, service_name: str = "compute") -> Any:
        return client.get(f"/internal/people/{name}", headers=service(world, service_name))

    found = asked("a").json["principal"]
    assert (found["subject"], found["name"], found["virtual_clusters"]) == (
        ada.subject,
        "a",
        ["default", "gpu"],
    )
    assert (found["scopes"], found["is_admin"]) == ([], False)
    assert "example.org" not in str(found)
    assert asked("nobody").json == {"principal": None}
    assert asked("a", "provider").status_code == 403
    world.people.change(ada.id, state=PersonState.DISABLED)
    assert asked("a").json == {"principal": None}


def test_compute_asks_who_was_removed(client: FlaskClient, world: World) -> None:
    ada, bob = person("a", None), person("b", None)
    for known in (ada, bob):
        world.people.add(known, None)
    world.people.change(ada.id, state=PersonState.REMOVED)
    world.people.change(bob.id, state=PersonState.DISABLED)

    def asked(body: Any, name: str = "compute") -> Any:
        return client.post("/internal/removed-people", json=body, headers=service(world, name))

    subjects = [ada.subject, bob.subject, "person:" + "0" * 32, f"eip155:{A}", "client:x", "person:", ""]
    assert asked({"subjects": subjects}).json == {"removed": [ada.subject]}
    assert asked({"subjects": []}).json == {"removed": []}
    for wrong in ({}, {"subjects": "x"}, {"subjects": [1]}, {"subjects": ["x"] * 501}):
        assert (asked(wrong).status_code, asked(wrong).json) == (400, {"error": "invalid_request"})
    assert asked({"subjects": []}, "provider").status_code == 403
