"""createAuthToken and deleteAuthToken on the wire: shapes and texts of the Ocean contract 0.4 and 9."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from libs.signing import tokens
from libs.signing.personal import sign_text
from tests.fakes.auth_world import OTHER_WALLET, WALLET, World, signed

pytestmark = pytest.mark.clause("ocean 2.14", "ocean 9", "ocean 0.4")

A = WALLET.address
CREATE = "/api/services/createAuthToken"
DELETE = "/api/services/deleteAuthToken"
CONTRACT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
INVALID = "Invalid signature provided. Please check the nonce or documentId."


def create_params(world: World, nonce_text: str = "1", **changes: Any) -> dict[str, Any]:
    signature = sign_text(A + nonce_text, WALLET)
    given = {"address": A, "expiration": world.soon, "nonce": nonce_text, "signature": signature}
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def delete_params(token_text: str, nonce_text: str = "2", **changes: Any) -> dict[str, Any]:
    signature = sign_text(A + nonce_text, WALLET)
    given = {"address": A, "token": token_text, "nonce": nonce_text, "signature": signature}
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def create(client: FlaskClient, world: World, nonce: str = "1") -> str:
    answer = client.get(CREATE, query_string=create_params(world, nonce))
    assert answer.status_code == 200, answer.text
    return str(answer.json["token"])


def assert_e1(answer: TestResponse, errors: dict[str, Any]) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json == {"errors": errors, "message": "Validation error", "success": False}
    assert list(json.loads(answer.text)) == ["errors", "message", "success"]
    assert answer.mimetype == "application/json"


def test_create_answers_a_token_and_nothing_else(client: FlaskClient, world: World) -> None:
    answer = client.get(CREATE, query_string=create_params(world))
    assert answer.status_code == 200
    assert list(answer.json) == ["token"]
    assert answer.headers["Cache-Control"] == "no-store"
    claims = tokens.verify(answer.json["token"], world.keyring.current().verifying)
    assert claims["address"] == A
    assert claims["exp"] == int(world.soon)


def test_seed_example_query_with_empty_pairs(client: FlaskClient, world: World) -> None:
    given = create_params(world)
    query = f"address={A}&&nonce={given['nonce']}&&expiration={world.soon}&signature={given['signature']}"
    assert client.get(f"{CREATE}?{query}").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("where", ["query", "json", "form"])
def test_parameters_may_be_in_query_json_or_form(
    client: FlaskClient, world: World, method: str, where: str
) -> None:
    key = {"query": "query_string", "json": "json", "form": "data"}[where]
    kwargs: dict[str, Any] = {key: create_params(world)}
    if where == "form":
        kwargs["content_type"] = "application/x-www-form-urlencoded"
    assert client.open(CREATE, method=method, **kwargs).status_code == 200


def test_json_numbers_keep_their_text(client: FlaskClient, world: World) -> None:
    body = (
        f'{{"address": "{A}", "expiration": {world.soon}, "nonce": 1644315615.24195,'
        f' "signature": "{sign_text(A + "1644315615.24195", WALLET)}"}}'
    )
    answer = client.post(CREATE, data=body, content_type="application/json")
    assert answer.status_code == 200, answer.text
    assert world.ledger.stored == {A: "1644315615.24195"}


def test_query_wins_over_json(client: FlaskClient, world: World) -> None:
    answer = client.post(CREATE, query_string=create_params(world), json={"nonce": "9", "address": "x"})
    assert answer.status_code == 200


def test_doubled_slash_is_served_without_redirect(client: FlaskClient, world: World) -> None:
    doubled = {"PATH_INFO": CREATE.replace("/api/", "//api//")}
    answer = client.get(CREATE, query_string=create_params(world), environ_overrides=doubled)
    assert answer.status_code == 200


@pytest.mark.parametrize("field", ["address", "expiration", "nonce"])
@pytest.mark.parametrize("value", [None, ""])
def test_missing_or_empty_field(client: FlaskClient, world: World, field: str, value: str | None) -> None:
    answer = client.get(CREATE, query_string=create_params(world, **{field: value}))
    assert_e1(answer, {field: [f"The {field} field is required."]})
    assert world.ledger.asked == []


@pytest.mark.parametrize("value", [None, ""])
def test_missing_signature_is_a_list_of_texts(client: FlaskClient, world: World, value: str | None) -> None:
    answer = client.get(CREATE, query_string=create_params(world, signature=value))
    assert_e1(answer, {"signature": ["The signature field is required.", INVALID]})


def test_auth_token_does_not_replace_the_signature_here(client: FlaskClient, world: World) -> None:
    token = create(client, world)
    answer = client.get(
        CREATE, query_string=create_params(world, "2", signature=None), headers={"AuthToken": token}
    )
    assert_e1(answer, {"signature": ["The signature field is required.", INVALID]})


@pytest.mark.parametrize(
    "names",
    [["address", "expiration", "nonce", "signature"], ["expiration", "nonce"], ["nonce", "signature"]],
)
def test_create_bails_at_the_first_bad_field(client: FlaskClient, world: World, names: list[str]) -> None:
    answer = client.get(CREATE, query_string=create_params(world, **dict.fromkeys(names)))
    assert_e1(answer, {names[0]: [f"The {names[0]} field is required."]})


@pytest.mark.parametrize(
    "names", [["address", "token", "nonce", "signature"], ["token", "nonce"], ["nonce", "signature"]]
)
def test_delete_bails_at_the_first_bad_field(client: FlaskClient, names: list[str]) -> None:
    answer = client.delete(DELETE, query_string=delete_params("x", **dict.fromkeys(names)))
    assert_e1(answer, {names[0]: [f"The {names[0]} field is required."]})


def test_no_parameters_at_all(client: FlaskClient) -> None:
    for answer in (
        client.get(CREATE),
        client.post(CREATE),
        client.delete(DELETE),
        client.post(CREATE, json={}),
    ):
        assert_e1(answer, {"address": ["The address field is required."]})


def test_past_expiration_is_reported_before_nonce_and_signature(client: FlaskClient, world: World) -> None:
    for expiration in ("0", "-1", "1", str(int(world.clock.now()))):
        answer = client.get(
            CREATE, query_string=create_params(world, expiration=expiration, nonce="x", signature="x")
        )
        assert_e1(answer, {"expiration": ["Invalid timestamp provided."]})
    assert world.ledger.asked == []


@pytest.mark.parametrize(
    "value", ["x", "1.5", "1e10", "nan", "inf", " 17", "17 ", "+17", "0x1f", "1" * 19, "\uff11", "--1"]
)
def test_expiration_must_be_an_integer(client: FlaskClient, world: World, value: str) -> None:
    answer = client.get(CREATE, query_string=create_params(world, expiration=value))
    assert_e1(answer, {"expiration": ["The expiration must be an integer."]})


@pytest.mark.parametrize(
    "value", ["x", "1e3", "nan", "inf", "-1", "+1", " 7", "7 ", "0x7", "1" * 31, "\u0661", "1,5", "1."]
)
def test_nonce_must_be_a_number(client: FlaskClient, world: World, value: str) -> None:
    signature = sign_text(A + value, WALLET)
    for answer in (
        client.get(CREATE, query_string=create_params(world, nonce=value, signature=signature)),
        client.delete(DELETE, query_string=delete_params("x", nonce=value, signature=signature)),
    ):
        assert_e1(answer, {"nonce": ["The nonce must be a number."]})
    assert world.ledger.asked == []


@pytest.mark.parametrize("value", ["x", "0x", A[2:], A[:-1], A + "0", "0X" + A[2:], " " + A, "0x" + "g" * 40])
def test_address_must_be_one(client: FlaskClient, world: World, value: str) -> None:
    assert_e1(
        client.get(CREATE, query_string=create_params(world, address=value)),
        {"address": ["The address must be a valid address."]},
    )
    assert_e1(
        client.delete(DELETE, query_string=delete_params("x", address=value)),
        {"address": ["The address must be a valid address."]},
    )


FIELDS = ["address", "expiration", "nonce", "signature", "token", "chainId"]
HOSTILE: list[Any] = [
    [],
    {},
    [1],
    ["x"],
    {"a": 1},
    True,
    False,
    0,
    -1,
    1.5,
    10**400,
    "x" * 20_000,
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\u202e",
    "'; DROP TABLE issued_tokens; --",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "null",
    " ",
    "%00",
    "💥" * 5000,
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_json_value_is_answered_400_with_a_shape(
    client: FlaskClient, world: World, field: str, value: Any
) -> None:
    create_body = json.dumps(create_params(world) | {field: value})
    delete_body = json.dumps(delete_params("x") | {field: value})
    for answer in (
        client.post(CREATE, data=create_body, content_type="application/json"),
        client.delete(DELETE, data=delete_body, content_type="application/json"),
    ):
        assert answer.status_code in (200, 400, 413), answer.text
        if answer.status_code == 200:
            assert field in ("chainId", "token"), "only a parameter that is not used may be anything"
        if answer.status_code == 400:
            assert next(iter(answer.json)) in ("errors", "error")
        assert len(answer.data) < 1000


@pytest.mark.parametrize("field", ["address", "expiration", "nonce", "signature"])
def test_field_given_twice_is_refused(client: FlaskClient, world: World, field: str) -> None:
    given = create_params(world)
    query = urlencode(given) + f"&{field}={quote(given[field])}"
    answer = client.get(f"{CREATE}?{query}")
    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]
    assert world.ledger.asked == []


@pytest.mark.parametrize("field", ["address", "expiration", "nonce", "signature"])
@pytest.mark.parametrize("raw", ["%00", "%ff%fe", "a%00b"])
def test_nul_and_broken_utf8_in_the_query_are_refused(
    client: FlaskClient, world: World, field: str, raw: str
) -> None:
    given = create_params(world)
    del given[field]
    answer = client.get(f"{CREATE}?{field}={raw}&{urlencode(given)}")
    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b"5", b"\xff", b'{"a":NaN}', b"[" * 50_000, b'{"a":1,"a":2}']
)
def test_broken_body_is_refused(client: FlaskClient, body: bytes) -> None:
    for method, path in (("POST", CREATE), ("DELETE", DELETE)):
        answer = client.open(path, method=method, data=body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json["message"] == "Validation error"


def test_huge_body_and_query_are_refused(client: FlaskClient, world: World) -> None:
    answer = client.post(CREATE, data=b"{" + b" " * 100_000 + b"}", content_type="application/json")
    assert answer.status_code == 413
    assert next(iter(answer.json)) == "error"
    answer = client.get(CREATE, query_string=create_params(world, other="x" * 20_000))
    assert answer.status_code == 413


@pytest.mark.parametrize("value", ["x", "-1", "", "1" * 19])
def test_chain_id_is_optional_and_checked(client: FlaskClient, world: World, value: str) -> None:
    answer = client.get(CREATE, query_string=create_params(world, chainId=value))
    if value == "":
        assert answer.status_code == 200
    else:
        assert_e1(answer, {"chainId": ["The chainId must be an integer."]})


def test_wrong_signature_is_one_text_that_echoes_no_signature(client: FlaskClient, world: World) -> None:
    signature = sign_text(A + "1", OTHER_WALLET)
    answer = client.get(CREATE, query_string=create_params(world, signature=signature))
    assert_e1(answer, {"signature": f"Invalid signature for ethereum address {A} and nonce 1."})
    assert signature[2:20] not in answer.text


def test_replay_is_answered_with_the_text_upstreams_tests_compare(client: FlaskClient, world: World) -> None:
    given = create_params(world, "7")
    assert client.get(CREATE, query_string=given).status_code == 200
    again = client.get(CREATE, query_string=given)
    assert_e1(again, {"signature": "Invalid signature expected nonce (7) > current nonce (7)."})


def test_create_signature_cannot_delete_at_once(client: FlaskClient, world: World) -> None:
    token = create(client, world, "7")
    answer = client.delete(DELETE, query_string=delete_params(token, "7"))
    assert_e1(answer, {"signature": "Invalid signature expected nonce (7) > current nonce (7)."})
    assert client.delete(DELETE, query_string=delete_params(token, "8")).status_code == 200


@pytest.mark.parametrize("key", ["query_string", "json"])
def test_delete_then_delete_again(client: FlaskClient, world: World, key: str) -> None:
    token = create(client, world)
    answer = client.delete(DELETE, **{key: delete_params(token, "2")})
    assert answer.status_code == 200
    assert answer.json == {"success": "Token has been deactivated."}
    answer = client.delete(DELETE, **{key: delete_params(token, "3")})
    assert (answer.status_code, answer.json) == (400, {"error": "Token is deleted."})


def test_delete_of_an_expired_token(client: FlaskClient, world: World) -> None:
    token = create(client, world)
    world.clock.time += 4000
    answer = client.delete(DELETE, query_string=delete_params(token, "2"))
    assert (answer.status_code, answer.json) == (400, {"error": "Token is expired."})


@pytest.mark.parametrize("token", ["x", "a.b.c", ".", "..", "x" * 9000, "null", "💥"])
def test_delete_of_garbage(client: FlaskClient, world: World, token: str) -> None:
    answer = client.delete(DELETE, json=delete_params(token))
    assert (answer.status_code, answer.json) == (400, {"error": "Token is invalid."})


def test_delete_of_a_respelled_or_foreign_token(client: FlaskClient, world: World) -> None:
    token = create(client, world)
    world_of_others = World()
    foreign = world_of_others.tokens.create(signed("1"), world.soon)
    theirs = world.tokens.create(signed("1", OTHER_WALLET), world.soon)
    spellings = [
        token + "=",
        token + "==",
        token + " ",
        "+" + token,
        foreign,
        theirs,
        token[:-1],
        token + "A",
    ]
    for number, spelling in enumerate(spellings, 2):
        answer = client.delete(DELETE, json=delete_params(spelling, str(number)))
        assert (answer.status_code, answer.json) == (400, {"error": "Token is invalid."})
    assert world.tokens.introspect(token)


def test_unavailable_parts_are_503_with_retry_after(client: FlaskClient, world: World) -> None:
    token = create(client, world)
    world.store.is_down = True
    answer = client.delete(DELETE, query_string=delete_params(token, "2"))
    assert (answer.status_code, answer.json) == (503, {"error": "Tokens cannot be checked right now."})
    world.ledger.is_down = True
    answer = client.get(CREATE, query_string=create_params(world, "3"))
    assert (answer.status_code, answer.json) == (503, {"error": "Nonces cannot be checked right now."})
    assert answer.headers["Retry-After"] == "1"


def test_contract_wallet_by_chain(client: FlaskClient, world: World) -> None:
    world.contracts.accepts[CONTRACT.lower()] = {(CONTRACT + "1", "0x0102")}
    given = {"address": CONTRACT, "expiration": world.soon, "nonce": "1", "signature": "0x0102"}
    answer = client.get(CREATE, query_string={**given, "chainId": "1"})
    assert_e1(answer, {"chainId": ["Unsupported chain ID 1"]})
    answer = client.get(CREATE, query_string={**given, "chainId": "8996?nonce=5"})
    assert answer.status_code == 200
    claims = tokens.verify(answer.json["token"], world.keyring.current().verifying)
    assert claims["chain_id"] == 8996


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", CREATE),
        ("DELETE", CREATE),
        ("PATCH", CREATE),
        ("GET", DELETE),
        ("POST", DELETE),
        ("PUT", DELETE),
    ],
)
def test_wrong_method_is_e3(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == 405
    assert list(answer.json) == ["error", "context"]
    assert answer.json["context"] is None
    assert "Allow" in answer.headers


def test_head_looks_at_parameters_then_says_405_and_uses_up_no_nonce(
    client: FlaskClient, world: World
) -> None:
    assert client.head(CREATE).status_code == 400
    answer = client.head(CREATE, query_string=create_params(world))
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert world.ledger.asked == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([("GET", CREATE), ("POST", CREATE), ("DELETE", DELETE)]),
    st.dictionaries(
        st.sampled_from([*FIELDS, "other"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text()
        | st.lists(st.text()),
    ),
)
def test_no_parameters_whatever_lead_to_an_error_of_ours(
    client: FlaskClient, route: tuple[str, str], given_params: dict[str, Any]
) -> None:
    answer = client.open(route[1], method=route[0], json=given_params)
    assert answer.status_code == 400
    assert next(iter(answer.json)) in ("error", "errors")


@given(query=st.binary(max_size=200), body=st.binary(max_size=200))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_whatever_lead_to_an_error_of_ours(client: FlaskClient, query: bytes, body: bytes) -> None:
    for method, path in (("POST", CREATE), ("DELETE", DELETE)):
        raw = {"QUERY_STRING": query.decode("latin-1")}
        answer = client.open(path, method=method, environ_overrides=raw, data=body)
        assert answer.status_code == 400


@pytest.mark.parametrize("path", [CREATE + "/", DELETE + "/", "/api/services/other", "/", "/x"])
def test_unknown_route_is_e3(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert list(answer.json) == ["error", "context"]


def test_browsers_may_call(client: FlaskClient, world: World) -> None:
    answer = client.options(CREATE, headers={"Origin": "https://dapp.test"})
    assert answer.status_code == 204
    for answer in (client.get(CREATE), client.get(CREATE, query_string=create_params(world))):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_no_answer_ever_echoes_a_token(client: FlaskClient, world: World) -> None:
    token = create(client, world)
    for changes in ({}, {"nonce": "x"}, {"signature": None}, {"address": "x"}):
        answer = client.delete(DELETE, query_string=delete_params(token, **changes))
        assert token[:30] not in answer.text
        assert token.split(".")[2] not in answer.text
