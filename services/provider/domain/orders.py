"""Does this transaction entitle this caller to this service? A pure function over receipts.

Source: contract 8.4, with the tightened rules of sections 12 (1, 7, 25) and 12.1 (31, 32): an event counts
only if the service's own datatoken emitted it; each order is taken together with the fee of the same call;
a reuse is worth exactly as much as the order it names.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from libs.chain.events import order_reused, order_started, provider_fees
from libs.chain.types import OrderReused, OrderStarted, ProviderFee, Receipt
from libs.signing.fees import FeeQuote, ProviderData, decode_provider_data, fee_is_signed_by
from libs.signing.keys import same_address
from services.provider.domain.order_errors import (
    FeeEventMissing,
    FeeNotOurs,
    MalformedTxId,
    OrderAmountTooLow,
    OrderEnvironmentMismatch,
    OrderError,
    OrderEventMissing,
    OrderExpired,
    OrderFailed,
    OrderFeeExpired,
    OrderSenderMismatch,
    ReceiptMissing,
)

ONE_DATATOKEN = 10**18
LATE_BLOCK_ALLOWANCE_SECONDS = 90
_LOG_WEIGHT = 512
_KEPT_WEIGHT = 16 * 1024  # receipts that weigh more are read each time
MAX_NAMED_ORDERS = 8  # reuses of one receipt that are followed; each costs a look-up

_TX_ID = re.compile(r"0x[0-9a-fA-F]{64}")

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a caller says a transaction pays for."""

    tx_id: str
    datatoken: str  # of the service, from the DDO
    service_id: str
    service_index: int
    timeout_seconds: int  # 0: never expires
    caller: str
    fee_address: str  # our own key's address on the asset's chain
    environment: str | None = None  # compute only
    expired_fee_allowed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How strict this provider is."""

    confirmations: int = 1  # the block that holds the receipt counts as the first
    reuse_extends_order: bool = False  # upstream's rule: a reuse restarts the service's timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a claim is looked at: seconds since the epoch, and the head of the chain."""

    now: float
    head_number: int


@dataclass(frozen=True, slots=True)
class PaidFee:
    """A provider fee event together with what its provider data says."""

    event: ProviderFee
    data: ProviderData


@dataclass(frozen=True, slots=True)
class ValidOrder:
    """An accepted claim. `tx_id` is the transaction of the OrderStarted event, also after a reuse."""

    tx_id: str
    order: OrderStarted
    fee: PaidFee  # of the claimed transaction: the renewed one after a reuse


@dataclass(frozen=True, slots=True)
class Call:
    """One startOrder or reuseOrder inside a transaction, with the fee that the same call paid."""

    event: OrderStarted | OrderReused
    fee: PaidFee


def parse_tx_id(value: str | bytes) -> str:
    """A transaction hash in lower case, out of its text or its 32 raw bytes (as ocean.py sends it).

    Raises MalformedTxId.
    """
    if isinstance(value, bytes):
        if len(value) == 32:
            return "0x" + value.hex()
        value = value.decode("latin-1")
    if _TX_ID.fullmatch(value) is None:
        raise MalformedTxId
    return value.lower()


def named_orders(receipt: Receipt, claim: Claim) -> tuple[str, ...]:
    """Transactions whose orders the receipt reuses for the claimed service, at most MAX_NAMED_ORDERS."""
    named = dict.fromkeys(
        call.event.order_tx_id
        for call in _service_calls(receipt, claim)
        if isinstance(call.event, OrderReused)
    )
    return tuple(named)[:MAX_NAMED_ORDERS]


def validate(
    claim: Claim, receipt: Receipt | None, named: Sequence[Receipt], moment: Moment, rules: Rules
) -> ValidOrder:
    """The order that the claimed transaction made or reused. Raises OrderError, the broken rule.

    `named` holds those receipts of `named_orders(receipt, claim)` that exist. Look-alikes of other
    contracts, other services' orders and other people's orders are passed over, never trusted.
    """
    check = _Check(claim, moment, rules, {found.tx_hash: found for found in named})
    receipt = check.settled(receipt)
    calls = _calls_paid_to_us(receipt, claim)
    starts = [call for call in calls if isinstance(call.event, OrderStarted)]
    if starts:
        return check.started(receipt.tx_hash, starts)
    return check.reused(calls)


