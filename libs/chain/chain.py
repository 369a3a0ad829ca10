"""One chain as the services see it: typed reads, cached for as long as they are sure to be true.

A request asks for the head once (`head()`, one light call) and hands it to the other reads: facts that can
change are cached per head hash, so a reorganisation or a state change is seen with the next block.
What cannot change any more (receipts `finality_blocks` deep, factory listings, decimals) is kept.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from libs.chain import contracts
from libs.chain.abi import MalformedData
from libs.chain.addresses import Section
from libs.chain.cache import FactCache
from libs.chain.contracts import View, agrees, decode_answer, failed_in_contract
from libs.chain.errors import (
    CallReverted,
    ChainError,
    RpcRefused,
    RpcUnavailable,
    UnknownContract,
)
from libs.chain.parse import (
    parse_data,
    parse_head,
    parse_logs,
    parse_quantity,
    parse_receipt,
    parse_transaction,
)
from libs.chain.rpc import RpcPool
from libs.chain.types import Head, Log, NftMetadata, Receipt, SendingTerms, Transaction
from libs.chain.waiting import ReceiptWaiter
from libs.sharing.calls import SharedCalls

Value = TypeVar("Value")
Topics = Sequence[str | Sequence[str] | None]

_MAX_FACTS = 8192
_MAX_RECEIPT_BYTES = 16 * 1024 * 1024
_SIGNATURE_CHECK_GAS = hex(3_000_000)


class Chain:
    """Thread-safe and fork-safe; build one per process. Reads raise RpcUnavailable (and its kinds),
    RpcRefused; contract reads also CallReverted when the address does not speak that function."""

    def __init__(self, pool: RpcPool, addresses: Section, finality_blocks: int = 64) -> None:
        self._pool = pool
        self._addresses = addresses
        self._highest = 0
        self.finality_blocks = finality_blocks
        self._receipts: FactCache[str, Receipt] = FactCache(_MAX_RECEIPT_BYTES, _receipt_weight)
        self._facts: FactCache[tuple[str, str], Any] = FactCache(_MAX_FACTS)
        self._heads: SharedCalls[Head] = SharedCalls()
        self._waiter = ReceiptWaiter(self.fresh_receipt, self.transaction)

    # -- the chain itself -----------------------------------------------------------------------

    @property
    def chain_id(self) -> int:
        return self._pool.chain_id

    @property
    def network(self) -> str:
        """The address file's name for this chain."""
        return self._addresses.network

    @property
    def start_block(self) -> int:
        """The block the contracts were deployed at, or 0."""
        return self._addresses.start_block

    def address_of(self, name: str) -> str | None:
        """A contract of the address file, e.g. "Ocean", "ERC721Factory"."""
        return self._addresses.address_of(name)

    def head(self) -> Head:
        """The newest block, as it is after this was asked. A node behind what was already seen is passed over
        while another is not."""
        return self._heads.value(None, self._newest)

    def _newest(self) -> Head:
        seen = self._highest
        heads = self._pool.gather(
            "eth_getBlockByNumber",
            ("latest", False),
            parse=parse_head,
            accept=lambda head: head.number >= seen,
        )
        head = max(heads, key=lambda candidate: candidate.number)
        self._highest = head.number
        return head

    def block(self, reference: int | str) -> Head | None:
        """By number, by hash (0x and 64 digits) or by tag ("finalized"); None when no node has it."""
        method = "eth_getBlockByNumber"
        if isinstance(reference, int):
            reference = hex(reference)
        elif len(reference) == 66:
            method = "eth_getBlockByHash"
        head: Head | None = self._pool.call(
            method, (reference, False), parse=_optional(parse_head), accept=_is_present
        )
        return head

    def confirmations(self, receipt: Receipt, head: Head) -> int:
        """1 for a transaction in the newest block."""
        return max(head.number - receipt.block_number + 1, 0)

    def is_final(self, block_number: int, head: Head) -> bool:
        return head.number - block_number >= self.finality_blocks

    # -- transactions and logs ------------------------------------------------------------------

    def receipt(self, tx_hash: str, head: Head | None = None) -> Receipt | None:
        """The receipt, or None while there is none. `tx_hash`: 0x and 64 hex digits."""
        key = tx_hash.lower()
        known = self._receipts.final(key)
        if known is not None:
            return known
        head = head or self.head()
        return self._receipts.at(key, head.hash) or self._read_receipt(key, head)

    def fresh_receipt(self, tx_hash: str) -> Receipt | None:
        """The receipt as the nodes have it this moment."""
        return self._read_receipt(tx_hash.lower(), self.head())

    def _read_receipt(self, key: str, head: Head) -> Receipt | None:
        receipt: Receipt | None = self._pool.call(
            "eth_getTransactionReceipt", (key,), parse=_optional(parse_receipt), accept=_is_present
        )
        if receipt is not None:
            final = self.is_final(receipt.block_number, head)
            self._receipts.put(key, receipt, None if final else head.hash)
        return receipt

    def wait_receipt(self, tx_hash: str, seconds: float = 10.0) -> Receipt | None:
        """The receipt, waiting up to `seconds` for a pending transaction; a hash that no node has heard of
        gets two seconds, a few waiters at most, and is remembered as made up."""
        return self.receipt(tx_hash) or self._waiter.wait(tx_hash.lower(), seconds)

    def transaction(self, tx_hash: str) -> Transaction | None:
        """Mined or pending; None when no node knows it."""
        found: Transaction | None = self._pool.call(
            "eth_getTransactionByHash", (tx_hash,), parse=_optional(parse_transaction), accept=_is_present
        )
        return found

    def sending_terms(self, sender: str, to: str, data: bytes) -> SendingTerms:
        """What a transaction from `sender` needs now. Raises CallReverted when it would revert."""
        call = {"from": sender, "to": to, "data": "0x" + data.hex()}
        answers = self._pool.batch(
            [
                ("eth_getTransactionCount", (sender, "pending")),
                ("eth_gasPrice", ()),
                ("eth_estimateGas", (call,)),
            ]
        )
        for answer in answers:
            if isinstance(answer, ChainError):
                raise answer
        return SendingTerms(*(parse_quantity(answer) for answer in answers))

    def send_raw_transaction(self, raw: bytes) -> str:
        """Hand a signed transaction to a node; its hash."""
        return str(self._pool.call("eth_sendRawTransaction", ("0x" + raw.hex(),)))

    def logs(
        self,
        from_block: int,
        to_block: int,
        topics: Topics = (),
        address: str | Sequence[str] | None = None,
    ) -> list[Log]:
        """Logs of a range, both ends included, in chain order.

        Only a node that has `to_block` is believed, because one that lags would answer with too few.
        Raises RpcRefused (AnswerTooLarge included) when the range is too wide for the node.
        """
        query: dict[str, Any] = {
            "fromBlock": hex(from_block),
            "toBlock": hex(to_block),
            "topics": list(topics),
        }
        if address is not None:
            query["address"] = address if isinstance(address, str) else list(address)
        found, last = self._pool.batch(
            [("eth_getLogs", (query,)), ("eth_getBlockByNumber", (hex(to_block), False))],
            accept=lambda answers: isinstance(answers[1], dict),
        )
        for answer in (found, last):
            if isinstance(answer, ChainError):
                raise answer
        if last is None:
            raise RpcUnavailable(f"no node has block {to_block}")
        return parse_logs(found)

    # -- contracts ------------------------------------------------------------------------------

    def call(self, to: str, data: bytes | str, block: int | str = "latest") -> bytes:
        """A raw eth_call. `block`: number, tag, or block hash. Raises CallReverted."""
        text = data if isinstance(data, str) else "0x" + data.hex()
        answer: bytes = self._pool.call("eth_call", ({"to": to, "data": text}, _tag(block)), parse=parse_data)
        return answer

    def code(self, address: str, block: int | str = "latest") -> bytes:
        code: bytes = self._pool.call("eth_getCode", (address, _tag(block)), parse=parse_data)
        return code

    def nft_metadata(self, nft: str, head: Head | None = None) -> NftMetadata:
        return self._read(contracts.nft_metadata(nft), head)

    def owner_of(self, nft: str, token_id: int = 1, head: Head | None = None) -> str:
        return self._read(contracts.owner_of(nft, token_id), head)

    def decimals(self, token: str, head: Head | None = None) -> int:
        return self._read(contracts.decimals(token), head, keep=_always)

    def symbol(self, token: str, head: Head | None = None) -> str:
        return self._read(contracts.symbol(token), head, keep=_always)

    def name(self, token: str, head: Head | None = None) -> str:
        return self._read(contracts.name(token), head, keep=_always)

    def is_factory_nft(self, nft: str, head: Head | None = None) -> bool:
        """Whether our factory made this NFT; only then is its word worth anything."""
        factory = self.address_of("ERC721Factory")
        if factory is None:
            raise UnknownContract(f"no ERC721Factory for chain {self.chain_id} in the address file")
        return self._holds(contracts.listed_in_factory(factory, nft), head)

    def is_deployed(self, nft: str, datatoken: str, head: Head | None = None) -> bool:
        """Whether the NFT made this datatoken. Ask `is_factory_nft` first: any contract can say yes."""
        return self._holds(contracts.deployed_by(nft, datatoken), head)

    def is_valid_contract_signature(self, address: str, digest: bytes, signature: bytes) -> bool:
        """EIP-1271: does the contract at `address` accept this signature of the 32-byte digest?"""
        view = contracts.valid_signature(address, digest, signature)
        call = {"to": view.to, "data": view.data, "gas": _SIGNATURE_CHECK_GAS}
        code, answer = self._pool.batch(
            [("eth_getCode", (address, "latest")), ("eth_call", (call, "latest"))]
        )
        if isinstance(code, ChainError):
            raise code
        if not parse_data(code):
            return False
        if isinstance(answer, ChainError):
            if isinstance(answer, CallReverted) or failed_in_contract(answer):
                return False
            raise answer
        try:
            return view.decode(parse_data(answer))
        except MalformedData:
            return False

    # -- cached contract reads ------------------------------------------------------------------

    def _holds(self, view: View[bool], head: Head | None) -> bool:
        """A claim that stays true once it is: only yes is kept. A contract that cannot answer says no."""
        try:
            return self._read(view, head, keep=bool)
        except CallReverted:
            return False

    def _read(
        self, view: View[Value], head: Head | None, keep: Callable[[Value], bool] | None = None
    ) -> Value:
        key = (view.to, view.data)
        known: Value | None = self._facts.final(key)
        if known is None:
            head = head or self.head()
            known = self._facts.at(key, head.hash)
        if known is None:
            assert head is not None
            known = self._read_at(view, head, keep)
        return known

    def _read_at(self, view: View[Value], head: Head, keep: Callable[[Value], bool] | None) -> Value:
        """Read at exactly `head`; with `keep` also at final depth, and what agrees there is kept for good."""
        call = {"to": view.to, "data": view.data}
        calls: list[tuple[str, Sequence[Any]]] = [("eth_call", (call, {"blockHash": head.hash}))]
        deep = head.number - self.finality_blocks
        if keep is not None and deep > 0:
            calls.append(("eth_call", (call, hex(deep))))
        now, *settled = self._pool.batch(calls, accept=lambda answers: not isinstance(answers[0], RpcRefused))
        value = decode_answer(view, now)
        final = False
        if keep is not None and settled and keep(value):
            final = agrees(view, settled[0], value)
        self._facts.put((view.to, view.data), value, None if final else head.hash)
        return value


def _always(_value: object) -> bool:
    return True


def _is_present(value: object) -> bool:
    return value is not None


def _optional(parse: Callable[[Any], Value]) -> Callable[[Any], Value | None]:
    return lambda value: None if value is None else parse(value)


def _receipt_weight(receipt: Receipt) -> int:
    return 512 + sum(512 + len(log.data) for log in receipt.logs)


def _tag(block: int | str) -> str | dict[str, str]:
    if isinstance(block, int):
        return hex(block)
    return {"blockHash": block} if len(block) == 66 else block
