"""Proofs of download never hold a download up, and say what contract 8.7 says."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from libs.chain.errors import RpcRefused, RpcUnavailable
from libs.chain.types import SendingTerms
from libs.signing.personal import is_signed_by, sign_text
from services.provider.adapters.chain_proof import ChainProof
from services.provider.adapters.keys import ProviderKeys
from services.provider.adapters.origins import GuardedOrigins, make_fetcher
from services.provider.adapters.proofs import HttpProof, ProofNotSent, ProofQueue
from services.provider.ports import ProofOfDownload
from tests.fakes.ddos import DID
from tests.fakes.origin import Origin, reply
from tests.fakes.receipts import CONSUMER, DATATOKEN, PROVIDER_KEY, STRANGER_KEY, TX

pytestmark = pytest.mark.clause("ocean 8.7")

KEYS = ProviderKeys(plain=PROVIDER_KEY)
PROOF = ProofOfDownload(
    chain_id=8996,
    datatoken=DATATOKEN,
    order_tx_id=TX,
    provider_data='{"documentId":"x"}',
    consumer_data=f"{DID}5",
    consumer_signature=sign_text(f"{DID}5", STRANGER_KEY),
    consumer_address=CONSUMER,
)


class Sender:
    """Collects proofs; waits for `gate` first."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[ProofOfDownload] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error = error

    def send(self, proof: ProofOfDownload) -> None:
        self.gate.wait(10)
        self.sent.append(proof)
        if self.error is not None:
            raise self.error


class TestQueue:
    def test_a_stuck_collector_blocks_nobody_and_the_overflow_is_dropped(self) -> None:
        sender = Sender()
        sender.gate.clear()
        proofs = ProofQueue([sender], capacity=2)
        for _ in range(50):
            proofs.record(PROOF)
        sender.gate.set()
        proofs.drain()
        assert 2 <= len(sender.sent) <= 4

    @pytest.mark.parametrize("error", [ProofNotSent("no"), RuntimeError("bug")])
    def test_a_failing_sender_stops_neither_the_next_proof_nor_the_next_sender(
        self, error: Exception
    ) -> None:
        failing, healthy = Sender(error), Sender()
        proofs = ProofQueue([failing, healthy])
        proofs.record(PROOF)
        proofs.record(PROOF)
        proofs.drain()
        assert (len(failing.sent), len(healthy.sent)) == (2, 2)


class TestHttpProof:
    @pytest.fixture
    def origin(self) -> Iterator[Origin]:
        with Origin() as origin:
            yield origin

    def send(self, origin: Origin, allow: str) -> None:
        fetcher = make_fetcher(
            allow_non_public_ip=False, fetch_allow=allow, request_timeout=2.0, idle_seconds=2.0
        )
        try:
            HttpProof(origin.url("/proofs"), KEYS, GuardedOrigins(fetcher)).send(PROOF)
        finally:
            fetcher.close()

    def test_a_form_is_posted(self, origin: Origin) -> None:
        origin.route("/proofs", reply(500, {}, b"whatever"))
        self.send(origin, f"127.0.0.1:{origin.port}")
        (seen,) = origin.requests
        assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        assert is_signed_by(PROOF.provider_data, form.pop("providerSignature"), PROVIDER_KEY.address)
        assert form == {
            "orderTxId": TX,
            "providerData": PROOF.provider_data,
            "consumerData": PROOF.consumer_data,
            "consumerSignature": PROOF.consumer_signature,
            "consumerAddress": CONSUMER,
        }

    def test_it_goes_through_the_guard(self, origin: Origin) -> None:
        with pytest.raises(ProofNotSent):
            self.send(origin, "")
        assert origin.requests == []


class Node:
    """A chain that refuses the first transactions."""

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)
        self.sent: list[bytes] = []

    def get(self, chain_id: int) -> "Node":
        return self

    def sending_terms(self, sender: str, to: str, data: bytes) -> SendingTerms:
        return SendingTerms(nonce=len(self.sent), gas_price=1, gas=100_000)

    def send_raw_transaction(self, raw: bytes) -> str:
        self.sent.append(raw)
        if self.refusals:
            raise self.refusals.pop(0)
        return TX


class TestChainProof:
    def test_a_nonce_another_process_took_is_replaced(self) -> None:
        node = Node(RpcRefused(-32000, "nonce too low"), RpcRefused(-32000, "replacement underpriced"))
        ChainProof(node, KEYS).send(PROOF)
        assert len(node.sent) == 3

    @pytest.mark.parametrize(
        "refusals",
        [
            [RpcRefused(-32000, "insufficient funds")],
            [RpcUnavailable("down")],
            [RpcRefused(-32000, "nonce too low")] * 9,
        ],
    )
    def test_trouble_ends_as_a_proof_not_sent(self, refusals: list[Exception]) -> None:
        with pytest.raises(ProofNotSent):
            ChainProof(Node(*refusals), KEYS).send(PROOF)

    @pytest.mark.parametrize("signature", ["", "0x12", "0x" + "ab" * 80])
    def test_without_a_plain_signature_nothing_is_sent(self, signature: str) -> None:
        node = Node()
        with pytest.raises(ProofNotSent):
            ChainProof(node, KEYS).send(replace(PROOF, consumer_signature=signature))
        assert node.sent == []

    def test_what_is_sent_is_a_transaction_of_the_provider(self) -> None:
        from eth_account import Account

        node = Node()
        ChainProof(node, KEYS).send(PROOF)
        assert Account.recover_transaction(node.sent[0]) == PROVIDER_KEY.address

    @pytest.mark.parametrize("value", [0, 1, 0x7F, 0x80, 2**64])
    @pytest.mark.parametrize("size", [0, 1, 55, 56, 70_000])
    def test_transactions_are_encoded_as_eth_account_does(self, value: int, size: int) -> None:
        from eth_account import Account

        from services.provider.adapters.chain_proof import _number, _signed

        data = b"\x01" * size
        fields = [_number(value), _number(value), _number(21_000), bytes.fromhex(DATATOKEN[2:]), b"", data]
        expected = Account.sign_transaction(
            {
                "nonce": value,
                "gasPrice": value,
                "gas": 21_000,
                "to": DATATOKEN,
                "value": 0,
                "data": data,
                "chainId": 8996,
            },
            PROVIDER_KEY.secret,
        )
        assert _signed(fields, 8996, PROVIDER_KEY) == bytes(expected.raw_transaction)
