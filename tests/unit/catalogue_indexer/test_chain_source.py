"""RpcChainSource against a node in memory: what it proves before it believes, and how it reads logs."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from libs.chain.errors import CallReverted, ChainError, RpcRefused, RpcTimeout, RpcUnavailable
from libs.chain.events import TOPICS
from libs.chain.types import Head
from services.catalogue.adapters.chain_source import RpcChainSource
from services.catalogue.domain.facts import Checkpoint, EventKind
from services.catalogue.domain.sightings import (
    ChainMoved,
    ChainUnavailable,
    Contracts,
    NftIdentity,
    NodeLags,
    RangeRefused,
    TokenIdentity,
)
from tests.fakes.indexing import CHAIN_ID, FACTORY, PUBLISHER, address, digest

NFT, TOKEN = address("nft"), address("token")


def word(value: int | str) -> str:
    number = int(value, 16) if isinstance(value, str) else value
    return f"{number:064x}"


def text(value: bytes) -> str:
    return word(len(value)) + value.hex() + "00" * (-len(value) % 32)


def tail(head: list[str | bytes]) -> str:
    """ABI encoding of words (str) and dynamic bytes (bytes)."""
    fixed, dynamic = [], ""
    for part in head:
        if isinstance(part, bytes):
            fixed.append(word(32 * len(head) + len(dynamic) // 2))
            dynamic += text(part)
        else:
            fixed.append(part)
    return "0x" + "".join(fixed) + dynamic


class NodeInMemory:
    """A pool of one node: blocks 0..9 with logs, and what its contracts answer."""

    chain_id = CHAIN_ID

    def __init__(self) -> None:
        self.salt = 0
        self.height = 9
        self.logs: list[dict[str, Any]] = []
        self.calls_answered: dict[tuple[str, str], str] = {}
        self.errors: dict[str, ChainError] = {}
        self.batches: list[list[str]] = []
        self.after_logs: Callable[[], None] | None = None
        self.transactions: dict[str, dict[str, str]] = {}
        self.receipts: dict[str, dict[str, Any]] = {}

    def block_hash(self, number: int) -> str:
        return digest("memory", self.salt, number)

    def head(self, number: int) -> Head:
        return Head(number, self.block_hash(number), 1000 + number, digest("parent", number))

    def checkpoint(self, number: int) -> Checkpoint:
        return Checkpoint(CHAIN_ID, number, self.block_hash(number))

    def log(
        self, kind: str, emitter: str, block: int, indexed: Sequence[str], data: str = "0x"
    ) -> dict[str, Any]:
        entry = {
            "address": emitter.lower(),
            "topics": [TOPICS[kind], *("0x" + word(topic) for topic in indexed)],
            "data": data,
            "blockNumber": hex(block),
            "blockHash": self.block_hash(block),
            "transactionHash": digest("tx", block),
            "logIndex": hex(len(self.logs)),
            "removed": False,
        }
        self.logs.append(entry)
        return entry

    def call(self, method: str, params: Sequence[Any] = (), accept: object = None) -> Any:
        answer = self._answer(method, params)
        if isinstance(answer, ChainError):
            raise answer
        return answer

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]], accept: object = None) -> list[Any]:
        self.batches.append([method for method, _ in calls])
        if "batch" in self.errors:
            raise self.errors["batch"]
        answers = [self._answer(method, params) for method, params in calls]
        if self.after_logs and any(method == "eth_getLogs" for method, _ in calls):
            self.after_logs()
        return answers

    def _answer(self, method: str, params: Sequence[Any]) -> Any:
        if method in self.errors:
            return self.errors[method]
        if method == "eth_getBlockByNumber":
            number = self.height if params[0] == "latest" else int(params[0], 16)
            return self._block(number) if number <= self.height else None
        if method == "eth_getLogs":
            return [entry for entry in self.logs if self._matches(entry, params[0])]
        if method == "eth_getTransactionByHash":
            return self.transactions.get(params[0])
        if method == "eth_getTransactionReceipt":
            return self.receipts.get(params[0])
        key = (params[0]["to"].lower(), params[0]["data"][:10])
        return self.calls_answered.get(key, CallReverted("no such function"))

    def _block(self, number: int) -> dict[str, str]:
        return {
            "number": hex(number),
            "hash": self.block_hash(number),
            "timestamp": hex(1000 + number),
            "parentHash": digest("parent", number),
        }

    def _matches(self, entry: dict[str, Any], asked: dict[str, Any]) -> bool:
        number = int(entry["blockNumber"], 16)
        if not int(asked["fromBlock"], 16) <= number <= int(asked["toBlock"], 16):
            return False
        wanted = asked["topics"]
        if len(wanted) > len(entry["topics"]):
            return False
        pairs = zip(wanted, entry["topics"], strict=False)
        return all(want is None or got == want or got in want for want, got in pairs)


@pytest.fixture
def node() -> NodeInMemory:
    return NodeInMemory()


@pytest.fixture
def source(node: NodeInMemory) -> RpcChainSource:
    return RpcChainSource(node, Contracts(FACTORY.lower()))  # type: ignore[arg-type]


def state_log(node: NodeInMemory, block: int) -> dict[str, Any]:
    return node.log("MetadataState", NFT, block, [PUBLISHER], tail([word(4), word(1), word(2)]))


def test_a_range_is_read_with_the_headers_of_its_blocks(node: NodeInMemory, source: RpcChainSource) -> None:
    state_log(node, 3)
    state_log(node, 20)
    seen, headers = source.read(1, node.head(9), node.checkpoint(0))
    assert [(sighting.kind, sighting.block_number) for sighting in seen] == [(EventKind.METADATA_STATE, 3)]
    assert seen[0].payload == {"state": 4}
    assert seen[0].subject == NFT.lower()
    assert headers[3].timestamp == 1003


def test_logs_and_the_end_of_their_range_are_asked_of_one_node(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    source.read(1, node.head(9), None)
    assert node.batches[0] == ["eth_getBlockByNumber", "eth_getLogs", "eth_getLogs"]


def test_an_empty_answer_of_a_node_that_lags_is_not_believed(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    head = node.head(9)
    node.height = 8
    with pytest.raises(NodeLags):
        source.read(1, head, None)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fork_around_the_reading_is_noticed(node: NodeInMemory, source: RpcChainSource, when: str) -> None:
    state_log(node, 3)
    head = node.head(9)

    def fork() -> None:
        node.salt = 1

    if when == "before":
        fork()
    else:
        node.after_logs = fork
    with pytest.raises(ChainMoved):
        source.read(1, head, None)


def test_a_replaced_checkpoint_is_noticed(node: NodeInMemory, source: RpcChainSource) -> None:
    wrong = Checkpoint(CHAIN_ID, 2, digest("another fork"))
    with pytest.raises(ChainMoved):
        source.read(3, node.head(9), wrong)


def test_a_log_whose_block_hash_is_not_canonical_is_not_taken(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    state_log(node, 3)["blockHash"] = digest("another fork")
    with pytest.raises(ChainMoved):
        source.read(1, node.head(9), None)


def test_two_logs_of_one_block_with_different_hashes_are_not_taken(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    state_log(node, 3)["blockHash"] = digest("another fork")
    state_log(node, 3)
    with pytest.raises(ChainMoved):
        source.read(1, node.head(9), None)


def test_removed_and_pending_logs_are_left_out(node: NodeInMemory, source: RpcChainSource) -> None:
    state_log(node, 3)["removed"] = True
    assert source.read(1, node.head(9), None)[0] == []


@pytest.mark.parametrize(
    "error", [RpcRefused(-32005, "query returned more than 10000 results"), RpcTimeout("t")]
)
def test_a_range_that_is_too_large_is_told_apart(
    node: NodeInMemory, source: RpcChainSource, error: ChainError
) -> None:
    node.errors["batch"] = error
    with pytest.raises(RangeRefused):
        source.read(1, node.head(9), None)


def test_a_refusal_of_the_logs_alone_is_told_apart(node: NodeInMemory, source: RpcChainSource) -> None:
    node.errors["eth_getLogs"] = RpcRefused(-32000, "block range too wide")
    with pytest.raises(RangeRefused):
        source.read(1, node.head(9), None)


def test_a_node_that_is_away_is_not_taken_for_a_range_that_is_too_large(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    node.errors["batch"] = RpcUnavailable("node 1 cannot be reached")
    with pytest.raises(ChainUnavailable):
        source.read(1, node.head(9), None)


@pytest.mark.parametrize("answer", [None, "x", [1], [{"address": "0x1", "blockNumber": "0x3"}]])
def test_garbage_instead_of_logs_is_no_answer(
    node: NodeInMemory, source: RpcChainSource, answer: Any
) -> None:
    real = node._answer
    node._answer = lambda method, params: (  # type: ignore[method-assign]
        answer if method == "eth_getLogs" else real(method, params)
    )
    with pytest.raises(ChainUnavailable):
        source.read(1, node.head(9), None)


def test_erc20_transfers_and_other_token_ids_are_not_even_fetched(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    node.log("Transfer", TOKEN, 3, [PUBLISHER, NFT], "0x" + word(5))
    node.log("Transfer", NFT, 3, [PUBLISHER, TOKEN, "0x2"])
    node.log("Transfer", NFT, 3, [PUBLISHER, TOKEN, "0x1"])
    (seen,), _ = source.read(1, node.head(9), None)
    assert (seen.kind, seen.payload["to"]) == (EventKind.NFT_TRANSFER, TOKEN)


def test_names_that_are_not_utf8_or_hold_nul_lose_no_event(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    data = tail([word(NFT), b"\xff\x00name", b"SYM", b"uri", word(1)])
    node.log("NFTCreated", FACTORY, 3, [TOKEN, PUBLISHER, PUBLISHER], data)
    (seen,), _ = source.read(1, node.head(9), None)
    assert seen.subject == NFT.lower()
    assert seen.payload["name"] == "\ufffd\ufffdname"


def test_the_creator_of_a_datatoken_is_the_nft_that_deployed_it(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    data = tail([b"Name", b"SYM", word(100), word(NFT)])
    node.log("TokenCreated", FACTORY, 3, [TOKEN, PUBLISHER], data)
    (seen,), _ = source.read(1, node.head(9), None)
    assert (seen.subject, seen.payload["nft"]) == (TOKEN.lower(), NFT.lower())


def test_malformed_logs_of_strangers_are_left_out(node: NodeInMemory, source: RpcChainSource) -> None:
    node.log("MetadataCreated", address("stranger"), 3, [PUBLISHER], "0x00")
    node.log("OrderStarted", address("stranger"), 3, [])
    assert source.read(1, node.head(9), None)[0] == []


def test_senders_of_transactions_are_asked_for_together(node: NodeInMemory, source: RpcChainSource) -> None:
    hashes = [digest("tx", number) for number in range(100)]
    for tx_hash in hashes:
        node.transactions[tx_hash] = {"hash": tx_hash, "from": PUBLISHER.lower(), "nonce": "0x1"}
    assert source.senders(hashes) == dict.fromkeys(hashes, PUBLISHER)
    assert len(node.batches) == 2


def test_a_node_that_has_logs_but_not_their_transaction_lags(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    with pytest.raises(NodeLags):
        source.senders([digest("tx", 3)])


def receipt(node: NodeInMemory, block: int) -> str:
    entry = state_log(node, block)
    tx_hash = str(entry["transactionHash"])
    node.receipts[tx_hash] = {
        "transactionHash": tx_hash,
        "status": "0x1",
        "blockNumber": hex(block),
        "blockHash": node.block_hash(block),
        "logs": [entry],
    }
    return tx_hash


def test_one_transaction_is_read_with_its_canonical_block(node: NodeInMemory, source: RpcChainSource) -> None:
    tx_hash = receipt(node, 3)
    found = source.sightings_of(tx_hash)
    assert found is not None
    assert found[1].number == 3
    assert len(found[0]) == 1
    node.receipts[tx_hash]["blockHash"] = digest("another fork")
    with pytest.raises(ChainMoved):
        source.sightings_of(tx_hash)


def test_an_unknown_transaction_is_none(source: RpcChainSource) -> None:
    assert source.sightings_of(digest("nothing")) is None


# -- contracts ---------------------------------------------------------------------------------------


def answers(node: NodeInMemory, contract: str, **found: str) -> None:
    from libs.chain.abi import call_data

    for signature, value in found.items():
        wanted = signature.replace("__", "(") + ")"
        node.calls_answered[contract.lower(), call_data(wanted)[:10]] = value


def test_an_nft_that_the_factory_lists_describes_itself(node: NodeInMemory, source: RpcChainSource) -> None:
    answers(node, FACTORY, erc721List__address="0x" + word(NFT))
    answers(
        node,
        NFT,
        ownerOf__uint256="0x" + word(PUBLISHER),
        name__=tail([b"Name"]),
        symbol__=tail([b"SYM"]),
        tokenURI__uint256=tail([b"ipfs://x"]),
    )
    assert source.nft_identity(NFT) == NftIdentity("Name", "SYM", "ipfs://x", PUBLISHER)


@pytest.mark.parametrize("listed", ["0x" + word(0), "0x" + word(TOKEN), "0x"])
def test_an_nft_that_the_factory_does_not_list_is_nobody(
    node: NodeInMemory, source: RpcChainSource, listed: str
) -> None:
    answers(node, FACTORY, erc721List__address=listed)
    assert source.nft_identity(NFT) is None


def test_a_datatoken_must_be_confirmed_by_its_nft_and_the_factory(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    answers(node, TOKEN, getERC721Address__="0x" + word(NFT), name__=tail([b"T"]), symbol__=tail([b"S"]))
    assert source.token_identity(TOKEN) is None
    answers(node, FACTORY, erc721List__address="0x" + word(NFT))
    assert source.token_identity(TOKEN) is None
    answers(node, NFT, isDeployed__address="0x" + word(0))
    assert source.token_identity(TOKEN) is None
    answers(node, NFT, isDeployed__address="0x" + word(1))
    assert source.token_identity(TOKEN) == TokenIdentity(NFT.lower(), "T", "S")


def test_a_chain_that_is_away_is_not_taken_for_a_contract_that_says_no(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    node.errors["eth_call"] = RpcUnavailable("node 1 cannot be reached")
    with pytest.raises(ChainUnavailable):
        source.nft_identity(NFT)
    with pytest.raises(ChainUnavailable):
        source.token_symbol(TOKEN)


def test_contracts_are_asked_at_the_head_so_that_a_lagging_node_cannot_deny_them(
    node: NodeInMemory, source: RpcChainSource
) -> None:
    asked: list[Any] = []
    real = node._answer

    def answer(method: str, params: Sequence[Any]) -> Any:
        if method == "eth_call":
            asked.append(params[1])
            return RpcRefused(-32000, "header not found")
        return real(method, params)

    node._answer = answer  # type: ignore[method-assign]
    source.head()
    with pytest.raises(ChainUnavailable):
        source.nft_identity(NFT)
    assert asked == [hex(9)]


def test_a_token_without_a_symbol_has_an_empty_one(node: NodeInMemory, source: RpcChainSource) -> None:
    assert source.token_symbol(TOKEN) == ""
    answers(node, TOKEN, symbol__="0x" + "ab" * 32)
    assert source.token_symbol(TOKEN) == ""
