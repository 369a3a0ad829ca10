"""What a job costs: exactly one entry pays for the time, and earlier orders count (contract 2.5, 8.5)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from libs.signing.fees import FeeQuote, fee_is_signed_by
from services.provider.domain.fees import FeePolicy
from tests.contract.provider_compute.desk import (
    ALGORITHM,
    ALGORITHM_TOKEN,
    ALGORITHM_TX,
    DATA_TX,
    FREE,
    NOW,
    PRICED,
    SECOND,
    SECOND_TX,
    UNITS_PER_SECOND,
    Desk,
    dataset,
    raw,
)
from tests.fakes.access import AccessWorld
from tests.fakes.ddos import DID
from tests.fakes.receipts import DATATOKEN, FEE_TOKEN, PROVIDER_KEY, Fee, fee_log, receipt, reuse_log

pytestmark = pytest.mark.clause("ocean 2.5", "ocean 8.5")

NEW = [dataset(None)]
NEW_ALGORITHM = {"documentId": ALGORITHM, "serviceId": "svc-0"}
HOUR = 3600


def amounts(quoted: dict[str, Any]) -> list[str | None]:
    """By entry, the algorithm last; None for one that needs nothing."""
    entries = [*quoted["datasets"], *([quoted["algorithm"]] if "algorithm" in quoted else [])]
    return [
        entry["providerFee"]["providerFeeAmount"] if "providerFee" in entry else None for entry in entries
    ]


def test_new_orders_of_everything(desk: Desk) -> None:
    found = desk.quoted(environment=PRICED, valid_until=NOW + HOUR, datasets=NEW, algorithm=NEW_ALGORITHM)
    assert list(found) == ["datasets", "algorithm"]
    assert amounts(found) == [str(HOUR * UNITS_PER_SECOND), "0"]
    data, algorithm = found["datasets"][0], found["algorithm"]
    assert [list(entry) for entry in (data, algorithm)] == [["datatoken", "providerFee"]] * 2
    assert (data["datatoken"], algorithm["datatoken"]) == (DATATOKEN, ALGORITHM_TOKEN)
    for entry in (data, algorithm):
        fee = entry["providerFee"]
        assert (fee["providerFeeToken"], fee["validUntil"]) == (FEE_TOKEN, NOW + HOUR)
        told = bytes.fromhex(fee["providerData"][2:])
        assert told.decode() == (
            f'{{"environment":"priced","timestamp":{NOW}.0,"dt":"{entry["datatoken"]}","id":"svc-0"}}'
        )
        terms = FeeQuote(
            told, PROVIDER_KEY.address, FEE_TOKEN, int(fee["providerFeeAmount"]), fee["validUntil"]
        )
        r, s = (bytes.fromhex(fee[name][2:]) for name in ("r", "s"))
        assert fee_is_signed_by(terms, fee["v"], r, s, PROVIDER_KEY.address)
    assert desk.world.chain.waited == []


def test_whole_days_are_billed(desk: Desk) -> None:
    week = 7 * 86400
    found = desk.quoted(environment=PRICED, valid_until=NOW + week, datasets=NEW, algorithm=NEW_ALGORITHM)
    assert amounts(found)[0] == str(week * UNITS_PER_SECOND)


def test_a_raw_algorithm_has_no_entry(desk: Desk) -> None:
    desk.policy(allowRawAlgorithm=True)
    found = desk.quoted(datasets=NEW, algorithm=raw(rawcode="print('hello')"))
    assert list(found) == ["datasets"]


def test_orders_that_still_pay_are_good_as_they_are(desk: Desk) -> None:
    desk.orders("priced", data=10**9)
    assert desk.quoted(environment=PRICED) == {
        "datasets": [{"validOrder": DATA_TX}],
        "algorithm": {"validOrder": ALGORITHM_TX},
    }


def test_a_later_end_wants_renewing_of_everything(desk: Desk) -> None:
    desk.orders("priced", data=10**9)
    found = desk.quoted(environment=PRICED, valid_until=NOW + HOUR)
    assert amounts(found) == [str(HOUR * UNITS_PER_SECOND), "0"]
    assert found["datasets"][0]["validOrder"] == DATA_TX
    assert list(found["algorithm"]) == ["datatoken", "providerFee", "validOrder"]


def test_who_paid_already_pays_for_all(desk: Desk) -> None:
    """Weakness 12/20: the first dataset was charged although the algorithm's order still paid."""
    desk.orders("priced", algorithm=10**9)
    found = desk.quoted(environment=PRICED, datasets=NEW)
    assert amounts(found) == ["0", None]
    assert found["algorithm"] == {"validOrder": ALGORITHM_TX}


def test_an_order_that_was_quoted_nothing_does_not_pay(desk: Desk) -> None:
    desk.orders("priced")
    found = desk.quoted(environment=PRICED)
    assert amounts(found) == [str(600 * UNITS_PER_SECOND), None]
    assert found["datasets"][0]["validOrder"] == DATA_TX


def test_free_orders_are_good_until_their_end(desk: Desk) -> None:
    assert amounts(desk.quoted()) == [None, None]
    assert amounts(desk.quoted(valid_until=NOW + 601)) == ["0", "0"]


