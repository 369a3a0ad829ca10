import json
from typing import Any

import pytest

from libs.web.internal_client import PeerUnavailable, Reply
from services.auth.adapters.provider_http import (
    REMEMBER_SECONDS,
    ProviderChains,
    ProviderContractWallets,
    ProviderLedger,
)
from services.auth.domain.errors import LedgerUnavailable
from services.auth.domain.wallets import NonceTooLow, Proof, SignedRequest, UnsupportedChain
from tests.fakes.auth import FrozenClock

A = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"


class ScriptedClient:
    """An InternalClient whose next answer is given; remembers what was sent."""

    def __init__(self, status: int, body: Any) -> None:
        self.reply = Reply(
            "provider", status, {}, body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        self.sent: list[tuple[str, Any]] = []

    def post(self, path: str, body: Any) -> Reply:
        self.sent.append((path, body))
        return self.reply

    def get(self, path: str) -> Reply:
        self.sent.append((path, None))
        return self.reply


class DeadClient:
    def post(self, path: str, body: Any) -> Reply:
        raise PeerUnavailable("provider", "ConnectionRefused")

    def get(self, path: str) -> Reply:
        raise PeerUnavailable("provider", "ConnectionRefused")


def ledger(client: Any) -> ProviderLedger:
    return ProviderLedger(client)


def wallets(client: Any) -> ProviderContractWallets:
    return ProviderContractWallets(client)


def test_consume_names_scope_address_and_nonce() -> None:
    client = ScriptedClient(200, {"consumed": True})
    ledger(client).consume(A, "1.50")
    assert client.sent == [("/internal/nonces/consume", {"scope": "user", "address": A, "nonce": "1.50"})]


def test_conflict_is_a_nonce_too_low() -> None:
    client = ScriptedClient(409, {"error": "nonce_too_low", "stored": "9", "sent": "7"})
    with pytest.raises(NonceTooLow) as caught:
        ledger(client).consume(A, "7")
    assert (caught.value.stored, caught.value.sent) == ("9", "7")


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 403, 404, 429])
def test_any_other_answer_of_the_ledger_is_no_yes(status: int) -> None:
    with pytest.raises(LedgerUnavailable):
        ledger(ScriptedClient(status, {})).consume(A, "7")


def test_unreachable_provider_is_no_yes() -> None:
    with pytest.raises(LedgerUnavailable):
        ledger(DeadClient()).consume(A, "7")
    with pytest.raises(LedgerUnavailable):
        wallets(DeadClient()).prove(SignedRequest(A, "7", "0x01"), ["m"])
    with pytest.raises(LedgerUnavailable):
        ledger(ScriptedClient(409, b"<html>")).consume(A, "7")
    with pytest.raises(LedgerUnavailable):
        wallets(ScriptedClient(200, b"<html>")).prove(SignedRequest(A, "7", "0x01"), ["m"])


def test_contract_wallet_is_asked_with_literal_texts() -> None:
    client = ScriptedClient(200, {"valid": True, "chain_id": 8996, "message": "b"})
    proof = wallets(client).prove(SignedRequest(A.lower(), "7", "0x0102", 8996), ["a", "b"])
    assert proof == Proof("b", 8996)
    body = {"address": A.lower(), "messages": ["a", "b"], "signature": "0x0102", "chain_id": 8996}
    assert client.sent == [("/internal/contract-signatures/verify", body)]


def test_chain_is_left_to_the_provider_when_none_was_named() -> None:
    client = ScriptedClient(200, {"valid": True, "chain_id": 1, "message": "a"})
    assert wallets(client).prove(SignedRequest(A, "7", "ab"), ["a"]) == Proof("a", 1)
    assert "chain_id" not in client.sent[0][1]


