"""The orders of a compute job's assets, and which of them pays for the time it runs.

Source: contract 1.4 and 8.5. The time bought is counted from the signed quote, at today's price: an entry
that was quoted nothing because another one was to pay buys nothing (weaknesses 4.1/3, 4.1/4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.provider.domain.compute import UseRefused
from services.provider.domain.order_errors import MalformedTxId, OrderRefused
from services.provider.domain.orders import ValidOrder, parse_tx_id
from services.provider.ports import ComputeEnvironment
from services.provider.usecases.compute_assets import Item, Judged
from services.provider.usecases.orders import Orders, Terms
from services.provider.usecases.quotes import Quotes

MALFORMED = "transferTxId is not a transaction hash."


@dataclass(frozen=True, slots=True)
class Ordered:
    """An item with its order. `tx_id` is the transaction that the caller named, which carries the fee."""

    item: Item
    tx_id: str
    order: ValidOrder

    @property
    def valid_until(self) -> int:
        return self.order.fee.event.valid_until


@dataclass(frozen=True, slots=True)
class Payment:
    """`seconds` None: the environment costs nothing, so nothing was bought and nothing runs out."""

    ordered: Ordered
    seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeOrders:
    orders: Orders
    quotes: Quotes

    def of_start(self, judged: Judged, environment: ComputeEnvironment) -> list[Ordered]:
        """One per item, each waited for a moment. Raises UseRefused, ChainError."""
        return [self._started(item, environment) for item in judged.items]

    def check(self, item: Item, environment: ComputeEnvironment, terms: Terms) -> Ordered:
        """Raises MalformedTxId, OrderRefused, ChainError."""
        tx_id = parse_tx_id(item.named.use.transfer_tx_id or "")
        return Ordered(item, tx_id, self.orders.check(item.visit, item.service, tx_id, terms))

    def payment(self, ordered: Sequence[Ordered], environment: ComputeEnvironment) -> Payment | None:
        """The order that pays, the one that lasts longest first; None when none of them does.

        Only orders on the main dataset's chain count: another chain's tokens may be worth nothing.
        """
        main = ordered[0].item.visit.chain
        own = [one for one in ordered if one.item.visit.chain.chain_id == main.chain_id]
        if self.quotes.is_free(main, environment):
            return Payment(ordered[0], None)
        bought = [Payment(one, self._seconds(one, environment)) for one in own]
        paying = [one for one in bought if one.seconds]
        return max(paying, key=lambda one: one.ordered.valid_until, default=None)

    def _seconds(self, one: Ordered, environment: ComputeEnvironment) -> int:
        return self.quotes.seconds_paid(one.item.visit.chain, one.item.service, environment, one.order.fee)

    def _started(self, item: Item, environment: ComputeEnvironment) -> Ordered:
        try:
            return self.check(item, environment, Terms(environment=environment.id, wait=True))
        except OrderRefused as error:
            raise _refused(item, error.cause.code, str(error.cause)) from error
        except MalformedTxId as error:
            raise _refused(item, "MALFORMED_TX_ID", MALFORMED) from error


def _refused(item: Item, reason: str, message: str) -> UseRefused:
    if item.resource == "algorithm":
        return UseRefused("algorithm", "in_use_or_not_on_chain", reason=reason, message=message)
    return UseRefused(f"{item.resource}.serviceId", "order_invalid", reason=reason, message=message)
