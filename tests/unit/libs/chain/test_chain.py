"""The cached reads of one chain: what is kept, until when, and what a reorganisation does to it."""

import threading
from typing import Any

import pytest

from libs.chain.abi import ERC1271_MAGIC, address_word, call_data, checksum, uint_word
from libs.chain.addresses import Section
from libs.chain.chain import Chain
from libs.chain.errors import CallReverted, RpcRefused, RpcUnavailable, UnknownContract
from tests.fakes.chain import CHAIN_ID, FakeNode, fake_hash, pool_of

NFT = checksum("0x" + "a1" * 20)
DATATOKEN = checksum("0x" + "a2" * 20)
FACTORY = checksum("0x" + "fa" * 20)
TX = fake_hash("tx")
RECEIPT = "eth_getTransactionReceipt"


def chain_of(*nodes: FakeNode, finality_blocks: int = 10, contracts: Any = None) -> Chain:
    contracts = {"ERC721Factory": FACTORY, "Ocean": NFT} if contracts is None else contracts
    section = Section("development", CHAIN_ID, 3, contracts)
    return Chain(pool_of(*nodes), section, finality_blocks)


def metadata_of(state: int) -> bytes:
    """As the contract answers: (string decryptorUrl, string decryptorAddress, uint8 state, bool)."""
    empty = uint_word(0)
    return b"".join((uint_word(128), uint_word(160), uint_word(state), uint_word(1), empty, empty))


class TestHead:
    def test_is_the_newest_block(self) -> None:
        node = FakeNode(blocks=4)
        head = chain_of(node).head()
        assert (head.number, head.hash) == (3, node.blocks[-1]["hash"])
        assert head.parent_hash == node.blocks[-2]["hash"]

    def test_a_lagging_node_is_passed_over_for_one_that_has_the_block(self) -> None:
        first, second = FakeNode(blocks=5), FakeNode(blocks=5)
        chain = chain_of(first, second)
        assert chain.head().number == 4
        first.reorg(1)
        del first.blocks[-1]
        assert chain.head().hash == second.blocks[-1]["hash"]

    def test_a_chain_that_is_shorter_everywhere_is_believed(self) -> None:
        """A development chain that lost its last blocks with a kill, or a rare reorganisation."""
        first, second = FakeNode(blocks=5), FakeNode(blocks=5)
        chain = chain_of(first, second)
        chain.head()
        del first.blocks[3:], second.blocks[4:]
        assert chain.head().number == 3
        assert chain.head().number == 3

    def test_a_block_that_is_there_when_asked_is_seen_though_a_call_is_under_way(self) -> None:
        node = FakeNode(blocks=3)
        chain = chain_of(node)
        begun, gate, told = threading.Semaphore(0), threading.Event(), []
        answer = node.post

        def slow(body: bytes, timeout_seconds: float) -> bytes:
            found = answer(body, timeout_seconds)
            begun.release()
            assert gate.wait(10)
            return found

        chain.head()
        node.post = slow  # type: ignore[method-assign]
        first = threading.Thread(target=lambda: told.append(chain.head().number))
        first.start()
        assert begun.acquire(timeout=10)
        node.mine()
        later = [threading.Thread(target=lambda: told.append(chain.head().number)) for _ in range(4)]
        for thread in later:
            thread.start()
        gate.set()
        for thread in (first, *later):
            thread.join(10)
        assert sorted(told) == [2, 3, 3, 3, 3]

    def test_a_malformed_block_counts_against_the_node(self) -> None:
        first, second = FakeNode(blocks=2), FakeNode(blocks=2)
        first.blocks[-1] = {"number": "0x1"}
        assert chain_of(first, second).head().hash == second.blocks[-1]["hash"]