@pytest.mark.parametrize(
    "answer",
    [
        {"valid": False}, {}, [], {"valid": "true", "message": "a"}, {"valid": 1, "message": "a"},
        {"valid": True}, {"valid": True, "message": "something else"}, {"valid": True, "message": None},
    ],
)  # fmt: skip
def test_only_a_plain_yes_to_one_of_our_texts_counts(answer: Any) -> None:
    assert wallets(ScriptedClient(200, answer)).prove(SignedRequest(A, "7", "0x01"), ["a"]) is None


def test_unknown_chain_is_told_apart() -> None:
    client = ScriptedClient(400, {"error": "unknown_chain"})
    with pytest.raises(UnsupportedChain):
        wallets(client).prove(SignedRequest(A, "7", "0x01", 5), ["a"])
    for status in (400, 401, 403, 404):
        with pytest.raises(LedgerUnavailable):
            wallets(ScriptedClient(status, {"error": "other"})).prove(SignedRequest(A, "7", "0x01", 5), ["a"])


@pytest.mark.parametrize(
    "signature", ["", "0x", "0x1", "xyz", "0x 1", "0x" + "0" * 17_000, "\uff11\uff11", "0x-1"]
)
def test_text_that_is_no_hex_is_never_sent(signature: str) -> None:
    client = ScriptedClient(200, {"valid": True, "message": "a"})
    assert wallets(client).prove(SignedRequest(A, "7", signature), ["a"]) is None
    assert client.sent == []


def test_a_text_signed_as_it_stands_is_asked_for_as_such() -> None:
    client = ScriptedClient(200, {"valid": True, "chain_id": 8996, "message": "a"})
    assert wallets(client).is_signed(A, "a", "0x01", 8996)
    body = {"address": A, "message": "a", "signature": "0x01", "signed": "text", "chain_id": 8996}
    assert client.sent == [("/internal/contract-signatures/verify", body)]
    assert not wallets(client).is_signed(A, "a", "no hex", 8996)
    assert len(client.sent) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"valid": False, "chain_id": 8996, "message": None},
        {"valid": True, "chain_id": 1, "message": "a"},
        {"valid": True, "chain_id": 8996, "message": "b"},
        {"valid": 1, "chain_id": 8996, "message": "a"},
        {"valid": True, "message": "a"},
        [],
    ],
)
def test_only_a_plain_yes_on_the_chain_we_named_counts(answer: Any) -> None:
    assert not wallets(ScriptedClient(200, answer)).is_signed(A, "a", "0x01", 8996)


def test_a_text_that_cannot_be_checked_is_no_yes() -> None:
    with pytest.raises(LedgerUnavailable):
        wallets(DeadClient()).is_signed(A, "a", "0x01", 8996)
    with pytest.raises(LedgerUnavailable):
        wallets(ScriptedClient(502, {"error": "chain_unavailable"})).is_signed(A, "a", "0x01", 8996)
    with pytest.raises(UnsupportedChain):
        wallets(ScriptedClient(400, {"error": "unknown_chain"})).is_signed(A, "a", "0x01", 8996)


def test_chains_are_asked_once_a_minute_and_kept_while_the_provider_is_away() -> None:
    clock = FrozenClock()
    client: Any = ScriptedClient(200, {"chain_ids": [8996, 1]})
    chains = ProviderChains(client, clock)
    assert [chains.ids(), chains.ids()] == [(8996, 1)] * 2
    assert client.sent == [("/internal/chains", None)]
    clock.time += REMEMBER_SECONDS + 1
    client.reply = Reply("provider", 503, {}, b"{}")
    assert chains.ids() == (8996, 1)
    assert chains.ids() == (8996, 1)
    assert len(client.sent) == 2


@pytest.mark.parametrize("answer", [{}, [], {"chain_ids": []}, {"chain_ids": ["1"]}, {"chain_ids": [True]}])
def test_no_chains_is_no_answer(answer: Any) -> None:
    client: Any = ScriptedClient(200, answer)
    with pytest.raises(LedgerUnavailable):
        ProviderChains(client, FrozenClock()).ids()
    dead: Any = DeadClient()
    with pytest.raises(LedgerUnavailable):
        ProviderChains(dead, FrozenClock()).ids()
