"""What is sent to the provider's internal routes, and that no odd answer is ever taken for a yes."""

import json
from decimal import Decimal
from typing import Any

import pytest

from libs.web.internal_client import PeerUnavailable, Reply
from services.compute.adapters.grant_stream import GrantStream
from services.compute.adapters.provider_http import NO_TOKEN, ProviderHttp
from services.compute.domain.environments import Environment
from services.compute.ports.provider import (
    AlgorithmUse,
    AssetUse,
    GrantedFile,
    NonceTooLow,
    ProviderUnavailable,
    QuoteRequest,
    StartRequest,
    UseRefused,
)

A = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
ENVIRONMENT = Environment(
    id="env2", engine="docker", price_per_minute=Decimal("0.10"), consumer_address=A, chain_ids=(8996,)
)
FACTS = {
    "id": "env2",
    "consumer_address": A,
    "price_per_minute": "0.10",
    "fee_token": None,
    "max_job_seconds": 3600,
    "chain_ids": [8996],
}
DATASET = AssetUse(document_id="did:op:1", service_id="0", transfer_tx_id="0x12", userdata={"a": 1})
RAW = AlgorithmUse(document_id=None, meta={"rawcode": "x"}, custom_data='{"n":1}')
START = StartRequest(consumer=A, environment=ENVIRONMENT, datasets=[DATASET], algorithm=RAW, job="ab" * 16)
ANSWER: dict[str, Any] = {
    "chain_id": 8996,
    "agreement_id": "0x12",
    "paid_seconds": 60,
    "valid_until": 1_700_000_000,
    "network": True,
    "pins_image": False,
    "container": {"entrypoint": "x"},
    "raw_code": None,
    "datasets": [
        {
            "did": "did:op:1",
            "service_id": "0",
            "ddo": {"id": "did:op:1"},
            "userdata": None,
            "files": [{"index": 0, "handle": "h"}],
        }
    ],
    "algorithm": None,
}


class ScriptedClient:
    """An InternalClient whose next answer is given; remembers what was sent."""

    def __init__(self, status: int = 200, body: Any = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.reply = Reply("provider", status, {}, content)
        self.sent: list[tuple[str, str, Any]] = []

    def post(self, path: str, body: Any) -> Reply:
        return self._answer("POST", path, body)

    def get(self, path: str, params: Any = None) -> Reply:
        return self._answer("GET", path, params)

    def request(self, method: str, path: str) -> Reply:
        return self._answer(method, path, None)

    def _answer(self, method: str, path: str, sent: Any) -> Reply:
        self.sent.append((method, path, sent))
        return self.reply


class DeadClient(ScriptedClient):
    def _answer(self, method: str, path: str, sent: Any) -> Reply:
        raise PeerUnavailable("provider", "ConnectionRefusedError")


def provider(client: Any) -> ProviderHttp:
    return ProviderHttp(client, GrantStream("http://127.0.0.1:1", None))


def test_a_start_is_asked_with_all_that_decides_it() -> None:
    client = ScriptedClient(200, ANSWER)
    found = provider(client).authorize(START)
    asset = {"documentId": "did:op:1", "serviceId": "0", "transferTxId": "0x12", "userdata": {"a": 1}}
    assert client.sent == [
        (
            "POST",
            "/internal/compute/authorize",
            {
                "consumer": A,
                "job": "ab" * 16,
                "environment": FACTS,
                "datasets": [asset],
                "algorithm": {"meta": {"rawcode": "x"}},
            },
        )
    ]
    assert (found.agreement_id, found.paid_seconds, found.network, found.algorithm) == (
        "0x12",
        60,
        True,
        None,
    )
    assert found.datasets[0].files == (GrantedFile(index=0, handle="h"),)


def test_a_quotes_answer_is_passed_on_as_it_is() -> None:
    client = ScriptedClient(200, {"datasets": [{"validOrder": "0x1"}]})
    request = QuoteRequest(
        consumer=A, environment=ENVIRONMENT, valid_until=5, datasets=[DATASET], algorithm=RAW
    )
    assert provider(client).quote(request) == {"datasets": [{"validOrder": "0x1"}]}
    assert client.sent[0][2]["valid_until"] == 5


def test_a_refusal_keeps_its_words_and_facts() -> None:
    body = {"refused": {"resource": "dataset.serviceId", "code": "order_invalid", "reason": "expired"}}
    with pytest.raises(UseRefused) as refused:
        provider(ScriptedClient(422, body)).authorize(START)
    error = refused.value
    assert (error.resource, error.code, error.extra) == (
        "dataset.serviceId",
        "order_invalid",
        {"reason": "expired"},
    )
    with pytest.raises(UseRefused) as refused:
        provider(ScriptedClient(422, {"refused": {"resource": None, "code": "text"}})).authorize(START)
    assert refused.value.resource is None


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 403, 404, 429])
def test_any_other_answer_is_no_yes(status: int) -> None:
    with pytest.raises(ProviderUnavailable):
        provider(ScriptedClient(status, ANSWER)).authorize(START)


