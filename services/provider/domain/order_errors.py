"""Why a transaction does not entitle a caller to a service; the texts' source is contract 8.4."""

from services.provider.domain.errors import ProviderError


class MalformedTxId(ProviderError):
    """Not the text `0x` and 64 hex digits, nor 32 raw bytes."""


class OrderError(ProviderError):
    """Root of every reason an order is refused; str() is the reason in words, without its tx id's owner."""

    code = "ORDER_INVALID"


class DatatokenNotDeployed(OrderError):
    """The asset's data NFT did not deploy the service's datatoken."""

    code = "DATATOKEN_NOT_DEPLOYED"

    def __init__(self, datatoken: str) -> None:
        super().__init__(f"The datatoken {datatoken} was not deployed by the asset's data NFT.")


class ReceiptMissing(OrderError):
    """The node knows no receipt, or not enough blocks stand on it yet."""

    code = "RECEIPT_MISSING"

    def __init__(self) -> None:
        super().__init__("Failed to get tx receipt")


class OrderFailed(OrderError):
    """The transaction was mined and reverted."""

    code = "TRANSACTION_FAILED"

    def __init__(self) -> None:
        super().__init__("order transaction failed.")


class FeeEventMissing(OrderError):
    """The datatoken emitted no provider fee for this service in the transaction."""

    code = "FEE_EVENT_MISSING"

    def __init__(self, tx_id: str) -> None:
        super().__init__(f"Cannot find the event for the provider fee in tx id {tx_id}.")


class FeeNotOurs(OrderError):
    """The fee goes to another provider, or its terms were not signed by this one."""

    code = "FEE_NOT_OURS"

    def __init__(self) -> None:
        super().__init__("the provider fee was not quoted by this provider.")


class OrderEnvironmentMismatch(OrderError):
    code = "ENVIRONMENT_MISMATCH"

    def __init__(self) -> None:
        super().__init__("Mismatch between ordered c2d environment and selected one.")


class OrderFeeExpired(OrderError):
    code = "FEE_EXPIRED"

    def __init__(self) -> None:
        super().__init__("Ordered c2d time was exceeded, check validUntil.")


class OrderEventMissing(OrderError):
    """The datatoken emitted no order of this service in the transaction (or in the one a reuse names)."""

    code = "ORDER_EVENT_MISSING"

    def __init__(self, tx_id: str) -> None:
        super().__init__(f"Cannot find the event for the order transaction with tx id {tx_id}.")


class OrderAmountTooLow(OrderError):
    code = "AMOUNT_TOO_LOW"

    def __init__(self) -> None:
        super().__init__("the order is for less than one datatoken.")


class OrderExpired(OrderError):
    """Times in seconds since the epoch."""

    code = "ORDER_EXPIRED"

    def __init__(self, now: int, since: int, timeout_seconds: int) -> None:
        super().__init__(
            f"The order has expired. current timestamp={now}, order timestamp={since}, "
            f"timeout={timeout_seconds} seconds."
        )


class OrderSenderMismatch(OrderError):
    code = "NOT_CONSUMER_OR_PAYER"

    def __init__(self) -> None:
        super().__init__("sender of order transaction is not the consumer/payer.")


class OrderRefused(ProviderError):
    """The claim on `tx_id` was refused; `cause` names the broken rule."""

    def __init__(self, tx_id: str, cause: OrderError) -> None:
        super().__init__(f"Order with tx_id {tx_id} could not be validated due to error: {cause}")
        self.tx_id = tx_id
        self.cause = cause
