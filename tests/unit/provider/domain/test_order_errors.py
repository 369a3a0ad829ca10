"""Contract 8.4: the reasons in words, which clients compare, and the codes, which ours do."""

import pytest

from services.provider.domain import order_errors
from services.provider.domain.errors import ProviderError
from services.provider.domain.order_errors import MalformedTxId, OrderError, OrderRefused
from tests.fakes.receipts import DATATOKEN

pytestmark = pytest.mark.clause("ocean 8.4")

TX = "0x" + "ab" * 32
REASONS = [
    (OrderError("whatever"), "ORDER_INVALID", "whatever"),
    (
        order_errors.DatatokenNotDeployed(DATATOKEN),
        "DATATOKEN_NOT_DEPLOYED",
        f"The datatoken {DATATOKEN} was not deployed by the asset's data NFT.",
    ),
    (order_errors.ReceiptMissing(), "RECEIPT_MISSING", "Failed to get tx receipt"),
    (order_errors.OrderFailed(), "TRANSACTION_FAILED", "order transaction failed."),
    (
        order_errors.FeeEventMissing(TX),
        "FEE_EVENT_MISSING",
        f"Cannot find the event for the provider fee in tx id {TX}.",
    ),
    (order_errors.FeeNotOurs(), "FEE_NOT_OURS", "the provider fee was not quoted by this provider."),
    (
        order_errors.OrderEnvironmentMismatch(),
        "ENVIRONMENT_MISMATCH",
        "Mismatch between ordered c2d environment and selected one.",
    ),
    (order_errors.OrderFeeExpired(), "FEE_EXPIRED", "Ordered c2d time was exceeded, check validUntil."),
    (
        order_errors.OrderEventMissing(TX),
        "ORDER_EVENT_MISSING",
        f"Cannot find the event for the order transaction with tx id {TX}.",
    ),
    (order_errors.OrderAmountTooLow(), "AMOUNT_TOO_LOW", "the order is for less than one datatoken."),
    (
        order_errors.OrderExpired(1700000000, 1600000000, 3600),
        "ORDER_EXPIRED",
        "The order has expired. current timestamp=1700000000, order timestamp=1600000000, "
        "timeout=3600 seconds.",
    ),
    (
        order_errors.OrderSenderMismatch(),
        "NOT_CONSUMER_OR_PAYER",
        "sender of order transaction is not the consumer/payer.",
    ),
]


@pytest.mark.parametrize(("error", "code", "text"), REASONS, ids=[code for _, code, _ in REASONS])
def test_a_reason_in_words_and_as_a_code(error: OrderError, code: str, text: str) -> None:
    assert (error.code, str(error)) == (code, text)
    assert isinstance(error, ProviderError)


def test_every_reason_is_listed_here_and_has_a_code_of_its_own() -> None:
    kinds = [kind for kind in vars(order_errors).values() if isinstance(kind, type)]
    codes = [kind.code for kind in kinds if issubclass(kind, OrderError) and kind is not OrderError]
    assert sorted([OrderError.code, *codes]) == sorted(code for _, code, _ in REASONS)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(("cause", "code", "text"), REASONS, ids=[code for _, code, _ in REASONS])
def test_a_refused_order_keeps_its_cause(cause: OrderError, code: str, text: str) -> None:
    refused = OrderRefused(TX, cause)
    assert (refused.tx_id, refused.cause.code) == (TX, code)
    assert refused.cause is cause
    assert str(refused) == f"Order with tx_id {TX} could not be validated due to error: {text}"


def test_neither_a_malformed_id_nor_the_refusal_itself_is_a_reason() -> None:
    assert not issubclass(MalformedTxId, OrderError)
    assert not issubclass(OrderRefused, OrderError)
    assert issubclass(MalformedTxId, ProviderError)
    assert issubclass(OrderRefused, ProviderError)
