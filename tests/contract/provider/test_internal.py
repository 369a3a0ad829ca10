"""What the other services ask of the provider: a service token on every route, codes instead of texts."""

import json
from typing import Any

import pytest

from libs.chain.errors import RpcUnavailable
from libs.signing.keys import PrivateKey
from libs.signing.personal import digests, sign_personal, sign_text, text_digest
from services.provider.domain.nonces import LedgerUnavailable
from tests.fakes.provider_app import Provider
from tests.fakes.receipts import FEE_TOKEN

ALICE = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")
WALLET = "0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab"
CONSUME = "/internal/nonces/consume"
LAST = "/internal/nonces/last"
VERIFY = "/internal/contract-signatures/verify"
CHAINS = "/internal/chains"
ROUTES = [CONSUME, LAST, VERIFY]
COMPUTE = {  # tests/contract/provider_compute
    "/internal/compute/authorize",
    "/internal/compute/quote",
    "/internal/compute/grants",
    "/internal/compute/grants/<handle>",
}


def post(provider: Provider, path: str, body: Any, service: str | None = "auth") -> tuple[int, Any]:
    headers = {} if service is None else {"Authorization": f"Bearer {service}"}
    answer = provider.client().post(path, json=body, headers=headers)
    return answer.status_code, json.loads(answer.data)


def test_every_internal_route_wants_a_service_token(provider: Provider) -> None:
    rules = [rule for rule in provider.app.url_map.iter_rules() if rule.rule.startswith("/internal")]
    assert {rule.rule for rule in rules} == {*ROUTES, CHAINS, *COMPUTE}
    for rule in rules:
        for method in rule.methods - {"OPTIONS"}:
            assert provider.client().open(rule.rule, method=method).status_code == 401


@pytest.mark.parametrize("path", ROUTES)
def test_services_that_have_no_business_here_are_403(provider: Provider, path: str) -> None:
    assert post(provider, path, {}, "stranger")[0] == 403
    assert post(provider, path, {}, None)[0] == 401


def test_a_wallet_signature_or_token_opens_nothing_here(provider: Provider) -> None:
    answer = provider.client().post(CONSUME, json={}, headers={"AuthToken": "auth", "Authorization": "auth"})
    assert answer.status_code == 401


def test_consume_once(provider: Provider) -> None:
    body = {"address": ALICE.address, "nonce": "7"}
    assert post(provider, CONSUME, body) == (200, {"consumed": True})
    expected = (409, {"error": "nonce_too_low", "stored": "7", "sent": "7"})
    assert post(provider, CONSUME, body) == expected
    assert post(provider, CONSUME, {**body, "address": ALICE.address.lower()}) == expected
    assert provider.ledger.rows == {("user", ALICE.address): "7"}


def test_consume_numbers_keep_their_text(provider: Provider) -> None:
    raw = json.dumps({"address": ALICE.address, "nonce": "N"}).replace('"N"', "1644315615.250")
    headers = {"Authorization": "Bearer compute", "Content-Type": "application/json"}
    assert provider.client().post(CONSUME, data=raw, headers=headers).status_code == 200
    assert provider.ledger.rows == {("user", ALICE.address): "1644315615.250"}


def test_scopes(provider: Provider) -> None:
    body = {"address": ALICE.address, "nonce": "7", "scope": "decrypt"}
    assert post(provider, CONSUME, body)[0] == 200
    assert provider.ledger.rows == {("decrypt", ALICE.address): "7"}
    assert post(provider, CONSUME, {**body, "scope": "mine"}) == (
        400,
        {"error": "bad_request", "field": "scope"},
    )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"address": "me"}, {"error": "malformed_address"}),
        ({"nonce": "1e3"}, {"error": "malformed_nonce"}),
        ({"nonce": None}, {"error": "bad_request", "field": "nonce"}),
        ({"nonce": ["1"]}, {"error": "bad_request", "field": "nonce"}),
        ({"address": None}, {"error": "bad_request", "field": "address"}),
        ({"scope": ["user"]}, {"error": "bad_request", "field": "scope"}),
        ({"address": "a\x00"}, {"error": "bad_request", "field": "address"}),
    ],
)
def test_consume_refuses_what_was_not_agreed(
    provider: Provider, changes: dict[str, Any], error: dict[str, str]
) -> None:
    body = {"address": ALICE.address, "nonce": "7", **changes}
    assert post(provider, CONSUME, body) == (400, error)
    assert provider.ledger.rows == {}


def test_the_plain_call_and_the_usual_way_give_the_same_answers(provider: Provider) -> None:
    plain = {"scope": "user", "address": ALICE.address, "nonce": "7"}
    usual = {**plain, "unknown": "ignored"}
    assert post(provider, CONSUME, plain) == (200, {"consumed": True})
    too_low = (409, {"error": "nonce_too_low", "stored": "7", "sent": "7"})
    assert post(provider, CONSUME, plain) == post(provider, CONSUME, usual) == too_low
    assert post(provider, CONSUME, {**usual, "nonce": "8"}) == (200, {"consumed": True})
    assert post(provider, CONSUME, {**plain, "nonce": "8"})[0] == 409
    assert post(provider, CONSUME, {**plain, "nonce": "9"}, "stranger")[0] == 403
    assert post(provider, CONSUME, {**plain, "nonce": "9"}, None)[0] == 401
    assert provider.ledger.rows == {("user", ALICE.address): "8"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 900,
        b'{"scope":["user"],"address":"a","nonce":"1"}',
        b'{"scope":{},"address":"a","nonce":"1"}',
        b'{"scope":"user","address":"\\ud800","nonce":"1"}',
        b'{"scope":"user","address":"a\\u0000","nonce":"1"}',
        b'{"scope":"user","address":null,"nonce":"1"}',
        b'["scope","address","nonce"]',
    ],
)
def test_hostile_bodies_use_nothing_up(provider: Provider, raw: bytes) -> None:
    headers = {"Authorization": "Bearer auth", "Content-Type": "application/json"}
    answer = provider.client().post(CONSUME, data=raw, headers=headers)
    assert answer.status_code == 400
    assert json.loads(answer.data)["error"] in ("bad_request", "malformed_address")
    assert provider.ledger.rows == {}


