"""JSON of a node to values; whatever does not fit raises MalformedAnswer."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from libs.chain.abi import MalformedData, checksum
from libs.chain.errors import MalformedAnswer
from libs.chain.types import Head, Log, Receipt, Transaction

Value = TypeVar("Value")


def quantity(value: Any) -> int:
    """A JSON-RPC QUANTITY (0x hex)."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("not a quantity")
    return int(value, 16)


def data_bytes(value: Any) -> bytes:
    """JSON-RPC DATA (0x hex, even length)."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("not data")
    return bytes.fromhex(value[2:])


def _hash(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 66:
        raise ValueError("not a hash")
    int(value, 16)
    return value.lower()


def _head(block: Mapping[str, Any]) -> Head:
    return Head(
        number=quantity(block["number"]),
        hash=_hash(block["hash"]),
        timestamp=quantity(block["timestamp"]),
        parent_hash=_hash(block["parentHash"]),
    )


def _log(log: Mapping[str, Any]) -> Log:
    return Log(
        address=checksum(log["address"]),
        topics=tuple(_hash(part) for part in log["topics"]),
        data=data_bytes(log["data"]),
        block_number=quantity(log["blockNumber"]),
        block_hash=_hash(log["blockHash"]),
        tx_hash=_hash(log["transactionHash"]),
        log_index=quantity(log["logIndex"]),
    )


def _receipt(receipt: Mapping[str, Any]) -> Receipt:
    return Receipt(
        tx_hash=_hash(receipt["transactionHash"]),
        status=quantity(receipt["status"]),
        block_number=quantity(receipt["blockNumber"]),
        block_hash=_hash(receipt["blockHash"]),
        logs=tuple(_log(log) for log in receipt["logs"]),
    )


def _transaction(transaction: Mapping[str, Any]) -> Transaction:
    block, to = transaction.get("blockNumber"), transaction.get("to")
    return Transaction(
        hash=_hash(transaction["hash"]),
        sender=checksum(transaction["from"]),
        to=checksum(to) if to else None,
        nonce=quantity(transaction["nonce"]),
        block_number=quantity(block) if block else None,
    )


def _guarded(parse: Callable[[Any], Value], what: str) -> Callable[[Any], Value]:
    def guarded(value: Any) -> Value:
        try:
            return parse(value)
        except (KeyError, TypeError, ValueError, AttributeError, MalformedData):
            raise MalformedAnswer(f"a node sent a malformed {what}") from None

    return guarded


parse_head = _guarded(_head, "block")
parse_receipt = _guarded(_receipt, "receipt")
parse_transaction = _guarded(_transaction, "transaction")
parse_data = _guarded(data_bytes, "call result")
parse_quantity = _guarded(quantity, "number")


def _logs(logs: Any) -> list[Log]:
    if not isinstance(logs, list):
        raise ValueError("not a list")
    # A log without a block number is pending; one marked removed left the chain while we asked.
    return [_log(log) for log in logs if not log.get("removed") and log.get("blockNumber")]


parse_logs = _guarded(_logs, "list of logs")