@dataclass(frozen=True, slots=True)
class _Check:
    """One claim at one moment, and the steps of judging it."""

    claim: Claim
    moment: Moment
    rules: Rules
    named: dict[str, Receipt]

    def settled(self, receipt: Receipt | None) -> Receipt:
        if receipt is None:
            raise ReceiptMissing
        if receipt.status != 1:
            raise OrderFailed
        if self.moment.head_number - receipt.block_number + 1 < self.rules.confirmations:
            raise ReceiptMissing
        return receipt

    def started(self, tx_id: str, calls: Sequence[Call]) -> ValidOrder:
        def accept(pair: tuple[Call, OrderStarted]) -> ValidOrder:
            call, order = pair
            self.fee_is_current(call.fee, order.timestamp)
            self.order_holds(order, order.timestamp)
            return ValidOrder(tx_id, order, call.fee)

        return _first_accepted(accept, self.orders_of_service(calls))

    def reused(self, calls: Sequence[Call]) -> ValidOrder:
        """Follow each reuse to the order it names, and hold that order to every rule of a direct one."""

        def accept(call: Call) -> ValidOrder:
            event = call.event
            assert isinstance(event, OrderReused)
            self.fee_is_current(call.fee, event.timestamp)
            original = self.settled(self.named.get(event.order_tx_id))

            def accept_named(pair: tuple[Call, OrderStarted]) -> ValidOrder:
                order = pair[1]
                restarted = event.timestamp if self.rules.reuse_extends_order else order.timestamp
                self.order_holds(order, restarted)
                return ValidOrder(original.tx_hash, order, call.fee)

            starts = _calls_paid_to_us(original, self.claim)
            return _first_accepted(accept_named, self.orders_of_service(starts))

        return _first_accepted(accept, calls)

    def orders_of_service(self, calls: Iterable[Call]) -> list[tuple[Call, OrderStarted]]:
        pairs = [(call, call.event) for call in calls if isinstance(call.event, OrderStarted)]
        of_service = [pair for pair in pairs if pair[1].service_index == self.claim.service_index]
        if not of_service:
            raise OrderEventMissing(self.claim.tx_id)
        return of_service

    def fee_is_current(self, fee: PaidFee, mined_at: int) -> None:
        """The environment that was paid for, and that its paid time is not over."""
        environment = self.claim.environment
        if environment is not None and fee.data.environment != environment:
            raise OrderEnvironmentMismatch
        if self.claim.expired_fee_allowed or fee.event.valid_until == 0 or fee.data.timestamp is None:
            return
        mined_late_by = max(0.0, mined_at - fee.data.timestamp)
        if self.moment.now >= fee.event.valid_until + mined_late_by + LATE_BLOCK_ALLOWANCE_SECONDS:
            raise OrderFeeExpired

    def order_holds(self, order: OrderStarted, since: int) -> None:
        if order.amount < ONE_DATATOKEN:
            raise OrderAmountTooLow
        timeout = self.claim.timeout_seconds
        if timeout != 0 and self.moment.now - since > timeout:
            raise OrderExpired(int(self.moment.now), since, timeout)
        caller = self.claim.caller
        if not (same_address(caller, order.consumer) or same_address(caller, order.payer)):
            raise OrderSenderMismatch


def _first_accepted(accept: Callable[[T], R], candidates: Sequence[T]) -> R:
    """The first candidate that keeps every rule; the last one's broken rule when none does."""
    for candidate in candidates[:-1]:
        try:
            return accept(candidate)
        except OrderError:
            continue
    return accept(candidates[-1])


def _calls_paid_to_us(receipt: Receipt, claim: Claim) -> list[Call]:
    """Calls for this datatoken and service whose fee carries our signature; never empty."""
    for_service = _service_calls(receipt, claim)
    if not for_service:
        raise FeeEventMissing(claim.tx_id)
    ours = [call for call in for_service if _is_signed_by(call.fee.event, claim.fee_address)]
    if not ours:
        raise FeeNotOurs
    return ours


def _service_calls(receipt: Receipt, claim: Claim) -> tuple[Call, ...]:
    """The datatoken's orders and reuses whose own fee was quoted for the claimed service.

    The contract emits exactly one fee for either. A receipt in which they do not pair up was not written
    by a datatoken contract, so nothing in it counts.
    """
    weight = sum(_LOG_WEIGHT + len(log.data) for log in receipt.logs)
    read = _read_calls if weight > _KEPT_WEIGHT else _known_calls
    return read(receipt, claim.datatoken, claim.service_id)


def _read_calls(receipt: Receipt, datatoken: str, service_id: str) -> tuple[Call, ...]:
    started = order_started(receipt.logs, datatoken)
    events: list[OrderStarted | OrderReused] = [*started, *order_reused(receipt.logs, datatoken)]
    fees = provider_fees(receipt.logs, datatoken)
    if len(events) != len(fees):
        return ()
    in_order = zip(sorted(events, key=_position), sorted(fees, key=_position), strict=True)
    paid = ((event, _service_fee(fee, datatoken, service_id)) for event, fee in in_order)
    return tuple(Call(event, fee) for event, fee in paid if fee is not None)


# An order is used many times, and what its receipt says is the receipt's alone.
_known_calls = lru_cache(maxsize=512)(_read_calls)


def _position(event: OrderStarted | OrderReused | ProviderFee) -> int:
    return event.log_index


def _service_fee(fee: ProviderFee, datatoken: str, service_id: str) -> PaidFee | None:
    data = decode_provider_data(fee.provider_data)
    if data is None or data.service_id != service_id:
        return None
    if not same_address(data.datatoken, datatoken):
        return None
    return PaidFee(fee, data)


@lru_cache(maxsize=1024)  # an order is used many times, and its fee never changes
def _is_signed_by(fee: ProviderFee, address: str) -> bool:
    if not same_address(fee.address, address):
        return False
    quote = FeeQuote(fee.provider_data, fee.address, fee.token, fee.amount, fee.valid_until)
    return fee_is_signed_by(quote, fee.v, fee.r, fee.s, address)
