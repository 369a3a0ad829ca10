"""What the chain tells of one datatoken: who deployed it, how often it was ordered, where it is sold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.catalogue.domain.facts import EventFact, EventKind
from services.catalogue.domain.sightings import TokenIdentity

_RATE_UNIT = Decimal(10) ** 18


@dataclass(frozen=True, slots=True)
class TokenStory:
    """Everything known of one datatoken: its own events in chain order, and the rates of its exchanges."""

    events: Sequence[EventFact] = ()
    rates: Sequence[EventFact] = ()
    identity: TokenIdentity | None = None


def identity_of(token: TokenStory) -> TokenIdentity | None:
    for event in token.events:
        if event.kind is EventKind.TOKEN_CREATED:
            payload = event.payload
            return TokenIdentity(payload["nft"], payload["name"], payload["symbol"])
    return token.identity


def order_count(token: TokenStory) -> int:
    return sum(event.kind is EventKind.ORDER_STARTED for event in token.events)


def current_rate(created: EventFact, rates: Iterable[EventFact]) -> Decimal:
    """The last rate of an exchange, in whole base tokens for one datatoken."""
    rate = created.payload["rate"]
    for event in rates:
        # Two exchange contracts give the same pair of tokens the same id.
        if event.subject == created.payload["exchangeId"] and event.emitter == created.emitter:
            rate = event.payload["rate"]
    return Decimal(rate) / _RATE_UNIT


def sale_places(token: TokenStory) -> list[dict[str, str]]:
    """Every exchange and dispenser of the datatoken, in the words of ocean.js 4.1 and later."""
    places = []
    for event in token.events:
        if event.kind is EventKind.EXCHANGE_CREATED:
            places.append(
                {
                    "type": "fixedrate",
                    "price": f"{current_rate(event, token.rates):f}",
                    "contract": event.emitter,
                    "token": event.payload["baseToken"],
                    "exchangeId": event.payload["exchangeId"],
                }
            )
        elif event.kind is EventKind.DISPENSER_CREATED:
            place = {"type": "dispenser", "price": "0", "contract": event.emitter, "token": event.subject}
            places.append(place)
    return places
