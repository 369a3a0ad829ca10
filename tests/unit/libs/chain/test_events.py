"""Event decoding: every event as eth_abi encodes it, only the expected emitter, malformed logs left out."""

from typing import Any

import eth_abi
import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from libs.chain import events
from libs.chain.abi import checksum
from libs.chain.types import Log, MetadataKind

pytestmark = pytest.mark.clause("ocean 8.2", "ocean C3.5")

EMITTER = checksum("0x" + "aa" * 20)
OTHER = checksum("0x" + "bb" * 20)
A, B, C = (checksum("0x" + digit * 40) for digit in "123")
R, S, H = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32

# name, indexed (type, value), plain (type, value), decoder, what comes out
CASES: list[tuple[str, list[tuple[str, Any]], list[tuple[str, Any]], Any, dict[str, Any]]] = [
    (
        "OrderStarted",
        [("address", A), ("address", C)],
        [("address", B), ("uint256", 10**18), ("uint256", 2), ("uint256", 1700), ("uint256", 9)],
        events.order_started,
        {
            "consumer": A,
            "payer": B,
            "amount": 10**18,
            "service_index": 2,
            "timestamp": 1700,
            "market": C,
            "block_number": 9,
        },
    ),
    (
        "OrderReused",
        [],
        [("bytes32", H), ("address", A), ("uint256", 1700), ("uint256", 9)],
        events.order_reused,
        {"order_tx_id": "0x" + H.hex(), "caller": A, "timestamp": 1700, "number": 9},
    ),
    (
        "ProviderFee",
        [("address", A), ("address", B)],
        [
            ("uint256", 5),
            ("bytes", b'{"dt":1}'),
            ("uint8", 27),
            ("bytes32", R),
            ("bytes32", S),
            ("uint256", 1800),
        ],
        events.provider_fees,
        {
            "address": A,
            "token": B,
            "amount": 5,
            "provider_data": b'{"dt":1}',
            "v": 27,
            "r": R,
            "s": S,
            "valid_until": 1800,
        },
    ),
    *(
        (
            name,
            [("address", A)],
            [
                ("uint8", 5),
                ("string", "http://x"),
                ("bytes", b"\2"),
                ("bytes", b"data"),
                ("bytes32", H),
                ("uint256", 1700),
                ("uint256", 9),
            ],
            decode,
            {
                "kind": kind,
                "updated_by": A,
                "state": 5,
                "decryptor_url": "http://x",
                "flags": b"\2",
                "data": b"data",
                "metadata_hash": H,
                "timestamp": 1700,
                "block_number": 9,
            },
        )
        for name, decode, kind in (
            ("MetadataCreated", events.metadata_created, MetadataKind.CREATED),
            ("MetadataUpdated", events.metadata_updated, MetadataKind.UPDATED),
        )
    ),
    (
        "MetadataState",
        [("address", A)],
        [("uint8", 4), ("uint256", 1700), ("uint256", 9)],
        events.metadata_state,
        {"updated_by": A, "state": 4, "timestamp": 1700, "block_number": 9},
    ),
    (
        "MetadataValidated",
        [("address", A)],
        [("bytes32", H), ("uint8", 28), ("bytes32", R), ("bytes32", S)],
        events.metadata_validated,
        {"validator": A, "metadata_hash": H, "v": 28, "r": R, "s": S},
    ),
    (
        "TokenURIUpdate",
        [("address", A)],
        [("string", "ipfs://x"), ("uint256", 1), ("uint256", 1700), ("uint256", 9)],
        events.token_uri_updates,
        {"updated_by": A, "token_uri": "ipfs://x", "token_id": 1, "timestamp": 1700, "block_number": 9},
    ),
    (
        "Transfer",
        [("address", A), ("address", B), ("uint256", 1)],
        [],
        events.nft_transfers,
        {"sender": A, "receiver": B, "token_id": 1},
    ),
    (
        "NFTCreated",
        [("address", B), ("address", C), ("address", A)],
        [("address", OTHER), ("string", "n"), ("string", "s"), ("string", "u"), ("bool", True)],
        events.nfts_created,
        {
            "nft": OTHER,
            "template": B,
            "name": "n",
            "admin": C,
            "symbol": "s",
            "token_uri": "u",
            "transferable": True,
            "creator": A,
        },
    ),
    (
        "TokenCreated",
        [("address", OTHER), ("address", B)],
        [("string", "n"), ("string", "s"), ("uint256", 7), ("address", A)],
        events.tokens_created,
        {"datatoken": OTHER, "template": B, "name": "n", "symbol": "s", "cap": 7, "creator": A},
    ),
    (
        "ExchangeCreated",
        [("bytes32", H), ("address", A), ("address", B)],
        [("address", C), ("uint256", 10**18)],
        events.exchanges_created,
        {"exchange_id": "0x" + H.hex(), "base_token": A, "datatoken": B, "owner": C, "rate": 10**18},
    ),
    (
        "ExchangeRateChanged",
        [("bytes32", H), ("address", A)],
        [("uint256", 3)],
        events.exchange_rates_changed,
        {"exchange_id": "0x" + H.hex(), "owner": A, "rate": 3},
    ),
    (
        "DispenserCreated",
        [("address", A), ("address", B)],
        [("uint256", 1), ("uint256", 2), ("address", C)],
        events.dispensers_created,
        {"datatoken": A, "owner": B, "max_tokens": 1, "max_balance": 2, "allowed_swapper": C},
    ),
]