def test_last(provider: Provider) -> None:
    body = {"address": ALICE.address}
    assert post(provider, LAST, body) == (200, {"nonce": None, "shown": "1"})
    provider.ledger.consume("user", ALICE.address, "1795295486993079057")
    status, answer = post(provider, LAST, body)
    assert (status, answer["nonce"]) == (200, "1795295486993079057")
    assert int(answer["shown"]) > 1795295486993079057
    got = provider.client().get(
        LAST, query_string={**body, "scope": "decrypt"}, headers={"Authorization": "Bearer compute"}
    )
    assert json.loads(got.data) == {"nonce": None, "shown": "1"}


def test_ledger_trouble_is_503(provider: Provider) -> None:
    def broken(*_: str) -> None:
        raise LedgerUnavailable

    provider.ledger.consume = broken
    body = {"address": ALICE.address, "nonce": "7"}
    assert post(provider, CONSUME, body) == (503, {"error": "ledger_unavailable"})


def test_plain_accounts_verify(provider: Provider) -> None:
    body = {"address": ALICE.address, "message": "hello", "signature": sign_text("hello", ALICE)}
    expected = {"valid": True, "chain_id": 8996, "message": "hello"}
    assert post(provider, VERIFY, body) == (200, expected)
    several = {**body, "messages": ["other", "hello"]}
    assert post(provider, VERIFY, several) == (200, expected)
    wrong = {"valid": False, "chain_id": 8996, "message": None}
    assert post(provider, VERIFY, {**body, "message": "other"}) == (200, wrong)
    assert provider.ledger.rows == {}


def test_contract_wallets_verify_on_the_chain_named(provider: Provider) -> None:
    provider.chain.contract_signatures.add((WALLET, digests("hello")[0], b"\x01\x02"))
    body = {"address": WALLET, "message": "hello", "signature": "0x0102", "chain_id": 8996}
    assert post(provider, VERIFY, body)[1]["valid"] is True
    assert post(provider, VERIFY, {**body, "signature": "0x0103"})[1]["valid"] is False
    assert post(provider, VERIFY, {**body, "chain_id": 1}) == (400, {"error": "unknown_chain"})
    provider.chain.error = RpcUnavailable("down")
    assert post(provider, VERIFY, body) == (502, {"error": "chain_unavailable"})


def test_texts_that_were_signed_as_they_stand(provider: Provider) -> None:
    body = {"address": ALICE.address, "message": "hello", "signature": sign_personal("hello", ALICE)}
    assert post(provider, VERIFY, {**body, "signed": "text"})[1]["valid"] is True
    for hashed in (body, {**body, "signed": "hash"}):
        assert post(provider, VERIFY, hashed)[1]["valid"] is False
    provider.chain.contract_signatures.add((WALLET, text_digest("hello"), b"\x01\x02"))
    contract = {"address": WALLET, "message": "hello", "signature": "0x0102"}
    assert post(provider, VERIFY, {**contract, "signed": "text"})[1]["valid"] is True
    assert post(provider, VERIFY, contract)[1]["valid"] is False


def test_chains_for_services_only(provider: Provider) -> None:
    def get(service: str) -> tuple[int, Any]:
        answer = provider.client().get(CHAINS, headers={"Authorization": f"Bearer {service}"})
        return answer.status_code, json.loads(answer.data)

    assert get("auth") == (200, {"chain_ids": [8996], "fee_tokens": {"8996": FEE_TOKEN}})
    assert get("stranger")[0] == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"signed": "both"}, "signed"),
        ({"signed": ["text"]}, "signed"),
        ({"messages": []}, "messages"),
        ({"messages": ["x"] * 9}, "messages"),
        ({"messages": [["x"]]}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"message": None}, "message"),
        ({"signature": None}, "signature"),
        ({"signature": 7.5, "address": None}, "address"),
        ({"chain_id": "x"}, "chain_id"),
        ({"chain_id": -1}, "chain_id"),
        ({"chain_id": True}, "chain_id"),
    ],
)
def test_verify_refuses_what_was_not_agreed(provider: Provider, changes: dict[str, Any], field: str) -> None:
    body = {"address": WALLET, "message": "hello", "signature": "0x0102", **changes}
    assert post(provider, VERIFY, body) == (400, {"error": "bad_request", "field": field})


@pytest.mark.parametrize("path", ["/internal/nothing", "/internal/nonces"])
def test_unknown_internal_paths(provider: Provider, path: str) -> None:
    assert post(provider, path, {}) == (404, {"error": "http_404"})
