"""Event logs to values. Only logs of the expected emitter count; malformed ones are left out, never raised.

Anyone can deploy a contract that emits look-alike events, so every function takes the emitter it believes.
Source: contract sections 8.2 (provider) and 3.5 (companion), Ocean contracts 3.1.0.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from libs.chain.abi import MalformedData, Words, checksum, topic
from libs.chain.types import (
    DispenserCreated,
    ExchangeCreated,
    ExchangeRateChanged,
    Log,
    MetadataEvent,
    MetadataKind,
    MetadataState,
    MetadataValidated,
    NftCreated,
    NftTransfer,
    OrderReused,
    OrderStarted,
    ProviderFee,
    TokenCreated,
    TokenUriUpdate,
)

Event = TypeVar("Event")

TOPICS: dict[str, str] = {
    name: topic(f"{name}({arguments})")
    for name, arguments in {
        "OrderStarted": "address,address,uint256,uint256,uint256,address,uint256",
        "OrderReused": "bytes32,address,uint256,uint256",
        "ProviderFee": "address,address,uint256,bytes,uint8,bytes32,bytes32,uint256",
        "MetadataCreated": "address,uint8,string,bytes,bytes,bytes32,uint256,uint256",
        "MetadataUpdated": "address,uint8,string,bytes,bytes,bytes32,uint256,uint256",
        "MetadataState": "address,uint8,uint256,uint256",
        "MetadataValidated": "address,bytes32,uint8,bytes32,bytes32",
        "TokenURIUpdate": "address,string,uint256,uint256,uint256",
        "Transfer": "address,address,uint256",
        "NFTCreated": "address,address,string,address,string,string,bool,address",
        "TokenCreated": "address,address,string,string,uint256,address",
        "ExchangeCreated": "bytes32,address,address,address,uint256",
        "ExchangeRateChanged": "bytes32,address,uint256",
        "DispenserCreated": "address,address,uint256,uint256,address",
    }.items()
}


def _topics(log: Log, count: int) -> Words:
    """The indexed arguments as words. Raises MalformedData unless there are exactly `count`."""
    if len(log.topics) != count + 1:
        raise MalformedData("unexpected number of topics")
    return Words(bytes.fromhex("".join(part[2:] for part in log.topics[1:])))


def _order_started(log: Log) -> OrderStarted:
    indexed, plain = _topics(log, 2), Words(log.data)
    return OrderStarted(
        consumer=indexed.address(0),
        payer=plain.address(0),
        amount=plain.uint(1),
        service_index=plain.uint(2),
        timestamp=plain.uint(3),
        market=indexed.address(1),
        block_number=plain.uint(4),
        log_index=log.log_index,
    )


def _order_reused(log: Log) -> OrderReused:
    _topics(log, 0)
    plain = Words(log.data)
    return OrderReused(
        order_tx_id="0x" + plain.word(0).hex(),
        caller=plain.address(1),
        timestamp=plain.uint(2),
        number=plain.uint(3),
        log_index=log.log_index,
    )


def _provider_fee(log: Log) -> ProviderFee:
    indexed, plain = _topics(log, 2), Words(log.data)
    return ProviderFee(
        address=indexed.address(0),
        token=indexed.address(1),
        amount=plain.uint(0),
        provider_data=plain.dynamic(1),
        v=plain.uint(2, 8),
        r=plain.word(3),
        s=plain.word(4),
        valid_until=plain.uint(5),
        log_index=log.log_index,
    )


def _metadata(kind: MetadataKind) -> Callable[[Log], MetadataEvent]:
    def decode(log: Log) -> MetadataEvent:
        indexed, plain = _topics(log, 1), Words(log.data)
        return MetadataEvent(
            kind=kind,
            updated_by=indexed.address(0),
            state=plain.uint(0, 8),
            decryptor_url=plain.text(1),
            flags=plain.dynamic(2),
            data=plain.dynamic(3),
            metadata_hash=plain.word(4),
            timestamp=plain.uint(5),
            block_number=plain.uint(6),
            log_index=log.log_index,
        )

    return decode


def _metadata_state(log: Log) -> MetadataState:
    indexed, plain = _topics(log, 1), Words(log.data)
    return MetadataState(indexed.address(0), plain.uint(0, 8), plain.uint(1), plain.uint(2), log.log_index)


def _metadata_validated(log: Log) -> MetadataValidated:
    indexed, plain = _topics(log, 1), Words(log.data)
    return MetadataValidated(
        indexed.address(0), plain.word(0), plain.uint(1, 8), plain.word(2), plain.word(3), log.log_index
    )


def _token_uri_update(log: Log) -> TokenUriUpdate:
    indexed, plain = _topics(log, 1), Words(log.data)
    return TokenUriUpdate(
        indexed.address(0), plain.text(0), plain.uint(1), plain.uint(2), plain.uint(3), log.log_index
    )


def _nft_transfer(log: Log) -> NftTransfer:
    indexed = _topics(log, 3)  # an ERC-20 Transfer has two indexed arguments and is refused here
    return NftTransfer(indexed.address(0), indexed.address(1), indexed.uint(2), log.log_index)


def _nft_created(log: Log) -> NftCreated:
    indexed, plain = _topics(log, 3), Words(log.data)
    return NftCreated(
        nft=plain.address(0),
        template=indexed.address(0),
        name=plain.text(1),
        admin=indexed.address(1),
        symbol=plain.text(2),
        token_uri=plain.text(3),
        transferable=plain.boolean(4),
        creator=indexed.address(2),
        log_index=log.log_index,
    )


def _token_created(log: Log) -> TokenCreated:
    indexed, plain = _topics(log, 2), Words(log.data)
    return TokenCreated(
        datatoken=indexed.address(0),
        template=indexed.address(1),
        name=plain.text(0),
        symbol=plain.text(1),
        cap=plain.uint(2),
        creator=plain.address(3),
        log_index=log.log_index,
    )


def _exchange_created(log: Log) -> ExchangeCreated:
    indexed, plain = _topics(log, 3), Words(log.data)
    return ExchangeCreated(
        exchange_id="0x" + indexed.word(0).hex(),
        base_token=indexed.address(1),
        datatoken=indexed.address(2),
        owner=plain.address(0),
        rate=plain.uint(1),
        log_index=log.log_index,
    )


def _exchange_rate_changed(log: Log) -> ExchangeRateChanged:
    indexed, plain = _topics(log, 2), Words(log.data)
    return ExchangeRateChanged("0x" + indexed.word(0).hex(), indexed.address(1), plain.uint(0), log.log_index)


def _dispenser_created(log: Log) -> DispenserCreated:
    indexed, plain = _topics(log, 2), Words(log.data)
    return DispenserCreated(
        indexed.address(0), indexed.address(1), plain.uint(0), plain.uint(1), plain.address(2), log.log_index
    )


def _collect(logs: Iterable[Log], emitter: str, name: str, decode: Callable[[Log], Event]) -> list[Event]:
    wanted, address = TOPICS[name], checksum(emitter)
    found: list[Event] = []
    for log in logs:
        if log.address != address or not log.topics or log.topics[0] != wanted:
            continue
        try:
            found.append(decode(log))
        except MalformedData:
            continue  # a contract may emit anything under a known topic
    return found


def order_started(logs: Iterable[Log], emitter: str) -> list[OrderStarted]:
    return _collect(logs, emitter, "OrderStarted", _order_started)


def order_reused(logs: Iterable[Log], emitter: str) -> list[OrderReused]:
    return _collect(logs, emitter, "OrderReused", _order_reused)


def provider_fees(logs: Iterable[Log], emitter: str) -> list[ProviderFee]:
    return _collect(logs, emitter, "ProviderFee", _provider_fee)


def metadata_created(logs: Iterable[Log], emitter: str) -> list[MetadataEvent]:
    return _collect(logs, emitter, "MetadataCreated", _metadata(MetadataKind.CREATED))


def metadata_updated(logs: Iterable[Log], emitter: str) -> list[MetadataEvent]:
    return _collect(logs, emitter, "MetadataUpdated", _metadata(MetadataKind.UPDATED))


def metadata_state(logs: Iterable[Log], emitter: str) -> list[MetadataState]:
    return _collect(logs, emitter, "MetadataState", _metadata_state)


def metadata_validated(logs: Iterable[Log], emitter: str) -> list[MetadataValidated]:
    return _collect(logs, emitter, "MetadataValidated", _metadata_validated)


def token_uri_updates(logs: Iterable[Log], emitter: str) -> list[TokenUriUpdate]:
    return _collect(logs, emitter, "TokenURIUpdate", _token_uri_update)


def nft_transfers(logs: Iterable[Log], emitter: str) -> list[NftTransfer]:
    return _collect(logs, emitter, "Transfer", _nft_transfer)


def nfts_created(logs: Iterable[Log], emitter: str) -> list[NftCreated]:
    return _collect(logs, emitter, "NFTCreated", _nft_created)


def tokens_created(logs: Iterable[Log], emitter: str) -> list[TokenCreated]:
    return _collect(logs, emitter, "TokenCreated", _token_created)


def exchanges_created(logs: Iterable[Log], emitter: str) -> list[ExchangeCreated]:
    return _collect(logs, emitter, "ExchangeCreated", _exchange_created)


def exchange_rates_changed(logs: Iterable[Log], emitter: str) -> list[ExchangeRateChanged]:
    return _collect(logs, emitter, "ExchangeRateChanged", _exchange_rate_changed)


def dispensers_created(logs: Iterable[Log], emitter: str) -> list[DispenserCreated]:
    return _collect(logs, emitter, "DispenserCreated", _dispenser_created)
