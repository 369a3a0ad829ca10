"""Contract 8.4, row by row, honest and hostile; weaknesses 12/1, 12/7, 12/25, 12.1/31, 12.1/32."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.chain.types import Log, Receipt
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
from services.provider.domain.orders import (
    MAX_NAMED_ORDERS,
    Claim,
    Moment,
    Rules,
    ValidOrder,
    named_orders,
    parse_tx_id,
    validate,
)
from tests.fakes.receipts import (
    CONSUMER,
    DATATOKEN,
    OLD_TX,
    ONE,
    ORDERED_AT,
    OTHER_TOKEN,
    PROVIDER_KEY,
    STRANGER,
    STRANGER_KEY,
    TX,
    Fee,
    fee_log,
    order_log,
    receipt,
    reuse_log,
)

pytestmark = pytest.mark.clause("ocean 8.4", "ocean 12")

CLAIM = Claim(
    tx_id=TX,
    datatoken=DATATOKEN,
    service_id="svc-0",
    service_index=0,
    timeout_seconds=3600,
    caller=CONSUMER,
    fee_address=PROVIDER_KEY.address,
)
SOON = Moment(now=ORDERED_AT + 60, head_number=100)
LATE = Moment(now=ORDERED_AT + 3601, head_number=100)
GOOD = receipt(order_log(), fee_log())
ORIGINAL = receipt(order_log(), fee_log(), tx=OLD_TX, block=90)


def judge(
    found: Receipt | None,
    *named: Receipt,
    claim: Claim = CLAIM,
    at: Moment = SOON,
    rules: Rules | None = None,
) -> ValidOrder:
    return validate(claim, found, named, at, rules or Rules())


class TestOrders:
    def test_an_order_of_the_service_paid_to_us_by_the_caller_holds(self) -> None:
        valid = judge(GOOD)
        assert valid.tx_id == TX
        assert valid.order.consumer == CONSUMER
        assert valid.fee.data.service_id == "svc-0"

    def test_the_fee_may_stand_before_the_order(self) -> None:
        assert judge(receipt(fee_log(), order_log())).tx_id == TX

    def test_a_receipt_that_is_missing_is_refused(self) -> None:
        with pytest.raises(ReceiptMissing, match=r"^Failed to get tx receipt$"):
            judge(None)

    def test_a_reverted_transaction_is_refused(self) -> None:
        with pytest.raises(OrderFailed, match=r"^order transaction failed\.$"):
            judge(replace(GOOD, status=0))

    @pytest.mark.parametrize(("wanted", "head", "fine"), [(1, 100, True), (3, 101, False), (3, 102, True)])
    def test_confirmations_are_counted_from_the_order_s_own_block(
        self, wanted: int, head: int, fine: bool
    ) -> None:
        at = Moment(now=SOON.now, head_number=head)
        if fine:
            judge(GOOD, at=at, rules=Rules(confirmations=wanted))
        else:
            with pytest.raises(ReceiptMissing):
                judge(GOOD, at=at, rules=Rules(confirmations=wanted))

    def test_an_order_without_a_provider_fee_is_refused(self) -> None:
        with pytest.raises(FeeEventMissing) as refused:
            judge(receipt(order_log()))
        assert str(refused.value) == f"Cannot find the event for the provider fee in tx id {TX}."

    def test_an_order_event_is_needed(self) -> None:
        with pytest.raises(OrderEventMissing) as refused:
            judge(receipt(order_log(index=1), fee_log()))
        expected = f"Cannot find the event for the order transaction with tx id {TX}."
        assert str(refused.value) == expected

    def test_less_than_one_datatoken_is_refused(self) -> None:
        with pytest.raises(OrderAmountTooLow):
            judge(receipt(order_log(amount=ONE - 1), fee_log()))

    @pytest.mark.parametrize("caller", [CONSUMER, CONSUMER.lower(), "0x" + CONSUMER[2:].upper()])
    def test_the_consumer_is_known_in_any_case(self, caller: str) -> None:
        judge(GOOD, claim=replace(CLAIM, caller=caller))

    def test_the_payer_may_use_what_was_ordered_for_another(self) -> None:
        judge(receipt(order_log(consumer=STRANGER, payer=CONSUMER), fee_log()))

    def test_other_people_s_orders_do_not_count(self) -> None:
        with pytest.raises(OrderSenderMismatch) as refused:
            judge(receipt(order_log(consumer=STRANGER, payer=STRANGER), fee_log()))
        assert str(refused.value) == "sender of order transaction is not the consumer/payer."


class TestEmitters:
    """Weakness 12/1: look-alike events of other contracts opened paid files for nothing."""

    def test_order_events_of_other_contracts_do_not_count(self) -> None:
        with pytest.raises(FeeEventMissing):
            judge(receipt(order_log(OTHER_TOKEN), fee_log(OTHER_TOKEN)))

    def test_a_borrowed_fee_on_another_token_s_order_does_not_count(self) -> None:
        with pytest.raises(FeeEventMissing):
            judge(receipt(order_log(OTHER_TOKEN), fee_log()))

    def test_an_order_whose_fee_another_contract_emitted_does_not_count(self) -> None:
        with pytest.raises(FeeEventMissing):
            judge(receipt(order_log(), fee_log(OTHER_TOKEN)))

    def test_a_look_alike_beside_the_genuine_order_changes_nothing(self) -> None:
        found = receipt(
            order_log(OTHER_TOKEN, consumer=STRANGER), order_log(), fee_log(), fee_log(OTHER_TOKEN)
        )
        assert judge(found).order.consumer == CONSUMER
        with pytest.raises(OrderSenderMismatch):
            judge(found, claim=replace(CLAIM, caller=STRANGER))


class TestFees:
    def test_a_fee_of_another_provider_is_refused(self) -> None:
        foreign = Fee(address=STRANGER_KEY.address, signer=STRANGER_KEY)
        with pytest.raises(FeeNotOurs):
            judge(receipt(order_log(), fee_log(fee=foreign)))

    def test_a_fee_that_names_us_but_is_signed_by_another_is_refused(self) -> None:
        with pytest.raises(FeeNotOurs):
            judge(receipt(order_log(), fee_log(fee=Fee(signer=STRANGER_KEY))))

    def test_a_changed_amount_breaks_our_signature(self) -> None:
        log = fee_log(fee=Fee(amount=5))
        cheaper = replace(log, data=(4).to_bytes(32, "big") + log.data[32:])
        with pytest.raises(FeeNotOurs):
            judge(receipt(order_log(), cheaper))

    @pytest.mark.parametrize(
        "data", [b"", b"{}", b"null", b"[]", b"\xff\xfe", b'{"dt":1,"id":2}', b"9" * 20000]
    )
    def test_provider_data_that_is_no_fee_description_is_passed_over(self, data: bytes) -> None:
        with pytest.raises(FeeEventMissing):
            judge(receipt(order_log(), fee_log(fee=Fee(data=data))))

    def test_another_asset_s_quote_handed_to_this_token_does_not_count(self) -> None:
        with pytest.raises(FeeEventMissing):
            judge(receipt(order_log(), fee_log(fee=Fee(datatoken=OTHER_TOKEN))))

    def test_the_fee_of_another_service_on_the_same_token_does_not_count(self) -> None:
        with pytest.raises(FeeEventMissing):
            judge(receipt(order_log(), fee_log(fee=Fee(service_id="svc-1"))))

    def test_a_cheap_token_ordered_with_another_service_s_quote_does_not_open_it(self) -> None:
        """Weakness 12.1/32: token of service 1, quote and index of service 2."""
        other = Fee(datatoken=OTHER_TOKEN, service_id="svc-1")
        found = receipt(order_log(index=1), fee_log(fee=other))
        service_two = replace(CLAIM, datatoken=OTHER_TOKEN, service_id="svc-1", service_index=1)
        with pytest.raises(FeeEventMissing):
            judge(found, claim=service_two)

    def test_reordered_services_do_not_cross_wire_paid_orders(self) -> None:
        """Weakness 12/25: position alone is not identity, and id alone is not either."""
        with pytest.raises(FeeEventMissing):
            judge(GOOD, claim=replace(CLAIM, service_id="svc-1"))
        with pytest.raises(OrderEventMissing):
            judge(GOOD, claim=replace(CLAIM, service_index=1))

    def test_an_order_is_not_paid_by_the_fee_of_its_neighbour(self) -> None:
        found = receipt(
            order_log(index=0),
            fee_log(fee=Fee(service_id="svc-1")),
            order_log(index=1),
            fee_log(fee=Fee(service_id="svc-0")),
        )
        with pytest.raises(OrderEventMissing):
            judge(found)


class TestEnvironmentAndPaidTime:
    PAID = Fee(environment="env-1", valid_until=ORDERED_AT + 600, quoted_at=ORDERED_AT - 30)

    def test_the_environment_must_be_the_one_that_was_paid_for(self) -> None:
        found = receipt(order_log(), fee_log(fee=self.PAID))
        judge(found, claim=replace(CLAIM, environment="env-1"))
        with pytest.raises(OrderEnvironmentMismatch, match=r"^Mismatch between ordered c2d"):
            judge(found, claim=replace(CLAIM, environment="env-2"))

    # Quoted 30 s before the block: validUntil + 30 + 90.
    @pytest.mark.parametrize(("after", "fine"), [(599, True), (719, True), (720, False), (86400, False)])
    def test_paid_time_is_over_after_the_late_block_allowance(self, after: int, fine: bool) -> None:
        found = receipt(order_log(), fee_log(fee=self.PAID))
        claim = replace(CLAIM, timeout_seconds=0)
        at = Moment(now=ORDERED_AT + after, head_number=100)
        if fine:
            judge(found, claim=claim, at=at)
        else:
            with pytest.raises(OrderFeeExpired, match="check validUntil"):
                judge(found, claim=claim, at=at)
            judge(found, claim=replace(claim, expired_fee_allowed=True), at=at)

    def test_an_unknown_quote_time_leaves_paid_time_unchecked_as_upstream(self) -> None:
        data = b'{"environment":null,"dt":"%s","id":"svc-0"}' % DATATOKEN.encode()
        found = receipt(order_log(), fee_log(fee=Fee(data=data, valid_until=ORDERED_AT - 1)))
        judge(found)


class TestExpiry:
    @pytest.mark.parametrize(("after", "fine"), [(3600, True), (3601, False)])
    def test_the_timeout_counts_from_the_order(self, after: int, fine: bool) -> None:
        at = Moment(now=ORDERED_AT + after, head_number=100)
        if fine:
            judge(GOOD, at=at)
        else:
            with pytest.raises(OrderExpired, match=r"^The order has expired\. "):
                judge(GOOD, at=at)

    def test_a_timeout_of_zero_never_expires(self) -> None:
        judge(GOOD, claim=replace(CLAIM, timeout_seconds=0), at=Moment(now=2**40, head_number=100))


class TestReuse:
    REUSE = receipt(reuse_log(at=ORDERED_AT + 100), fee_log())

    def test_a_reuse_leads_to_the_order_it_names(self) -> None:
        assert named_orders(self.REUSE, CLAIM) == (OLD_TX,)
        assert judge(self.REUSE, ORIGINAL).tx_id == OLD_TX

    def test_a_reuse_does_not_revive_an_expired_order(self) -> None:
        """Weakness 12/7 and 4.1/2: one purchase lasted for ever, for gas."""
        reuse = receipt(reuse_log(at=ORDERED_AT + 3599), fee_log())
        with pytest.raises(OrderExpired):
            judge(reuse, ORIGINAL, at=LATE)

    def test_upstream_s_rule_can_be_switched_on(self) -> None:
        reuse = receipt(reuse_log(at=ORDERED_AT + 3599), fee_log())
        rules = Rules(reuse_extends_order=True)
        judge(reuse, ORIGINAL, at=LATE, rules=rules)
        with pytest.raises(OrderExpired):
            judge(reuse, ORIGINAL, at=Moment(now=ORDERED_AT + 7200, head_number=100), rules=rules)

    def test_a_reuse_of_a_missing_order_is_refused(self) -> None:
        with pytest.raises(ReceiptMissing):
            judge(self.REUSE)

    def test_a_reuse_of_a_reverted_order_is_refused(self) -> None:
        with pytest.raises(OrderFailed):
            judge(self.REUSE, replace(ORIGINAL, status=0))

    @pytest.mark.parametrize(
        ("logs", "broken"),
        [
            ((order_log(OTHER_TOKEN), fee_log(OTHER_TOKEN)), FeeEventMissing),
            ((order_log(), fee_log(OTHER_TOKEN)), FeeEventMissing),
            ((order_log(), fee_log(fee=Fee(service_id="svc-1"))), FeeEventMissing),
            ((order_log(), fee_log(fee=Fee(signer=STRANGER_KEY))), FeeNotOurs),
            ((order_log(index=1), fee_log()), OrderEventMissing),
            ((order_log(amount=1), fee_log()), OrderAmountTooLow),
            ((order_log(at=ORDERED_AT - 7200), fee_log()), OrderExpired),
            ((order_log(consumer=STRANGER, payer=STRANGER), fee_log()), OrderSenderMismatch),
            ((reuse_log(names="0x" + "dd" * 32), fee_log()), OrderEventMissing),
        ],
    )
    def test_every_rule_holds_for_the_order_a_reuse_names(
        self, logs: tuple[Log, ...], broken: type[OrderError]
    ) -> None:
        """Weakness 12.1/31: a genuine reuse may name a foreign or forged order."""
        with pytest.raises(broken):
            judge(self.REUSE, receipt(*logs, tx=OLD_TX, block=90))

    def test_the_named_order_s_own_paid_time_may_be_over(self) -> None:
        spent = Fee(environment="env-1", valid_until=ORDERED_AT - 500, quoted_at=ORDERED_AT - 1000)
        renewed = Fee(environment="env-1", valid_until=ORDERED_AT + 500)
        reuse = receipt(reuse_log(at=ORDERED_AT), fee_log(fee=renewed))
        original = receipt(order_log(), fee_log(fee=spent), tx=OLD_TX, block=90)
        valid = judge(reuse, original, claim=replace(CLAIM, environment="env-1"))
        assert valid.fee.event.valid_until == renewed.valid_until

    def test_the_reuse_itself_must_be_paid_to_us(self) -> None:
        with pytest.raises(FeeNotOurs):
            judge(receipt(reuse_log(), fee_log(fee=Fee(signer=STRANGER_KEY))), ORIGINAL)
        with pytest.raises(FeeEventMissing):
            judge(receipt(reuse_log(OTHER_TOKEN), fee_log(OTHER_TOKEN)), ORIGINAL)

    def test_few_named_orders_are_followed(self) -> None:
        logs: list[Log] = []
        for number in range(50):
            logs += [reuse_log(names=f"0x{number:064x}"), fee_log()]
        assert len(named_orders(receipt(*logs), CLAIM)) == MAX_NAMED_ORDERS

    def test_a_reuse_among_several_that_holds_is_found(self) -> None:
        both = receipt(reuse_log(names="0x" + "ee" * 32), fee_log(), reuse_log(), fee_log())
        assert judge(both, ORIGINAL).tx_id == OLD_TX


class TestSeveralOrdersInOneReceipt:
    """The factory's startMultipleTokenOrder: each order is another's neighbour, the factory pays."""

    def test_the_caller_s_own_order_is_found_among_others(self) -> None:
        factory = OTHER_TOKEN
        found = receipt(
            order_log(consumer=STRANGER, payer=factory),
            fee_log(),
            order_log(consumer=CONSUMER, payer=factory),
            fee_log(),
            order_log(consumer=STRANGER, payer=factory),
            fee_log(),
        )
        assert judge(found).order.consumer == CONSUMER

    def test_orders_of_other_tokens_in_the_receipt_do_not_disturb(self) -> None:
        found = receipt(order_log(OTHER_TOKEN), fee_log(OTHER_TOKEN), order_log(), fee_log())
        assert judge(found).tx_id == TX

    def test_the_order_for_the_environment_asked_for_is_found(self) -> None:
        first = Fee(environment="env-1", valid_until=ORDERED_AT + 900)
        second = Fee(environment="env-2", valid_until=ORDERED_AT + 900)
        found = receipt(order_log(), fee_log(fee=first), order_log(), fee_log(fee=second))
        for name in ("env-1", "env-2"):
            assert judge(found, claim=replace(CLAIM, environment=name)).fee.data.environment == name


class TestTxIds:
    def test_a_hash_is_taken_in_any_case(self) -> None:
        assert parse_tx_id("0x" + "AB" * 32) == "0x" + "ab" * 32

    def test_raw_bytes_as_ocean_py_sends_them_are_taken(self) -> None:
        assert parse_tx_id(bytes(range(32))) == "0x" + bytes(range(32)).hex()

    @pytest.mark.parametrize(
        "bad", ["", "0x", "0x123", "ab" * 32, "0x" + "g" * 64, "0x" + "a" * 65, " 0x" + "a" * 64]
    )
    def test_anything_else_is_refused(self, bad: str) -> None:
        with pytest.raises(MalformedTxId):
            parse_tx_id(bad)

    @pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), b"0x" + b"g" * 64])
    def test_other_bytes_are_refused(self, bad: bytes) -> None:
        with pytest.raises(MalformedTxId):
            parse_tx_id(bad)


hashes = st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex())
loose_logs = st.builds(
    Log,
    st.sampled_from([DATATOKEN, OTHER_TOKEN]),
    st.lists(st.sampled_from([*(log.topics[0] for log in (order_log(), fee_log(), reuse_log())), TX])).map(
        tuple
    ),
    st.one_of(st.binary(max_size=400), st.sampled_from([order_log().data, fee_log().data, reuse_log().data])),
    st.integers(0, 200),
    hashes,
    hashes,
    st.integers(0, 5),
)
genuine_logs = st.sampled_from(
    [order_log(), fee_log(), reuse_log(), order_log(index=1), order_log(OTHER_TOKEN)]
)
receipts = st.builds(
    Receipt,
    st.sampled_from([TX, OLD_TX]),
    st.integers(0, 2),
    st.integers(0, 200),
    hashes,
    st.lists(st.one_of(loose_logs, genuine_logs), max_size=8).map(tuple),
)


@given(found=receipts, named=st.lists(receipts, max_size=2), now=st.integers(0, 2**40), extends=st.booleans())
def test_judging_raises_nothing_but_order_errors(
    found: Receipt, named: list[Receipt], now: int, extends: bool
) -> None:
    at = Moment(now=now, head_number=100)
    with suppress(OrderError):
        assert len(named_orders(found, CLAIM)) <= MAX_NAMED_ORDERS
        valid = judge(found, *named, at=at, rules=Rules(reuse_extends_order=extends))
        assert valid.order.amount >= ONE
        assert valid.order.service_index == 0


@given(st.one_of(st.text(), st.binary()))
def test_reading_a_tx_id_raises_nothing_but_its_error(value: str | bytes) -> None:
    with suppress(MalformedTxId):
        assert len(parse_tx_id(value)) == 66
