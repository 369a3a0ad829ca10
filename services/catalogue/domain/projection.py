"""The served document and the state of an NFT, computed from stored facts and from nothing else.

The same facts give the same result whatever the order in which they arrived and however often this runs;
no clock, no chain, no earlier result goes in. Source: companion contract 2.4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
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
from services.catalogue.domain.sightings import NftIdentity, TokenIdentity

METADATA_KINDS = frozenset({EventKind.METADATA_CREATED, EventKind.METADATA_UPDATED})
SHORT_STATES = frozenset({2, 3})
_SHORT_MEMBERS = ("event", "nft", "datatokens", "stats")
_RATE_UNIT = Decimal(10) ** 18
WAITING = "The document waits to be opened."


@dataclass(frozen=True, slots=True)
class TokenStory:
    """Everything known of one datatoken: its own events in chain order, and the rates of its exchanges."""

    events: Sequence[EventFact] = ()
    rates: Sequence[EventFact] = ()
    identity: TokenIdentity | None = None


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
    """Lower-case datatokens of the services, in their order, each once."""
    return tuple(dict.fromkeys(str(service["datatokenAddress"]).lower() for service in _services(document)))


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
        "purgatory": {"state": False, "reason": ""},
    }
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


def _datatoken(story: NftStory, service: Mapping[str, Any]) -> dict[str, Any]:
    address = str(service["datatokenAddress"])
    identity = _identity(story.tokens.get(address.lower(), TokenStory()))
    return {
        "address": address,
        "name": identity.name if identity else "",
        "symbol": identity.symbol if identity else "",
        "serviceId": service.get("id", ""),
    }


def _identity(token: TokenStory) -> TokenIdentity | None:
    for event in token.events:
        if event.kind is EventKind.TOKEN_CREATED:
            payload = event.payload
            return TokenIdentity(payload["nft"], payload["name"], payload["symbol"])
    return token.identity


def _stats(story: NftStory) -> dict[str, Any]:
    """Only datatokens that this NFT deployed count: a document may name somebody else's."""
    own = []
    for address in datatokens_of(story.document or {}):
        token = story.tokens.get(address, TokenStory())
        identity = _identity(token)
        if identity is not None and identity.nft == story.nft_address.lower():
            own.append(token)
    orders = sum(event.kind is EventKind.ORDER_STARTED for token in own for event in token.events)
    return {"allocated": 0, "orders": orders, "price": _price(own)}


def _price(tokens: Iterable[TokenStory]) -> dict[str, Any]:
    """Of the first service that is for sale: its first fixed rate, else 0 when a dispenser gives it away."""
    for token in tokens:
        for event in token.events:
            if event.kind is EventKind.EXCHANGE_CREATED:
                return _fixed_rate(event, token.rates)
        if any(event.kind is EventKind.DISPENSER_CREATED for event in token.events):
            return {"value": 0}
    return {}


def _fixed_rate(created: EventFact, rates: Iterable[EventFact]) -> dict[str, Any]:
    rate = created.payload["rate"]
    for event in rates:
        # Two exchange contracts give the same pair of tokens the same id.
        if event.subject == created.payload["exchangeId"] and event.emitter == created.emitter:
            rate = event.payload["rate"]
    return {
        "value": float(Decimal(rate) / _RATE_UNIT),
        "tokenAddress": created.payload["baseToken"],
        "tokenSymbol": created.payload["baseSymbol"],
    }
