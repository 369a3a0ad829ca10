"""Look up the transactions a caller names, and judge them (domain/orders).

Waiting is bounded below (libs/chain): short, few at once, and never twice for a made-up hash.
"""

from dataclasses import dataclass

from libs.chain.types import Head, Receipt
from services.provider.domain.asset import Service
from services.provider.domain.order_errors import DatatokenNotDeployed, OrderError, OrderRefused
from services.provider.domain.orders import Claim, Moment, Rules, ValidOrder, named_orders, validate
from services.provider.ports import Clock, Keys
from services.provider.usecases.access import Visit

WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a use of an order asks beyond the order itself; `wait` for a transaction not mined yet."""

    environment: str | None = None
    expired_fee_allowed: bool = False
    wait: bool = False


class Orders:
    def __init__(self, keys: Keys, clock: Clock, rules: Rules) -> None:
        self._keys = keys
        self._clock = clock
        self._rules = rules

    def check(self, visit: Visit, service: Service, tx_id: str, terms: Terms) -> ValidOrder:
        """`tx_id` as domain.orders.parse_tx_id gives it. Raises OrderRefused, ChainError."""
        claim = Claim(
            tx_id=tx_id,
            datatoken=service.datatoken,
            service_id=service.id,
            service_index=service.index,
            timeout_seconds=service.timeout_seconds,
            caller=visit.caller,
            fee_address=self._keys.for_chain(visit.chain.chain_id).address,
            environment=terms.environment,
            expired_fee_allowed=terms.expired_fee_allowed,
        )
        try:
            return self._judge(visit, claim, terms)
        except OrderError as error:
            raise OrderRefused(tx_id, error) from error

    def _judge(self, visit: Visit, claim: Claim, terms: Terms) -> ValidOrder:
        chain = visit.chain
        if not chain.is_deployed(visit.asset.nft_address, claim.datatoken, visit.head):
            raise DatatokenNotDeployed(claim.datatoken)
        receipt = chain.receipt(claim.tx_id, visit.head)
        if receipt is None and terms.wait:
            receipt = chain.wait_receipt(claim.tx_id, WAIT_SECONDS)
        named: list[Receipt] = []
        if receipt is not None:
            found = (chain.receipt(tx_id, visit.head) for tx_id in named_orders(receipt, claim))
            named = [one for one in found if one is not None]
        return validate(claim, receipt, named, self._moment(visit.head, receipt), self._rules)

    def _moment(self, head: Head, receipt: Receipt | None) -> Moment:
        """The later of our clock and the chain's: a slow clock or node revives no order. A receipt mined
        after the head was read stands in one block at least."""
        mined_in = 0 if receipt is None else receipt.block_number
        return Moment(now=max(self._clock.now(), head.timestamp), head_number=max(head.number, mined_in))
