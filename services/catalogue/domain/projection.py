"""The served document and the state of an NFT, computed from stored facts and from nothing else.

The same facts give the same result whatever the order in which they arrived and however often this runs;
no clock, no chain, no earlier result goes in. Source: companion contract 2.4.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.catalogue.domain.facts import (
    AssetRecord,
    DidState,
    DocumentOutcome,
    EventFact,
    EventKey,
    EventKind,
    OutcomeStatus,
)
from services.catalogue.domain.purgatory import Purgatory
from services.catalogue.domain.sightings import NftIdentity
from services.catalogue.domain.tokens import TokenStory, current_rate, identity_of, order_count, sale_places

METADATA_KINDS = frozenset({EventKind.METADATA_CREATED, EventKind.METADATA_UPDATED})
SHORT_STATES = frozenset({2, 3})
_SHORT_MEMBERS = ("event", "nft", "datatokens", "stats")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
WAITING = "The document waits to be opened."


@dataclass(frozen=True, slots=True)
class NftStory:
    """Everything known of one NFT. `nft_address` is checksummed, keys of `tokens` are lower-case."""

    did: str
    chain_id: int
    nft_address: str
    events: Sequence[EventFact]
    outcomes: Mapping[EventKey, DocumentOutcome] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None  # of `served_event`
    tokens: Mapping[str, TokenStory] = field(default_factory=dict)
    identity: NftIdentity | None = None
    purgatory: Purgatory = field(default_factory=Purgatory)


def served_event(
    events: Iterable[EventFact], outcomes: Mapping[EventKey, DocumentOutcome]
) -> EventFact | None:
    """The last metadata event whose document was taken: an update that failed leaves the one before."""
    taken = None
    for event in events:
        outcome = outcomes.get(event.key)
        if event.kind in METADATA_KINDS and outcome and outcome.status is OutcomeStatus.STORED:
            taken = event
    return taken


def datatokens_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Lower-case datatokens of the services, in their order, each once.

    What is no address is left out: the older schemas let any text stand there.
    """
    named = (str(service["datatokenAddress"]).lower() for service in _services(document))
    return tuple(dict.fromkeys(name for name in named if _ADDRESS.fullmatch(name)))


def asset_of(story: NftStory) -> AssetRecord | None:
    """None while no document of this NFT was taken."""
    event = served_event(story.events, story.outcomes)
    if event is None or story.document is None:
        return None
    state = _state(story.events)
    added = {
        "nft": _nft(story, state),
        "datatokens": [_datatoken(story, service) for service in _services(story.document)],
        "event": _event(event),
        "stats": _stats(story),
        "purgatory": _purgatory(story, event),
    }
    added["indexedMetadata"] = indexed_metadata(story, added)
    document = {**story.document, **added}
    if state in SHORT_STATES:
        document = {name: added[name] for name in _SHORT_MEMBERS}
    return AssetRecord(
        did=story.did,
        chain_id=story.chain_id,
        nft_address=story.nft_address,
        state=state,
        datatokens=datatokens_of(story.document),
        document=document,
    )


def did_state_of(story: NftStory) -> DidState | None:
    """What became of the last metadata event; None when there was none."""
    last = next((event for event in reversed(story.events) if event.kind in METADATA_KINDS), None)
    if last is None:
        return None
    outcome = story.outcomes.get(last.key)
    valid = outcome is not None and outcome.status is OutcomeStatus.STORED
    error = None if valid else (outcome.error if outcome else None) or WAITING
    return DidState(story.did, story.chain_id, story.nft_address, last.tx_hash, valid, error)


