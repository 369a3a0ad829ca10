"""Follows one chain over JSON-RPC: ranges of logs that are proven to belong to one version of the chain.

What is read together is asked in one batch, because a batch is answered by a single node: a node that
lags then gives itself away by not having the block that ends the range.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from libs.chain.abi import MalformedData, Words, address_word, call_data, checksum
from libs.chain.errors import CallReverted, ChainError, RpcRefused, RpcTimeout
from libs.chain.parse import data_bytes, parse_head, parse_logs, parse_receipt, parse_transaction
from libs.chain.rpc import RpcPool
from libs.chain.types import Head, Log
from services.catalogue.adapters.chain_events import (
    TOKEN_ID_TOPIC,
    TRANSFER_TOPIC,
    WATCHED_TOPICS,
    sightings,
)
from services.catalogue.domain.facts import Checkpoint
from services.catalogue.domain.sightings import (
    ChainMoved,
    ChainUnavailable,
    Contracts,
    NftIdentity,
    NodeLags,
    RangeRefused,
    Sighting,
    TokenIdentity,
)

Parsed = TypeVar("Parsed")
Request = tuple[str, Sequence[Any]]
_BATCH = 64
_FIRST_TOKEN = b"\0" * 31 + b"\x01"


class RpcChainSource:
    """A ChainSource over an RpcPool."""

    def __init__(self, pool: RpcPool, contracts: Contracts) -> None:
        self._pool = pool
        self._contracts = contracts
        self._call_at = "latest"

    @property
    def chain_id(self) -> int:
        return self._pool.chain_id

    @property
    def contracts(self) -> Contracts:
        return self._contracts

    def head(self) -> Head:
        head = _parsed(parse_head, self._call("eth_getBlockByNumber", "latest", False))
        # Contracts are asked at this block, so that a node that lags refuses instead of denying them.
        self._call_at = hex(head.number)
        return head

    def blocks(self, numbers: Sequence[int]) -> list[Head | None]:
        found: list[Head | None] = []
        for start in range(0, len(numbers), _BATCH):
            answers = self._batch([_block(number) for number in numbers[start : start + _BATCH]])
            found += [_head_or_none(answer) for answer in answers]
        return found

    def read(
        self, first: int, last: Head, anchor: Checkpoint | None
    ) -> tuple[list[Sighting], dict[int, Head]]:
        seen = sightings(self._logs(first, last))
        headers = self._confirm(seen, last, anchor)
        return seen, headers

    def senders(self, tx_hashes: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(tx_hashes), _BATCH):
            part = tx_hashes[start : start + _BATCH]
            answers = self._batch([("eth_getTransactionByHash", (tx_hash,)) for tx_hash in part])
            for tx_hash, answer in zip(part, answers, strict=True):
                if _result(answer) is None:
                    raise NodeLags("the node does not know a transaction that it has logs of")
                found[tx_hash] = _parsed(parse_transaction, answer).sender
        return found

    def sightings_of(self, tx_hash: str) -> tuple[list[Sighting], Head] | None:
        answer = self._call("eth_getTransactionReceipt", tx_hash)
        if answer is None:
            return None
        receipt = _parsed(parse_receipt, answer)
        header = self.blocks([receipt.block_number])[0]
        if header is None or header.hash != receipt.block_hash:
            raise ChainMoved("the transaction's block is not canonical")
        return sightings(receipt.logs), header

    # -- contracts ------------------------------------------------------------------------------

    def nft_identity(self, nft: str) -> NftIdentity | None:
        listed = self._words(self._contracts.factory, "erc721List(address)", address_word(nft))
        if listed is None or _address(listed) != nft.lower():
            return None
        owner = self._words(nft, "ownerOf(uint256)", _FIRST_TOKEN)
        return NftIdentity(
            name=self._text(nft, "name()"),
            symbol=self._text(nft, "symbol()"),
            token_uri=self._text(nft, "tokenURI(uint256)", _FIRST_TOKEN),
            owner=checksum(_address(owner)) if owner is not None and _address(owner) else "",
        )

    def token_identity(self, datatoken: str) -> TokenIdentity | None:
        answer = self._words(datatoken, "getERC721Address()")
        nft = _address(answer) if answer is not None else ""
        if not nft:
            return None
        listed = self._words(self._contracts.factory, "erc721List(address)", address_word(nft))
        if listed is None or _address(listed) != nft:
            return None
        deployed = self._words(nft, "isDeployed(address)", address_word(datatoken))
        if deployed is None or not any(deployed):
            return None
        return TokenIdentity(nft, self._text(datatoken, "name()"), self._text(datatoken, "symbol()"))

    def token_symbol(self, token: str) -> str:
        return self._text(token, "symbol()")

    def _words(self, to: str, signature: str, *words: bytes) -> bytes | None:
        """What the contract returns; None when it has no such function."""
        request = {"to": to, "data": call_data(signature, words)}
        try:
            return data_bytes(self._pool.call("eth_call", (request, self._call_at)))
        except CallReverted:
            return None
        except ValueError:
            raise ChainUnavailable("a node sent a malformed call result") from None
        except ChainError as error:
            raise ChainUnavailable(str(error)) from error

    def _text(self, to: str, signature: str, *words: bytes) -> str:
        answer = self._words(to, signature, *words)
        try:
            return Words(answer or b"").text(0).replace("\0", "\ufffd")
        except MalformedData:
            return ""

    # -- ranges ---------------------------------------------------------------------------------

    def _logs(self, first: int, last: Head) -> list[Log]:
        block, *answers = self._batch(
            [
                _block(last.number),
                _filter(first, last.number, [WATCHED_TOPICS]),
                _filter(first, last.number, [TRANSFER_TOPIC, None, None, TOKEN_ID_TOPIC]),
            ],
            in_range=True,
        )
        _check_end(_head_or_none(block), last)
        found: list[Log] = []
        for answer in answers:
            if isinstance(answer, RpcRefused):
                raise RangeRefused(str(answer))
            logs = _parsed(parse_logs, _result(answer))
            if any(not first <= log.block_number <= last.number for log in logs):
                raise ChainUnavailable("a node sent logs of other blocks")
            found += logs
        return found

    def _confirm(self, seen: Sequence[Sighting], last: Head, anchor: Checkpoint | None) -> dict[int, Head]:
        wanted = {sighting.block_number: sighting.block_hash for sighting in seen}
        wanted |= {last.number: last.hash}
        if anchor is not None:
            wanted[anchor.number] = anchor.hash
        headers: dict[int, Head] = {}
        for (number, expected), header in zip(wanted.items(), self.blocks(list(wanted)), strict=True):
            if header is None:
                raise NodeLags(f"the node does not have block {number}")
            if header.hash != expected:
                raise ChainMoved(f"block {number} was replaced")
            headers[number] = header
        if any(sighting.block_hash != headers[sighting.block_number].hash for sighting in seen):
            raise ChainMoved("a log belongs to a block that was replaced")
        return headers

    def _call(self, method: str, *params: Any) -> Any:
        try:
            return self._pool.call(method, params)
        except ChainError as error:
            raise ChainUnavailable(str(error)) from error

    def _batch(self, requests: Sequence[Request], *, in_range: bool = False) -> list[Any]:
        try:
            return self._pool.batch(requests)
        except (RpcTimeout, RpcRefused) as error:
            if in_range:
                raise RangeRefused(str(error)) from error
            raise ChainUnavailable(str(error)) from error
        except ChainError as error:
            raise ChainUnavailable(str(error)) from error


def _check_end(found: Head | None, expected: Head) -> None:
    if found is None:
        raise NodeLags(f"the node does not have block {expected.number}")
    if found.hash != expected.hash:
        raise ChainMoved(f"block {expected.number} was replaced")


def _block(number: int) -> Request:
    return "eth_getBlockByNumber", (hex(number), False)


def _filter(first: int, last: int, topics: Sequence[Any]) -> Request:
    return "eth_getLogs", ({"fromBlock": hex(first), "toBlock": hex(last), "topics": list(topics)},)


def _result(answer: Any) -> Any:
    """One member of a batch; a call that failed alone raises. Raises ChainUnavailable."""
    if isinstance(answer, ChainError):
        raise ChainUnavailable(str(answer)) from answer
    return answer


def _head_or_none(answer: Any) -> Head | None:
    value = _result(answer)
    return None if value is None else _parsed(parse_head, value)


def _parsed(parse: Callable[[Any], Parsed], value: Any) -> Parsed:
    try:
        return parse(value)
    except ChainError as error:
        raise ChainUnavailable(str(error)) from error


def _address(data: bytes) -> str:
    """The lower-case address in the first word; empty when there is none or it is zero."""
    try:
        address = Words(data).address(0).lower()
    except MalformedData:
        return ""
    return "" if int(address, 16) == 0 else address