@pytest.mark.parametrize("name", ANSWER)
@pytest.mark.parametrize("value", ["absent", "x", [3]])
def test_an_answer_that_is_not_what_was_agreed_is_no_yes(name: str, value: Any) -> None:
    answer = {**ANSWER, name: value}
    if value == "absent":
        del answer[name]
    try:
        found = provider(ScriptedClient(200, answer)).authorize(START)
    except ProviderUnavailable:
        return
    # Texts are texts, and only `true` is true.
    assert (name, value) in (("agreement_id", "x"), ("raw_code", "x")) or name in ("network", "pins_image")
    assert not found.pins_image


@pytest.mark.parametrize("body", [b"<html>", b"[]", {"refused": 1}, {"refused": {"code": 1}}, {}])
def test_a_refusal_that_cannot_be_read_is_no_refusal(body: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        provider(ScriptedClient(422, body)).authorize(START)


def test_a_provider_that_is_away_is_told_by_every_call() -> None:
    dead = provider(DeadClient())
    calls: list[Any] = [
        lambda: dead.authorize(START),
        lambda: dead.end_grants("ab" * 16),
        lambda: dead.consume_nonce(A, "1"),
        lambda: dead.last_nonce(A),
        lambda: dead.signed_message(A, ["m"], "0x1"),
        dead.fee_tokens,
    ]
    for call in calls:
        with pytest.raises(ProviderUnavailable):
            call()


def test_nonces() -> None:
    client = ScriptedClient(200, {"consumed": True})
    provider(client).consume_nonce(A, "1.50")
    expected = {"scope": "user", "address": A, "nonce": "1.50"}
    assert client.sent == [("POST", "/internal/nonces/consume", expected)]
    with pytest.raises(NonceTooLow) as low:
        provider(ScriptedClient(409, {"stored": "9"})).consume_nonce(A, "7")
    assert (low.value.stored, low.value.sent) == ("9", "7")
    with pytest.raises(UseRefused):
        provider(ScriptedClient(400, {"error": "malformed_nonce"})).consume_nonce(A, "x")
    assert provider(ScriptedClient(200, {"nonce": None, "shown": "1"})).last_nonce(A) == "1"
    with pytest.raises(ProviderUnavailable):
        provider(ScriptedClient(200, {"nonce": None})).last_nonce(A)


def test_a_contract_wallet_signed_one_of_our_texts_or_none() -> None:
    texts = ["one", "two"]
    yes = ScriptedClient(200, {"valid": True, "message": "two"})
    assert provider(yes).signed_message(A, texts, "0x12") == "two"
    for answer in ({"valid": True, "message": "three"}, {"valid": 1, "message": "two"}, {"valid": False}):
        assert provider(ScriptedClient(200, answer)).signed_message(A, texts, "0x12") is None


def test_fee_tokens_by_chain() -> None:
    answer = {"chain_ids": [8996, 1], "fee_tokens": {"8996": A}}
    assert provider(ScriptedClient(200, answer)).fee_tokens() == {8996: A, 1: NO_TOKEN}
    assert provider(ScriptedClient(200, {"chain_ids": [1]})).fee_tokens() == {1: NO_TOKEN}
    for bad in ({}, {"chain_ids": ["1"]}, {"chain_ids": [True]}):
        with pytest.raises(ProviderUnavailable):
            provider(ScriptedClient(200, bad)).fee_tokens()


def test_grants_end_by_job() -> None:
    client = ScriptedClient(200, {"ended": 2})
    provider(client).end_grants("ab" * 16)
    assert client.sent == [("DELETE", "/internal/compute/grants?job=" + "ab" * 16, None)]
