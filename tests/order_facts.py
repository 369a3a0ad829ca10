"""What one transaction says about one datatoken, for tests that look at real receipts."""

from dataclasses import dataclass

from libs.chain.chain import Chain
from libs.chain.errors import UnknownTransaction
from libs.chain.events import order_reused, order_started, provider_fees
from libs.chain.types import Head, OrderReused, OrderStarted, ProviderFee, Receipt


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What one transaction says about one datatoken, each list in chain order.

    `confirmations` is 1 in the newest block. In a transaction with several orders, a fee belongs to
    the order whose `log_index` follows it next.
    """

    tx_hash: str
    succeeded: bool
    confirmations: int
    block_number: int
    started: tuple[OrderStarted, ...]
    reused: tuple[OrderReused, ...]
    fees: tuple[ProviderFee, ...]


def order_facts(
    chain: Chain, tx_hash: str, datatoken: str, *, wait_seconds: float = 10.0, head: Head | None = None
) -> OrderFacts:
    """Look the transaction up, waiting a short while if it is pending.

    A reuse names another transaction: gather that one's facts too, nothing on chain vouches for it.
    Raises UnknownTransaction, RpcUnavailable and its kinds.
    """
    receipt = chain.receipt(tx_hash, head)
    if receipt is None and wait_seconds > 0:
        receipt, head = chain.wait_receipt(tx_hash, wait_seconds), None
    if receipt is None:
        raise UnknownTransaction(tx_hash)
    if head is None or head.number < receipt.block_number:
        head = chain.head()
    return facts_of_receipt(receipt, datatoken, chain.confirmations(receipt, head))


def facts_of_receipt(receipt: Receipt, datatoken: str, confirmations: int) -> OrderFacts:
    return OrderFacts(
        tx_hash=receipt.tx_hash,
        succeeded=receipt.status == 1,
        confirmations=confirmations,
        block_number=receipt.block_number,
        started=tuple(order_started(receipt.logs, datatoken)),
        reused=tuple(order_reused(receipt.logs, datatoken)),
        fees=tuple(provider_fees(receipt.logs, datatoken)),
    )
