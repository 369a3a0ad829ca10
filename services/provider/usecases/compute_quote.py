"""Quote a compute job: what each of its assets costs, or that it is paid for already (contract 2.5, 8.5).

Exactly one entry pays for the environment's time: the one whose earlier order still does, else the first
dataset. Unsigned, so nothing here waits for anything and nothing is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.provider.domain.access import EnvironmentNotFound, WrongValidUntil
from services.provider.domain.compute import Uses
from services.provider.domain.fees import ProviderFeeQuote
from services.provider.domain.order_errors import MalformedTxId, OrderRefused
from services.provider.ports import AccessChains, Clock, ComputeEnvironment
from services.provider.usecases.compute_assets import ComputeAssets, Item
from services.provider.usecases.compute_orders import MALFORMED, ComputeOrders, Ordered
from services.provider.usecases.orders import Terms
from services.provider.usecases.quotes import Quotes

_MAX_VALID_UNTIL = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRequest:
    """`valid_until` in UTC seconds; `chain_ids` as for a start."""

    uses: Uses
    environment: ComputeEnvironment
    valid_until: int
    chain_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Without `fee` the order named by `valid_order` is good as it is, with both it wants renewing, with a
    `fee` alone a new one is needed. `order_error`: why a transaction that was named does not count."""

    datatoken: str
    fee: ProviderFeeQuote | None
    valid_order: str | None
    order_error: str | None = None


@dataclass(frozen=True, slots=True)
class ComputeQuote:
    datasets: tuple[Entry, ...]
    algorithm: Entry | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """An item, and its earlier order if that is still good but for its fee."""

    item: Item
    ordered: Ordered | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCompute:
    assets: ComputeAssets
    orders: ComputeOrders
    quotes: Quotes
    clock: Clock

    def __call__(self, request: QuoteRequest) -> ComputeQuote:
        """Raises WrongValidUntil, EnvironmentNotFound, FeeTooLarge, and what ComputeAssets.for_quote does."""
        if not self.clock.now() < request.valid_until <= _MAX_VALID_UNTIL:
            raise WrongValidUntil
        judged = self.assets.for_quote(request.uses)
        main = judged.datasets[0].visit.chain.chain_id
        if request.chain_ids and main not in request.chain_ids:
            raise EnvironmentNotFound
        seen = [self._seen(item, request) for item in judged.items]
        payer = self._payer(seen, request)
        entries = tuple(self._entry(one, request, pays=one is payer) for one in seen)
        count = len(judged.datasets)
        return ComputeQuote(entries[:count], entries[count] if judged.algorithm is not None else None)

    def _seen(self, item: Item, request: QuoteRequest) -> _Seen:
        if not item.named.use.transfer_tx_id:
            return _Seen(item, None, None)
        terms = Terms(environment=request.environment.id, expired_fee_allowed=True)
        try:
            return _Seen(item, self.orders.check(item, request.environment, terms), None)
        except OrderRefused as error:
            return _Seen(item, None, str(error.cause))
        except MalformedTxId:
            return _Seen(item, None, MALFORMED)

    def _payer(self, seen: Sequence[_Seen], request: QuoteRequest) -> _Seen:
        """Judged by each order alone, as `ComputeOrders.payment` does it for all."""
        main = seen[0].item.visit.chain.chain_id
        for one in seen:
            ordered = one.ordered
            if ordered is None or one.item.visit.chain.chain_id != main:
                continue
            if self._lasts(ordered, request) and self.orders.payment([ordered], request.environment):
                return one
        return seen[0]

    def _entry(self, one: _Seen, request: QuoteRequest, *, pays: bool) -> Entry:
        datatoken, ordered = one.item.service.datatoken, one.ordered
        if ordered is not None and self._good_as_it_is(ordered, request, pays=pays):
            return Entry(datatoken=datatoken, fee=None, valid_order=ordered.tx_id)
        quote = self.quotes.compute if pays else self.quotes.compute_beside
        return Entry(
            datatoken=datatoken,
            fee=quote(one.item.visit.chain, one.item.service, request.environment, request.valid_until),
            # What is renewed is the original order; a renewal cannot be renewed.
            valid_order=None if ordered is None else ordered.order.tx_id,
            order_error=one.error,
        )

    def _good_as_it_is(self, ordered: Ordered, request: QuoteRequest, *, pays: bool) -> bool:
        if not self._lasts(ordered, request):
            return False
        return not pays or self.orders.payment([ordered], request.environment) is not None

    def _lasts(self, ordered: Ordered, request: QuoteRequest) -> bool:
        return ordered.valid_until >= request.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTokens:
    """What environments that name no token are paid in, chain by chain."""

    chains: AccessChains
    quotes: Quotes

    def of(self, chain_ids: Iterable[int]) -> dict[int, str]:
        """Raises UnknownChain."""
        return {chain_id: self.quotes.fee_token(self.chains.get(chain_id)) for chain_id in chain_ids}
