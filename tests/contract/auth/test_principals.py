"""POST /internal/principals and GET /internal/stamps: what the other services ask auth about a credential."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.web.principal import principal_of
from services.auth.app import create_app
from services.auth.domain.people import TooManyGuesses
from services.auth.domain.stamps import bucket_of
from services.auth.usecases.principals import Found, Principals
from tests.fakes.auth_world import WALLET, World, signed

PRINCIPALS, STAMPS = "/internal/principals", "/internal/stamps/"
SUBJECT = f"eip155:{WALLET.address}"
BUCKET = bucket_of(SUBJECT)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.deps()).test_client()


@pytest.fixture
def headers(world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.service_tokens.mint('compute')}"}


def test_a_token_comes_back_as_a_principal_with_its_stamp(
    world: World, client: FlaskClient, headers: dict[str, str]
) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    asked = {"kind": "bearer", "value": token, "window": "native", "peer": "203.0.113.9"}
    answer = client.post(PRINCIPALS, json=asked, headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert set(answer.json) == {"principal", "stamp", "remember_until", "bound_to"}
    assert principal_of(answer.json["principal"]).subject == SUBJECT
    buckets, _, values = answer.json["stamp"].partition(":")
    assert buckets == str(BUCKET)
    assert client.get(STAMPS + buckets, headers=headers).text == values
    world.tokens.delete(signed("2"), token)
    assert client.get(STAMPS + buckets, headers=headers).text != values
    refused = client.post(PRINCIPALS, json=asked, headers=headers)
    assert refused.status_code == 200
    assert refused.json == {"refused": "invalid_token", "description": "The credential is not valid."}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "bearer"},
        {"value": "x"},
        {"kind": "bearer", "value": ""},
        {"kind": "bearer", "value": None},
        {"kind": "bearer", "value": "x", "peer": ["203.0.113.9"]},
        {"kind": ["bearer"], "value": "x"},
        {"kind": "bearer", "value": {"a": 1}},
        {"kind": "bearer", "value": "x" * 70_000},
        [],
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_something_else_than_agreed_is_400(
    client: FlaskClient, headers: dict[str, str], body: object
) -> None:
    assert client.post(PRINCIPALS, json=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "path", ["", "256", "-1", "1.", ".1", "1..2", "0." * 64 + "0", "x", "1,2", "9999", "01.2x"]
)
def test_buckets_that_do_not_exist(client: FlaskClient, headers: dict[str, str], path: str) -> None:
    assert client.get(STAMPS + path, headers=headers).status_code in (400, 404)


def test_several_buckets_in_one_question(world: World, client: FlaskClient, headers: dict[str, str]) -> None:
    world.people.stamps.move(SUBJECT)
    answer = client.get(f"{STAMPS}{BUCKET}.{(BUCKET + 1) % 256}", headers=headers)
    assert (answer.status_code, answer.text) == (200, "2.1")


@pytest.mark.parametrize("authorization", [None, "Bearer x", "Basic eA==", "Bearer eyJhbGciOiJub25lIn0.e30."])
@pytest.mark.parametrize("path", ["7", "nonsense"])
def test_stamps_are_for_services(client: FlaskClient, authorization: str | None, path: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert client.get(STAMPS + path, headers=headers).status_code == 401


def test_a_users_token_is_no_service_token(world: World, client: FlaskClient) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    assert client.get(f"{STAMPS}7", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.post(PRINCIPALS, json={}, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_fast_answer_is_measured_and_named_like_any_other(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.get(f"{STAMPS}7", headers={**headers, "X-Request-Id": "from-compute-1"})
    assert answer.headers["X-Request-Id"] == "from-compute-1"
    assert 'route="/internal/stamps/<buckets>"' in client.get("/metrics").text
    assert client.head(f"{STAMPS}7", headers=headers).status_code == 200
    assert client.post(f"{STAMPS}7", headers=headers).status_code == 405


def test_a_database_that_is_away_is_503_for_both(
    world: World, client: FlaskClient, headers: dict[str, str]
) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    world.people.stamps.is_down = True
    answers = [
        client.post(PRINCIPALS, json={"kind": "bearer", "value": token}, headers=headers),
        client.get(f"{STAMPS}7", headers=headers),
    ]
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "1")] * 2


class Locked:
    def accepts(self, value: str) -> bool:
        return True

    def resolve(self, value: str, peer: str) -> Found:
        raise TooManyGuesses(37)


def test_a_lock_is_429_with_its_time(world: World, headers: dict[str, str]) -> None:
    world.principals = Principals({"basic": [Locked()]}, world.people.stamps, world.keyring, world.clock)
    app: Flask = create_app(world.deps())
    answer = app.test_client().post(PRINCIPALS, json={"kind": "basic", "value": "x"}, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "37")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(min_size=1, max_size=300), kind=st.sampled_from(["bearer", "basic", "certificate"]))
def test_no_value_whatever_is_an_error_of_ours(
    client: FlaskClient, headers: dict[str, str], value: str, kind: str
) -> None:
    answer = client.post(PRINCIPALS, json={"kind": kind, "value": value}, headers=headers)
    assert answer.status_code in (200, 400, 429)  # texts that read as a keystore are counted guesses
    assert answer.status_code != 200 or "refused" in answer.json