class TestReceipts:
    def test_a_final_receipt_is_kept_for_good(self) -> None:
        node = FakeNode(blocks=1)
        node.add_receipt(TX)
        node.mine(10)
        chain = chain_of(node)
        first = chain.receipt(TX)
        node.mine()
        assert chain.receipt(TX) is first
        assert chain.receipt(TX.upper().replace("0X", "0x")) is first
        assert node.asked[RECEIPT] == 1
        assert node.asked["eth_getBlockByNumber"] == 1  # not even the head is asked any more

    def test_a_young_receipt_is_kept_until_the_head_changes(self) -> None:
        node = FakeNode(blocks=1)
        node.add_receipt(TX)
        chain = chain_of(node)
        assert chain.receipt(TX) is chain.receipt(TX)
        assert node.asked[RECEIPT] == 1
        node.mine()
        assert chain.receipt(TX) is not None
        assert node.asked[RECEIPT] == 2

    def test_a_receipt_that_a_reorganisation_removed_is_not_served_again(self) -> None:
        node = FakeNode(blocks=3)
        node.add_receipt(TX)
        chain = chain_of(node)
        assert chain.receipt(TX) is not None
        node.reorg(1)
        assert chain.receipt(TX) is None

    def test_absence_is_not_remembered(self) -> None:
        node = FakeNode()
        chain = chain_of(node)
        assert chain.receipt(TX) is None
        node.add_receipt(TX)
        assert chain.receipt(TX) is not None

    def test_a_node_that_lags_is_asked_before_absence_is_believed(self) -> None:
        behind, current = FakeNode(), FakeNode()
        current.add_receipt(TX)
        assert chain_of(behind, current).receipt(TX) is not None

    def test_a_reverted_transaction_is_said_to_be(self) -> None:
        node = FakeNode()
        node.add_receipt(TX, status=0)
        receipt = chain_of(node).receipt(TX)
        assert receipt is not None
        assert receipt.status == 0

    def test_a_malformed_receipt_is_the_nodes_fault(self) -> None:
        node = FakeNode()
        node.receipts[TX] = {"transactionHash": TX}
        with pytest.raises(RpcUnavailable):
            chain_of(node).receipt(TX)

    def test_confirmations_and_finality(self) -> None:
        node = FakeNode(blocks=5)
        node.add_receipt(TX)
        chain = chain_of(node, finality_blocks=3)
        receipt = chain.receipt(TX)
        assert receipt is not None
        assert chain.confirmations(receipt, chain.head()) == 1
        node.mine(3)
        assert chain.confirmations(receipt, chain.head()) == 4
        assert chain.is_final(receipt.block_number, chain.head())
        assert not chain.is_final(receipt.block_number + 1, chain.head())


class TestNftMetadata:
    def test_is_read_once_per_head(self) -> None:
        node = FakeNode()
        node.contract = lambda *_: metadata_of(4)
        chain = chain_of(node)
        head = chain.head()
        assert chain.nft_metadata(NFT, head).state == 4
        assert chain.nft_metadata(NFT, head).state == 4
        assert node.asked["eth_call"] == 1

    def test_a_state_change_is_seen_with_the_next_block(self) -> None:
        node = FakeNode()
        node.contract = lambda *_: metadata_of(0)
        chain = chain_of(node)
        assert chain.nft_metadata(NFT).state == 0
        node.contract = lambda *_: metadata_of(3)
        node.mine()
        assert chain.nft_metadata(NFT).state == 3

    def test_a_state_change_in_a_block_that_replaces_another_is_seen(self) -> None:
        node = FakeNode(blocks=3)
        node.contract = lambda *_: metadata_of(0)
        chain = chain_of(node)
        assert chain.nft_metadata(NFT).state == 0
        node.contract = lambda *_: metadata_of(3)
        node.reorg(1)  # same number, another hash
        assert chain.nft_metadata(NFT).state == 3

    def test_is_read_at_the_very_block_it_is_kept_for(self) -> None:
        node = FakeNode(blocks=2)
        tags: list[Any] = []

        def contract(_to: str, _data: str, tag: Any) -> bytes:
            tags.append(tag)
            return metadata_of(0)

        node.contract = contract
        chain_of(node).nft_metadata(NFT)
        assert tags == [{"blockHash": node.blocks[-1]["hash"]}]

    def test_a_node_without_that_block_is_passed_over(self) -> None:
        current, behind = FakeNode(blocks=3), FakeNode(blocks=2)
        current.contract = behind.contract = lambda *_: metadata_of(0)
        chain = chain_of(behind, current)
        head = chain_of(current).head()
        assert chain.nft_metadata(NFT, head).state == 0

    def test_what_is_no_nft_reverts(self) -> None:
        node = FakeNode()
        with pytest.raises(CallReverted):
            chain_of(node).nft_metadata(NFT)