def iso_time(seconds: int) -> str:
    """`2026-11-21T23:19:48Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- parts ---------------------------------------------------------------------------------------


def _services(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    services = document.get("services")
    return list(services) if isinstance(services, list) else []


def _state(events: Iterable[EventFact]) -> int:
    """The last word of the chain counts, whether or not we could read the document that came with it."""
    state = 0
    for event in events:
        if event.kind in METADATA_KINDS or event.kind is EventKind.METADATA_STATE:
            state = int(event.payload["state"])
    return state


def _nft(story: NftStory, state: int) -> dict[str, Any]:
    found = story.identity
    name, symbol = (found.name, found.symbol) if found else ("", "")
    token_uri, owner = (found.token_uri, found.owner) if found else ("", "")
    created = ""
    for event in story.events:
        payload = event.payload
        if event.kind is EventKind.NFT_CREATED:
            name, symbol, token_uri = payload["name"], payload["symbol"], payload["tokenURI"]
        elif event.kind is EventKind.TOKEN_URI_UPDATE:
            token_uri = payload["tokenURI"]
        elif event.kind is EventKind.NFT_TRANSFER:
            owner = payload["to"]
        elif event.kind in METADATA_KINDS and not created:
            created = iso_time(event.block_timestamp)
    return {
        "address": story.nft_address,
        "name": name,
        "symbol": symbol,
        "state": state,
        "tokenURI": token_uri,
        "owner": owner,
        "created": created,
    }


def _event(event: EventFact) -> dict[str, Any]:
    return {
        "tx": event.tx_hash,
        "txid": event.tx_hash,
        "block": event.key.block_number,
        "from": event.tx_from,
        "contract": event.emitter,
        "datetime": iso_time(event.block_timestamp),
    }


def _purgatory(story: NftStory, event: EventFact) -> dict[str, Any]:
    reason = story.purgatory.reason(story.did, event.tx_from)
    return {"state": reason is not None, "reason": reason or ""}


def _datatoken(story: NftStory, service: Mapping[str, Any]) -> dict[str, Any]:
    address = str(service["datatokenAddress"])
    identity = identity_of(story.tokens.get(address.lower(), TokenStory()))
    return {
        "address": address,
        "name": identity.name if identity else "",
        "symbol": identity.symbol if identity else "",
        "serviceId": service.get("id", ""),
    }


def own_token(story: NftStory, address: str) -> TokenStory | None:
    """Only a datatoken that this NFT deployed counts: a document may name somebody else's."""
    token = story.tokens.get(address.lower(), TokenStory())
    identity = identity_of(token)
    return token if identity is not None and identity.nft == story.nft_address.lower() else None


def indexed_metadata(story: NftStory, added: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts in the layout that ocean.js reads from 4.1 on (`waitForIndexer` wants `event.txid`)."""
    return {
        "nft": added["nft"],
        "event": added["event"],
        "stats": [_service_stats(story, service) for service in _services(story.document or {})],
        "purgatory": added["purgatory"],
    }


def _service_stats(story: NftStory, service: Mapping[str, Any]) -> dict[str, Any]:
    token = own_token(story, str(service["datatokenAddress"])) or TokenStory()
    entry = _datatoken(story, service)
    return {
        "datatokenAddress": entry["address"],
        "name": entry["name"],
        "symbol": entry["symbol"],
        "serviceId": entry["serviceId"],
        "orders": order_count(token),
        "prices": sale_places(token),
    }


def _stats(story: NftStory) -> dict[str, Any]:
    own = [token for address in datatokens_of(story.document or {}) if (token := own_token(story, address))]
    return {"allocated": 0, "orders": sum(map(order_count, own)), "price": _price(own)}


def _price(tokens: Iterable[TokenStory]) -> dict[str, Any]:
    """Of the first service that is for sale: its first fixed rate, else 0 when a dispenser gives it away."""
    for token in tokens:
        for event in token.events:
            if event.kind is EventKind.EXCHANGE_CREATED:
                return {
                    "value": float(current_rate(event, token.rates)),
                    "tokenAddress": event.payload["baseToken"],
                    "tokenSymbol": event.payload["baseSymbol"],
                }
        if any(event.kind is EventKind.DISPENSER_CREATED for event in token.events):
            return {"value": 0}
    return {}