def make_log(name: str, indexed: Any, plain: Any, emitter: str = EMITTER, index: int = 0) -> Log:
    topics = [events.TOPICS[name]] + ["0x" + eth_abi.encode([t], [v]).hex() for t, v in indexed]
    data = eth_abi.encode([t for t, _ in plain], [v for _, v in plain])
    return Log(emitter, tuple(topics), data, 9, "0x" + "dd" * 32, "0x" + "ee" * 32, index)


@pytest.mark.parametrize(("name", "indexed", "plain", "decode", "expected"), CASES, ids=[c[0] for c in CASES])
class TestEveryEvent:
    def test_is_decoded(self, name: str, indexed: Any, plain: Any, decode: Any, expected: Any) -> None:
        [event] = decode([make_log(name, indexed, plain, index=4)], EMITTER.lower())
        assert {key: getattr(event, key) for key in expected} == expected
        assert event.log_index == 4

    def test_events_of_other_contracts_do_not_count(
        self, name: str, indexed: Any, plain: Any, decode: Any, expected: Any
    ) -> None:
        assert decode([make_log(name, indexed, plain, emitter=OTHER)], EMITTER) == []

    def test_truncated_data_is_left_out(
        self, name: str, indexed: Any, plain: Any, decode: Any, expected: Any
    ) -> None:
        whole = make_log(name, indexed, plain)
        good = make_log(name, indexed, plain, index=9)
        for size in range(0, len(whole.data), 31):
            cut = Log(whole.address, whole.topics, whole.data[:size], 9, "", "", 0)
            found = decode([cut, good], EMITTER)
            assert found[-1].log_index == 9
            assert len(found) <= 2

    def test_missing_or_extra_topics_are_left_out(
        self, name: str, indexed: Any, plain: Any, decode: Any, expected: Any
    ) -> None:
        whole = make_log(name, indexed, plain)
        for topics in ((), whole.topics[:-1], (*whole.topics, "0x" + "00" * 32)):
            if topics != whole.topics:
                log = Log(whole.address, topics, whole.data, 9, "", "", 0)
                assert decode([log], EMITTER) == []

    def test_any_data_decodes_or_is_left_out(
        self, name: str, indexed: Any, plain: Any, decode: Any, expected: Any
    ) -> None:
        topics = make_log(name, indexed, plain).topics

        @given(st.binary(max_size=400))
        def check(data: bytes) -> None:
            decode([Log(EMITTER, topics, data, 9, "", "", 0)], EMITTER)

        check()


def test_topics_of_the_contract() -> None:
    assert (
        events.TOPICS["OrderStarted"] == "0xe1c4fa794edfa8f619b8257a077398950357b9c6398528f94480307352f9afcc"
    )
    assert (
        events.TOPICS["OrderReused"] == "0x526e31449ea46e2aecf9b480c8d7dfa191348ef74ffdf75b445a6ab726daa6ff"
    )
    assert (
        events.TOPICS["ProviderFee"] == "0xf8ed11cdaaf10eca2b6c941fb802cb8682afe86cac1eb93f70d0780fa062c544"
    )
    assert (
        events.TOPICS["MetadataCreated"]
        == "0x5463569dcc320958360074a9ab27e809e8a6942c394fb151d139b5f7b4ecb1bd"
    )
    assert (
        events.TOPICS["MetadataUpdated"]
        == "0xe5c4cf86b1815151e6f453e1e133d4454ae3b0b07145db39f2e0178685deac84"
    )
    assert events.TOPICS["Transfer"] == "0x" + keccak(text="Transfer(address,address,uint256)").hex()


def test_an_erc20_transfer_is_no_nft_transfer() -> None:
    log = make_log("Transfer", [("address", A), ("address", B)], [("uint256", 1)])
    assert events.nft_transfers([log], EMITTER) == []


def test_several_orders_of_one_transaction_are_all_found_in_order() -> None:
    case = CASES[0]
    logs = [make_log(case[0], case[1], case[2], index=index) for index in (1, 4, 7)]
    assert [event.log_index for event in events.order_started(logs, EMITTER)] == [1, 4, 7]