class TestLastingFacts:
    @staticmethod
    def listing(node: FakeNode, since: int) -> None:
        """The factory lists the NFT from block `since` on."""

        def contract(_to: str, _data: str, tag: Any) -> bytes:
            number = len(node.blocks) - 1 if isinstance(tag, dict) else int(tag, 16)
            return address_word(NFT) if number >= since else uint_word(0)

        node.contract = contract

    def test_a_listing_that_is_final_is_kept_for_good(self) -> None:
        node = FakeNode(blocks=20)
        self.listing(node, since=2)
        chain = chain_of(node)
        assert chain.is_factory_nft(NFT)
        node.mine()
        asked = node.asked["eth_call"]
        assert chain.is_factory_nft(NFT, chain.head())
        assert node.asked["eth_call"] == asked

    def test_a_young_listing_is_asked_again_with_every_head(self) -> None:
        node = FakeNode(blocks=20)
        self.listing(node, since=18)
        chain = chain_of(node)
        assert chain.is_factory_nft(NFT)
        node.contract = lambda *_: uint_word(0)
        node.reorg(3)
        assert not chain.is_factory_nft(NFT)

    def test_absence_from_the_factory_is_never_final(self) -> None:
        node = FakeNode(blocks=20)
        node.contract = lambda *_: uint_word(0)
        chain = chain_of(node)
        assert not chain.is_factory_nft(NFT)
        node.mine()
        self.listing(node, since=20)
        assert chain.is_factory_nft(NFT)

    def test_a_node_that_keeps_no_old_state_still_answers(self) -> None:
        node = FakeNode(blocks=20)

        def contract(_to: str, _data: str, tag: Any) -> Any:
            if isinstance(tag, dict):
                return uint_word(18)
            return {"error": {"code": -32000, "message": "missing trie node"}}

        node.contract = contract
        chain = chain_of(node)
        assert chain.decimals(NFT) == 18
        node.mine()
        assert chain.decimals(NFT) == 18
        assert node.asked["eth_call"] == 4

    def test_a_contract_that_cannot_answer_deployed_nothing(self) -> None:
        node = FakeNode()
        assert not chain_of(node).is_deployed(NFT, DATATOKEN)
        node.contract = lambda *_: {"error": {"code": 3, "message": "execution reverted"}}
        assert not chain_of(node).is_deployed(NFT, DATATOKEN)

    def test_trouble_with_the_node_is_not_a_no(self) -> None:
        node = FakeNode()
        chain = chain_of(node)
        head = chain.head()
        node.contract = lambda *_: {"error": {"code": -32603, "message": "internal error"}}
        with pytest.raises(RpcRefused):
            chain.is_deployed(NFT, DATATOKEN, head)

    def test_the_question_names_both_contracts(self) -> None:
        node = FakeNode()
        asked: list[tuple[str, str]] = []

        def contract(to: str, data: str, _tag: Any) -> bytes:
            asked.append((to, data))
            return uint_word(1)

        node.contract = contract
        assert chain_of(node).is_deployed(NFT, DATATOKEN)
        assert asked == [(NFT, call_data("isDeployed(address)", [address_word(DATATOKEN)]))]

    def test_without_a_factory_in_the_address_file_nothing_is_listed(self) -> None:
        with pytest.raises(UnknownContract):
            chain_of(FakeNode(), contracts={}).is_factory_nft(NFT)

    def test_addresses_and_start_block_come_from_the_file(self) -> None:
        chain = chain_of(FakeNode())
        assert chain.address_of("Ocean") == NFT
        assert chain.address_of("Dispenser") is None
        assert (chain.network, chain.start_block, chain.chain_id) == ("development", 3, CHAIN_ID)


class TestContractSignature:
    @staticmethod
    def verdict(answer: Any, code: bytes = b"\x60") -> bool:
        node = FakeNode()
        node.codes[NFT] = code
        node.contract = lambda *_: answer
        return chain_of(node).is_valid_contract_signature(NFT, b"\1" * 32, b"\2" * 65)

    def test_the_magic_value_is_a_yes(self) -> None:
        assert self.verdict(ERC1271_MAGIC)

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            ERC1271_MAGIC[:4],
            b"\xff" * 32,
            uint_word(1),
            bytes.fromhex("1626ba7e") + b"\1" * 28,
            {"error": {"code": 3, "message": "execution reverted"}},
            {"error": {"code": -32000, "message": "out of gas"}},
            {"error": {"code": -32003, "message": "EVM error InvalidFEOpcode"}},
        ],
    )
    def test_everything_else_is_a_no(self, answer: Any) -> None:
        assert not self.verdict(answer)

    def test_an_address_without_code_signs_nothing(self) -> None:
        assert not self.verdict(ERC1271_MAGIC, code=b"")

    def test_trouble_with_the_node_is_not_a_verdict(self) -> None:
        with pytest.raises(RpcRefused):
            self.verdict({"error": {"code": -32005, "message": "rate limited"}})


