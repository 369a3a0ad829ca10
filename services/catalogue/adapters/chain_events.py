"""Raw logs to sightings: which kinds we watch, whose story each belongs to, and its JSON payload.

Malformed logs are left out: only foreign contracts can emit them under these topics.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from libs.chain import events as chain_events
from libs.chain.events import TOPICS
from libs.chain.types import Log, MetadataEvent
from services.catalogue.domain.facts import EventKind
from services.catalogue.domain.sightings import Sighting

Event = TypeVar("Event")
Told = tuple[str, Mapping[str, Any]]  # subject, payload

# ERC-20 and ERC-721 share this topic, so it is asked for apart and narrowed to token id 1, which is the
# one id that the NFT template mints; an ERC-20 Transfer has no fourth topic at all.
TRANSFER_TOPIC = TOPICS["Transfer"]
TOKEN_ID_TOPIC = "0x" + f"{1:064x}"
WATCHED_TOPICS = [TOPICS[kind.value] for kind in EventKind if kind is not EventKind.NFT_TRANSFER]


def sightings(logs: Iterable[Log]) -> list[Sighting]:
    """In chain order, each place on the chain once."""
    found = {(log.block_number, log.log_index): log for log in logs}
    return [seen for _, log in sorted(found.items()) for seen in _sighting(log)]


def _sighting(log: Log) -> list[Sighting]:
    kind = _KINDS.get(log.topics[0]) if log.topics else None
    if kind is None:
        return []
    told = _TELLERS[kind](log)
    if told is None:
        return []
    subject, payload = told
    return [
        Sighting(
            kind=kind,
            emitter=log.address,
            subject=subject.lower(),
            block_number=log.block_number,
            block_hash=log.block_hash,
            tx_hash=log.tx_hash,
            log_index=log.log_index,
            payload=payload,
        )
    ]


def _only(
    read: Callable[[Iterable[Log], str], list[Event]], tell: Callable[[Log, Event], Told]
) -> Callable[[Log], Told | None]:
    def teller(log: Log) -> Told | None:
        found = read([log], log.address)
        return tell(log, found[0]) if found else None

    return teller


def _text(value: str) -> str:
    """PostgreSQL stores no NUL, and a contract may emit anything as a string."""
    return value.replace("\0", "\ufffd")


def _metadata(log: Log, event: MetadataEvent) -> Told:
    return log.address, {
        "updatedBy": event.updated_by,
        "state": event.state,
        "decryptorUrl": _text(event.decryptor_url),
        "flags": "0x" + event.flags.hex(),
        "data": "0x" + event.data.hex(),
        "metaDataHash": "0x" + event.metadata_hash.hex(),
    }


def _identity(name: str, symbol: str) -> dict[str, Any]:
    return {"name": _text(name), "symbol": _text(symbol)}


_TELLERS: dict[EventKind, Callable[[Log], Told | None]] = {
    EventKind.NFT_CREATED: _only(
        chain_events.nfts_created,
        lambda _, event: (
            event.nft,
            _identity(event.name, event.symbol) | {"tokenURI": _text(event.token_uri)},
        ),
    ),
    EventKind.NFT_TRANSFER: _only(
        chain_events.nft_transfers,
        lambda log, event: (log.address, {"from": event.sender, "to": event.receiver}),
    ),
    EventKind.METADATA_CREATED: _only(chain_events.metadata_created, _metadata),
    EventKind.METADATA_UPDATED: _only(chain_events.metadata_updated, _metadata),
    EventKind.METADATA_STATE: _only(
        chain_events.metadata_state, lambda log, event: (log.address, {"state": event.state})
    ),
    EventKind.METADATA_VALIDATED: _only(
        chain_events.metadata_validated,
        lambda log, event: (
            log.address,
            {"validator": event.validator, "metaDataHash": "0x" + event.metadata_hash.hex()},
        ),
    ),
    EventKind.TOKEN_URI_UPDATE: _only(
        chain_events.token_uri_updates,
        lambda log, event: (log.address, {"tokenURI": _text(event.token_uri), "tokenId": event.token_id}),
    ),
    EventKind.TOKEN_CREATED: _only(
        chain_events.tokens_created,
        # The factory is called by the NFT, so its "creator" is the NFT that deployed the datatoken.
        lambda _, event: (
            event.datatoken,
            _identity(event.name, event.symbol) | {"nft": event.creator.lower()},
        ),
    ),
    EventKind.ORDER_STARTED: _only(
        chain_events.order_started,
        lambda log, event: (
            log.address,
            {"consumer": event.consumer, "payer": event.payer, "serviceIndex": event.service_index},
        ),
    ),
    EventKind.EXCHANGE_CREATED: _only(
        chain_events.exchanges_created,
        lambda _, event: (
            event.datatoken,
            {
                "exchangeId": event.exchange_id.lower(),
                "baseToken": event.base_token,
                "rate": event.rate,
            },
        ),
    ),
    EventKind.EXCHANGE_RATE_CHANGED: _only(
        chain_events.exchange_rates_changed, lambda _, event: (event.exchange_id, {"rate": event.rate})
    ),
    EventKind.DISPENSER_CREATED: _only(
        chain_events.dispensers_created, lambda _, event: (event.datatoken, {"owner": event.owner})
    ),
}
_KINDS = {TOPICS[kind.value]: kind for kind in EventKind}
