"""`GET|POST /api/services/nonce`. Source: contract 2.1 and section 4."""

import json
from typing import Any

import pytest

from tests.fakes.provider_app import Provider

pytestmark = pytest.mark.clause("ocean 2.1", "ocean 4")

ADDRESS = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
PATH = "/api/services/nonce"


def ask(provider: Provider, address: str = ADDRESS) -> Any:
    answer = provider.client().get(PATH, query_string={"userAddress": address})
    assert answer.status_code == 200
    return json.loads(answer.data)["nonce"]


def errors(answer: Any) -> Any:
    body = json.loads(answer.data)
    assert answer.status_code == 400
    assert (body["message"], body["success"]) == ("Validation error", False)
    assert list(body) == ["errors", "message", "success"]
    return body["errors"]


def test_nonce_is_a_json_number_not_a_string(provider: Provider) -> None:
    provider.ledger.consume("user", ADDRESS, "23")
    answer = provider.client().get(f"{PATH}?userAddress={ADDRESS}")
    assert answer.data == b'{"nonce":23}'
    assert answer.headers["Content-Type"] == "application/json"


def test_asking_for_an_unknown_address_writes_nothing(provider: Provider) -> None:
    assert ask(provider) == 1
    assert provider.ledger.rows == {}


def test_lower_cased_address_does_not_open_a_fresh_counter(provider: Provider) -> None:
    provider.ledger.consume("user", ADDRESS, "23")
    assert ask(provider, ADDRESS.lower()) == 23
    assert ask(provider, "0x" + ADDRESS[2:].upper()) == 23


def test_decimal_nonces_come_back_as_they_are(provider: Provider) -> None:
    provider.ledger.consume("user", ADDRESS, "1644315615.24195")
    answer = provider.client().get(f"{PATH}?userAddress={ADDRESS}")
    assert answer.data == b'{"nonce":1644315615.24195}'


def test_decrypt_nonces_do_not_show(provider: Provider) -> None:
    provider.ledger.consume("decrypt", ADDRESS, "1795295486993079057")
    assert ask(provider) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_query_json_and_form_all_work(provider: Provider, method: str) -> None:
    client = provider.client()
    for arguments in (
        {"query_string": {"userAddress": ADDRESS}},
        {"json": {"userAddress": ADDRESS}},
        {"data": {"userAddress": ADDRESS}},
    ):
        assert client.open(PATH, method=method, **arguments).data == b'{"nonce":1}'


def test_query_stands_over_the_body(provider: Provider) -> None:
    provider.ledger.consume("user", ADDRESS, "23")
    answer = provider.client().post(f"{PATH}?userAddress={ADDRESS}", json={"userAddress": "nobody"})
    assert answer.data == b'{"nonce":23}'


def test_empty_pairs_are_ignored(provider: Provider) -> None:
    assert provider.client().get(f"{PATH}?&&userAddress={ADDRESS}&&").data == b'{"nonce":1}'


@pytest.mark.parametrize("query", ["", "userAddress=", "useraddress=" + ADDRESS, "userAddress"])
def test_missing_or_empty_address(provider: Provider, query: str) -> None:
    found = errors(provider.client().get(f"{PATH}?{query}"))
    assert found == {"userAddress": ["The userAddress field is required."]}


@pytest.mark.parametrize(
    "value",
    [
        "0x990922334",
        ADDRESS[:-1],
        ADDRESS + "0",
        ADDRESS[2:],
        "0X" + ADDRESS[2:],
        ADDRESS + "\n",
        " " + ADDRESS,
        "0x" + "g" * 40,
        "0x" + "٣" * 40,
        "x" * 15_000,
        "http://user:pass@host/",
        "' OR 1=1 --",
    ],
)
def test_malformed_address_is_refused_and_not_echoed(provider: Provider, value: str) -> None:
    answer = provider.client().get(PATH, query_string={"userAddress": value})
    assert errors(answer) == {"userAddress": ["The userAddress must be a valid address."]}
    assert provider.ledger.rows == {}


@pytest.mark.parametrize(
    "query",
    [
        f"userAddress={ADDRESS}&userAddress={ADDRESS}",
        "userAddress=%00",
        "userAddress=%ff%fe",
        f"userAddress={ADDRESS}%00",
        "%ff=1",
        "userAddress=" + "a" * 20_000,
    ],
)
def test_doubled_nul_non_utf8_and_huge_are_refused(provider: Provider, query: str) -> None:
    answer = provider.client().get(f"{PATH}?{query}")
    assert answer.status_code in (400, 413)
    body = json.loads(answer.data)
    assert next(iter(body)) in ("errors", "error")


@pytest.mark.parametrize("value", [None, True, False, 7, 1.5, [ADDRESS], {"a": ADDRESS}, "", "\x00"])
def test_wrong_json_types(provider: Provider, value: Any) -> None:
    answer = provider.client().post(PATH, json={"userAddress": value})
    assert set(errors(answer)) == {"userAddress"}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'"x"', b"7", b"\xff", b"[" * 5000, b'{"userAddress":NaN}', b"{} {}"]
)
def test_broken_json_is_never_a_500(provider: Provider, body: bytes) -> None:
    answer = provider.client().post(PATH, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert json.loads(answer.data)["message"] == "Validation error"


def test_too_large_body_is_413_in_json(provider: Provider) -> None:
    answer = provider.client().post(PATH, data=b" " * 2_000_000, content_type="application/json")
    assert answer.status_code == 413
    assert list(json.loads(answer.data)) == ["error", "context"]