class TestLogs:
    def test_a_node_that_lacks_the_last_block_is_not_believed(self) -> None:
        behind, current = FakeNode(blocks=2), FakeNode(blocks=4)
        current.logs = [
            {
                "address": NFT,
                "topics": [fake_hash("topic")],
                "data": "0x",
                "blockNumber": "0x3",
                "blockHash": current.blocks[3]["hash"],
                "transactionHash": TX,
                "logIndex": "0x0",
            }
        ]
        [log] = chain_of(behind, current).logs(0, 3)
        assert (log.address, log.block_number, log.tx_hash) == (NFT, 3, TX)
        with pytest.raises(RpcUnavailable):
            chain_of(behind).logs(0, 3)

    def test_pending_and_removed_logs_are_left_out(self) -> None:
        node = FakeNode()
        node.logs = [{"blockNumber": None}, {"removed": True, "blockNumber": "0x0"}]
        assert chain_of(node).logs(0, 0) == []

    def test_malformed_logs_are_the_nodes_fault(self) -> None:
        node = FakeNode()
        node.logs = [{"blockNumber": "0x0"}]
        with pytest.raises(RpcUnavailable):
            chain_of(node).logs(0, 0)


class TestBlocks:
    def test_by_number_and_by_hash(self) -> None:
        node = FakeNode(blocks=3)
        chain = chain_of(node)
        block = chain.block(1)
        assert block is not None
        assert chain.block(block.hash) == block
        assert chain.block(7) is None
        assert chain.block(fake_hash("other")) is None


class TestTransactions:
    def test_known_pending_and_unknown(self) -> None:
        node = FakeNode()
        chain = chain_of(node)
        assert chain.transaction(TX) is None
        node.add_pending(TX)
        found = chain.transaction(TX)
        assert found is not None
        assert (found.hash, found.to, found.block_number) == (TX, None, None)

    def test_a_receipt_that_is_there_is_not_waited_for(self) -> None:
        node = FakeNode()
        node.add_receipt(TX)
        assert chain_of(node).wait_receipt(TX) is not None
        assert node.asked["eth_getTransactionByHash"] == 0

    def test_a_made_up_hash_is_given_up_when_no_time_is_left(self) -> None:
        node = FakeNode()
        assert chain_of(node).wait_receipt(TX, seconds=0) is None
        assert node.asked["eth_getTransactionByHash"] == 1

    def test_a_signed_transaction_is_handed_over_as_hex(self) -> None:
        node = FakeNode()
        sent: list[str] = []

        def send(raw: str) -> str:
            sent.append(raw)
            return TX

        node._eth_sendRawTransaction = send  # type: ignore[attr-defined]
        assert chain_of(node).send_raw_transaction(b"\1\2") == TX
        assert sent == ["0x0102"]


class TestRawReads:
    def test_calls_take_bytes_or_text_and_any_block(self) -> None:
        node = FakeNode(blocks=3)
        seen: list[tuple[str, Any]] = []

        def contract(_to: str, data: str, tag: Any) -> bytes:
            seen.append((data, tag))
            return b"\1"

        node.contract = contract
        chain = chain_of(node)
        block_hash = node.blocks[1]["hash"]
        assert chain.call(NFT, b"\xab") == chain.call(NFT, "0xab", 1) == chain.call(NFT, "0xab", block_hash)
        assert seen == [("0xab", "latest"), ("0xab", "0x1"), ("0xab", {"blockHash": block_hash})]

    def test_code(self) -> None:
        node = FakeNode()
        node.codes[NFT] = b"\x60"
        chain = chain_of(node)
        assert chain.code(NFT) == b"\x60"
        assert chain.code(DATATOKEN) == b""

    def test_names_and_owners(self) -> None:
        node = FakeNode()
        text = uint_word(32) + uint_word(3) + b"abc" + bytes(29)
        chain = chain_of(node)
        node.contract = lambda *_: text
        assert (chain.name(NFT), chain.symbol(NFT)) == ("abc", "abc")
        node.contract = lambda *_: address_word(DATATOKEN)
        assert chain.owner_of(NFT) == DATATOKEN

    def test_a_refused_log_scan_is_raised_as_the_node_said_it(self) -> None:
        node = FakeNode()
        chain = chain_of(node)
        chain.head()
        node._eth_getLogs = lambda _query: {"error": {"code": -32005, "message": "too many results"}}  # type: ignore[method-assign]
        with pytest.raises(RpcRefused, match="too many results"):
            chain.logs(0, 0, address=NFT)
