"""A chain in memory that speaks JSON-RPC, for tests of libs.chain that open no socket."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from libs.chain.rpc import RpcPool
from libs.http1.errors import HttpFailure

CHAIN_ID = 8996


def fake_hash(*parts: object) -> str:
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


class FakeNode:
    """One node: blocks that can be mined and reorganised, receipts, answers to calls; and its own troubles.

    `trouble`: None, or an exception that every exchange raises. `script`: whole raw answers that go out
    first, as bytes. `contract` answers eth_call: (to, data, block tag) -> bytes or a JSON-RPC error dict.
    """

    def __init__(self, chain_id: int = CHAIN_ID, blocks: int = 1) -> None:
        self.chain_id = chain_id
        self.branch = 0
        self.blocks: list[dict[str, Any]] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.transactions: dict[str, dict[str, Any]] = {}
        self.logs: list[dict[str, Any]] = []
        self.contract: Callable[[str, str, Any], Any] = lambda to, data, tag: b""
        self.codes: dict[str, bytes] = {}
        self.trouble: Exception | None = None
        self.script: list[bytes] = []
        self.asked: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.mine(blocks)

    # -- the chain ------------------------------------------------------------------------------

    def mine(self, count: int = 1) -> None:
        for _ in range(count):
            number = len(self.blocks)
            parent = self.blocks[-1]["hash"] if self.blocks else "0x" + "00" * 32
            self.blocks.append(
                {
                    "number": hex(number),
                    "hash": fake_hash(number, self.branch, parent),
                    "parentHash": parent,
                    "timestamp": hex(1_700_000_000 + number),
                }
            )

    def reorg(self, depth: int) -> None:
        """Replace the last `depth` blocks by others; their receipts are gone."""
        del self.blocks[-depth:]
        self.branch += 1
        self.mine(depth)
        canonical = {block["hash"] for block in self.blocks}
        self.receipts = {tx: r for tx, r in self.receipts.items() if r["blockHash"] in canonical}

    def add_receipt(self, tx_hash: str, *, block: int | None = None, status: int = 1, logs: Any = ()) -> None:
        where = self.blocks[len(self.blocks) - 1 if block is None else block]
        self.receipts[tx_hash] = {
            "transactionHash": tx_hash,
            "status": hex(status),
            "blockNumber": where["number"],
            "blockHash": where["hash"],
            "logs": list(logs),
        }

    def add_pending(self, tx_hash: str) -> None:
        self.transactions[tx_hash] = {
            "hash": tx_hash,
            "from": "0x" + "11" * 20,
            "to": None,
            "nonce": "0x0",
            "blockNumber": None,
        }

    # -- the transport --------------------------------------------------------------------------

    def post(self, body: bytes, timeout_seconds: float) -> bytes:
        self.seconds.append(timeout_seconds)
        request = json.loads(body)
        if self.trouble is not None:
            raise self.trouble
        if self.script:
            return self.script.pop(0)
        if isinstance(request, list):
            return json.dumps([self._answer(part) for part in request]).encode()
        return json.dumps(self._answer(request)).encode()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked[request["method"]] += 1
        envelope = {"jsonrpc": "2.0", "id": request["id"]}
        result = getattr(self, "_" + request["method"])(*request["params"])
        if isinstance(result, dict) and "error" in result:
            return envelope | result
        return envelope | {"result": result}

    # -- methods --------------------------------------------------------------------------------

    def _eth_chainId(self) -> str:
        return hex(self.chain_id)

    def _eth_getBlockByNumber(self, tag: str, _full: bool) -> Any:
        number = len(self.blocks) - 1 if tag in ("latest", "finalized") else int(tag, 16)
        return self.blocks[number] if number < len(self.blocks) else None

    def _eth_getBlockByHash(self, block_hash: str, _full: bool) -> Any:
        return next((block for block in self.blocks if block["hash"] == block_hash), None)

    def _eth_getTransactionReceipt(self, tx_hash: str) -> Any:
        return self.receipts.get(tx_hash)

    def _eth_getTransactionByHash(self, tx_hash: str) -> Any:
        return self.transactions.get(tx_hash)

    def _eth_getLogs(self, query: dict[str, Any]) -> Any:
        return self.logs

    def _eth_getCode(self, address: str, _tag: Any) -> str:
        return "0x" + self.codes.get(address, b"").hex()

    def _eth_call(self, call: dict[str, str], tag: Any) -> Any:
        if isinstance(tag, dict) and self._eth_getBlockByHash(tag["blockHash"], False) is None:
            return {"error": {"code": -32001, "message": "header not found"}}
        answer = self.contract(call["to"], call["data"], tag)
        return answer if isinstance(answer, dict) else "0x" + answer.hex()


def pool_of(*nodes: FakeNode, chain_id: int | None = CHAIN_ID, **settings: Any) -> RpcPool:
    """An RpcPool whose URLs lead to these nodes."""
    by_url = {f"http://node{position}.test/KEY": node for position, node in enumerate(nodes)}
    return RpcPool(list(by_url), chain_id, connect=lambda url, _limit: by_url[url], **settings)


def connection_refused() -> Exception:
    return ConnectionRefusedError("http://node.test/KEY")


def too_many_requests() -> Exception:
    return HttpFailure("HTTP 429")