def test_a_renewed_order(desk: Desk) -> None:
    """As it is, it is named by the payment; to be renewed once more, by the original."""
    desk.orders("priced", until=NOW - 1000)
    renewal, fee = "0x" + "d1" * 32, Fee(environment="priced", amount=10**9, valid_until=NOW + 600)
    desk.world.chain.receipts[renewal] = receipt(reuse_log(names=DATA_TX), fee_log(fee=fee), tx=renewal)
    asked: dict[str, Any] = {"environment": PRICED, "datasets": [dataset(renewal)]}
    assert desk.quoted(**asked)["datasets"] == [{"validOrder": renewal}]
    later = desk.quoted(**asked, valid_until=NOW + 601)["datasets"][0]
    assert later["validOrder"] == DATA_TX
    assert later["providerFee"]["providerFeeAmount"] == str(601 * UNITS_PER_SECOND)


def test_an_order_that_does_not_count_says_why(desk: Desk) -> None:
    found = desk.quoted(datasets=[dataset(SECOND_TX)], algorithm={**NEW_ALGORITHM, "transferTxId": "0x12"})
    data, algorithm = found["datasets"][0], found["algorithm"]
    assert list(data) == list(algorithm) == ["datatoken", "providerFee", "orderError"]
    assert data["orderError"].startswith("Cannot find the event for the provider fee")
    assert algorithm["orderError"] == "transferTxId is not a transaction hash."
    other = desk.quoted(environment={**FREE, "id": "other"})
    assert other["datasets"][0]["orderError"].startswith("Mismatch between ordered c2d environment")


def test_a_service_s_own_fee_is_added_to_each() -> None:
    desk = Desk(AccessWorld(policy=FeePolicy(amounts={"compute": Decimal(1)})))
    found = desk.quoted(environment=PRICED, datasets=NEW, algorithm=NEW_ALGORITHM)
    assert amounts(found) == [str(10**6 + 600 * UNITS_PER_SECOND), str(10**6)]


def test_what_was_quoted_buys_what_was_asked_for(desk: Desk) -> None:
    """Odd amounts round up, so that the last second is paid for (upstream #645)."""
    odd = {**PRICED, "price_per_minute": "0.0000007"}
    for seconds in (1, 59, 61, 100_000):
        fee = desk.quoted(environment=odd, valid_until=NOW + seconds, datasets=NEW, algorithm=NEW_ALGORITHM)[
            "datasets"
        ][0]["providerFee"]
        paid = Fee(
            environment="priced",
            quoted_at=float(NOW),
            amount=int(fee["providerFeeAmount"]),
            valid_until=NOW + seconds,
        )
        desk.orders("priced", until=NOW + seconds)
        order = desk.world.chain.receipts[DATA_TX]
        logs = (order.logs[0], replace(fee_log(fee=paid), log_index=1, tx_hash=DATA_TX))
        desk.world.chain.receipts[DATA_TX] = replace(order, logs=logs)
        assert desk.authorized(environment=odd)["paid_seconds"] == seconds


class TestRefusals:
    @pytest.mark.parametrize("until", [0, NOW, NOW - 1, 10**13])
    def test_an_end_that_is_not_ahead(self, desk: Desk, until: int) -> None:
        assert desk.refused("quote", valid_until=until) == (None, "The validUntil value is not correct.")

    @pytest.mark.parametrize("until", ["soon", None, 1.5, -5, 10**20, str(NOW + 60)])
    def test_an_end_that_is_none(self, desk: Desk, until: object) -> None:
        answer = desk.post("quote", desk.body(valid_until=until))
        assert answer.json == {"error": "bad_request", "field": "valid_until"}

    @pytest.mark.parametrize("did", [DID, "did:op:" + "0" * 64, "x"])
    def test_what_is_no_algorithm(self, desk: Desk, did: str) -> None:
        asked = {"documentId": did, "serviceId": "svc-0"}
        assert desk.refused("quote", algorithm=asked) == (None, "DID is not a valid algorithm")

    def test_an_environment_of_other_chains(self, desk: Desk) -> None:
        elsewhere = {**FREE, "chain_ids": [1]}
        assert desk.refused("quote", environment=elsewhere) == (None, "Compute environment does not exist")

    def test_datasets_as_at_a_start(self, desk: Desk) -> None:
        two = [dataset(None), dataset(None, "did:op:" + "0" * 64)]
        assert desk.refused("quote", datasets=two) == ("datasets[1].documentId", "did_not_found")
        assert desk.refused("quote", datasets=[dataset(None, service_id=None)]) == (
            "dataset.serviceId",
            "missing",
        )
        desk.policy(SECOND, publisherTrustedAlgorithms=[{"did": DID}])
        two = [dataset(None), dataset(None, SECOND)]
        assert desk.refused("quote", datasets=two) == ("datasets[1]", "not_trusted_algo")

    def test_files_are_read_only_where_they_are_pinned(self, desk: Desk) -> None:
        desk.quoted()
        assert desk.world.origins.asked == []
        desk.policy(publisherTrustedAlgorithms=[{"did": ALGORITHM, "filesChecksum": "00" * 32}])
        assert desk.refused("quote") == ("dataset", "algorithm_file_checksum_mismatch")
