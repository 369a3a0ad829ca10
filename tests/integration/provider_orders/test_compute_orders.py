"""Compute orders on the real contracts: quoted, paid, started, renewed; and the ways not to pay."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from scripts.chain.order import Fee, fee_of_quote, order, reuse
from scripts.chain.publish import Published
from services.provider.domain.trust import container_checksum
from tests.fakes.origin import file
from tests.fakes.receipts import PROVIDER_KEY
from tests.integration.provider_orders.conftest import ALICE, CONTENT, MALLORY, OWNER, Shop

pytestmark = pytest.mark.clause("ocean 8.5", "ocean C1.4")

ACCOUNT = "0xe2DD09d719Da89e5a3D0F2549c7E24566e947260"
CONTAINER = {
    "entrypoint": "python $ALGO",
    "image": "python",
    "tag": "3.12",
    "checksum": "sha256:" + "8a" * 32,
}
CODE = b"print('counting')\n"
PRICED = {"id": "priced", "consumer_address": ACCOUNT, "price_per_minute": "0.6", "fee_token": None}
PER_SECOND = 10**16  # base units of the Ocean token
JOB = "ab" * 16

BuildShop = Callable[..., Shop]


@dataclass
class Bench:
    """One dataset and one algorithm in the shop; Alice has tokens to pay fees with."""

    shop: Shop

    def __post_init__(self) -> None:
        shop = self.shop
        shop.origin.route("/algo.py", file(CODE, "text/x-python"))
        code = [{"type": "url", "url": shop.origin.url("/algo.py"), "method": "GET"}]
        self.data = shop.publish(shop.service(type="compute"))
        metadata = {"type": "algorithm", "algorithm": {"container": CONTAINER}}
        self.algorithm = shop.publish(shop.service(type="access", files=code), metadata=metadata)
        self.token = shop.node.entries["Ocean"]
        owner = shop.wallets[OWNER]
        transfer = owner.contract("ERC20Template", self.token).functions.transfer
        for who in (ALICE, MALLORY):
            owner.send(transfer(shop.wallets[who].address, 1000 * 10**18))

    def body(self, who: int, tx: dict[str, str | None], environment: dict[str, Any]) -> dict[str, Any]:
        def use(asset: Published, name: str) -> dict[str, Any]:
            return {"documentId": asset.did, "serviceId": "service-0", "transferTxId": tx.get(name)}

        return {
            "consumer": self.shop.wallets[who].address,
            "job": JOB,
            "environment": environment,
            "datasets": [use(self.data, "data")],
            "algorithm": use(self.algorithm, "algorithm"),
        }

    def post(self, what: str, body: dict[str, Any]) -> tuple[int, Any]:
        headers = {"Authorization": "Bearer compute"}
        answer = self.shop.client.post(f"/internal/compute/{what}", json=body, headers=headers)
        return answer.status_code, json.loads(answer.data)

    def quote(self, seconds: int, who: int = ALICE, **tx: str | None) -> list[dict[str, Any]]:
        """Of dataset and algorithm."""
        until = int(self.shop.clock.now()) + seconds
        status, found = self.post("quote", {**self.body(who, tx, PRICED), "valid_until": until})
        assert status == 200, found
        return [*found["datasets"], found["algorithm"]]

    def order(self, asset: Published, quoted: dict[str, Any] | Fee, who: int = ALICE) -> str:
        """With the environment's account as consumer, as clients order (contract 1.1)."""
        fee = quoted if isinstance(quoted, Fee) else fee_of_quote(quoted)
        return order(self.shop.wallets[who], self.shop.node.entries, asset.datatokens[0], 0, fee, ACCOUNT)

    def order_both(self, seconds: int, who: int = ALICE) -> dict[str, str | None]:
        data, algorithm = self.quote(seconds, who)
        return {
            "data": self.order(self.data, data, who),
            "algorithm": self.order(self.algorithm, algorithm, who),
        }

    def start(self, tx: dict[str, str | None], who: int = ALICE, **environment: Any) -> dict[str, Any]:
        status, found = self.post("authorize", self.body(who, tx, {**PRICED, **environment}))
        assert status == 200, found
        return found  # type: ignore[no-any-return]

    def refused(self, tx: dict[str, str | None], who: int = ALICE, **environment: Any) -> tuple[str, str]:
        """(code, reason)"""
        status, found = self.post("authorize", self.body(who, tx, {**PRICED, **environment}))
        assert status == 422, found
        return found["refused"]["code"], found["refused"].get("reason", "")

    def read(self, asset: dict[str, Any], job: str = JOB) -> Any:
        handle = asset["files"][0]["handle"]
        headers = {"Authorization": "Bearer compute", "X-Tidegate-Job": job}
        return self.shop.client.get(f"/internal/compute/grants/{handle}", headers=headers)


@pytest.fixture
def bench(shop: Shop) -> Bench:
    return Bench(shop)


def test_from_quote_to_bytes(bench: Bench) -> None:
    token = bench.shop.wallets[ALICE].contract("ERC20Template", bench.token).functions
    data, algorithm = bench.quote(600)
    assert data["providerFee"]["providerFeeAmount"] == str(600 * PER_SECOND)
    assert algorithm["providerFee"]["providerFeeAmount"] == "0"
    before = token.balanceOf(PROVIDER_KEY.address).call()
    tx: dict[str, str | None] = {
        "data": bench.order(bench.data, data),
        "algorithm": bench.order(bench.algorithm, algorithm),
    }
    assert token.balanceOf(PROVIDER_KEY.address).call() > before
    found = bench.start(tx)
    assert (found["agreement_id"], found["paid_seconds"]) == (tx["data"], 600)
    assert bench.read(found["datasets"][0]).data == CONTENT
    assert bench.read(found["algorithm"]).data == CODE
    assert bench.read(found["algorithm"], "cd" * 16).status_code == 403
    assert "/data.csv" not in json.dumps(found)
    assert "/algo.py" not in json.dumps(found)
    assert [list(entry) for entry in bench.quote(600, **tx)] == [["validOrder"], ["validOrder"]]


def test_a_part_of_a_file(bench: Bench) -> None:
    found = bench.start(bench.order_both(60))
    handle = found["datasets"][0]["files"][0]["handle"]
    headers = {"Authorization": "Bearer compute", "X-Tidegate-Job": JOB, "Range": "bytes=5-8"}
    bench.shop.client.get(f"/internal/compute/grants/{handle}", headers=headers)
    assert bench.shop.origin.requests[-1].headers["range"] == "bytes=5-8"


def test_a_borrowed_fee_pays_nothing(bench: Bench) -> None:
    """Weakness 4.1/1: the victim's quote handed to an order of one's own token."""
    own = bench.shop.publish(bench.shop.service(type="compute"))
    data, algorithm = bench.quote(60, MALLORY)
    tx: dict[str, str | None] = {
        "data": bench.order(own, data, MALLORY),
        "algorithm": bench.order(bench.algorithm, algorithm, MALLORY),
    }
    assert bench.refused(tx, MALLORY) == ("order_invalid", "FEE_EVENT_MISSING")


def test_quotes_of_nothing_pay_nothing(bench: Bench) -> None:
    """Each entry quoted beside another that pays, and that other never ordered."""
    paid = bench.order_both(600)
    data = bench.quote(600, MALLORY)[0]
    algorithm = bench.quote(600, MALLORY)[1]
    beside = dict(data["providerFee"]) | {"providerFeeAmount": "0"}
    assert algorithm["providerFee"]["providerFeeAmount"] == "0"
    mine = {"algorithm": bench.order(bench.algorithm, algorithm, MALLORY)}
    assert bench.refused({**mine, "data": paid["data"]}, MALLORY)[1] == "NOT_CONSUMER_OR_PAYER"
    with pytest.raises(Exception, match="Invalid provider fee"):
        bench.order(bench.data, fee_of_quote({"providerFee": beside}), MALLORY)


def test_another_environment_s_cheaper_time_does_not_count(bench: Bench) -> None:
    cheap = {**PRICED, "id": "cheap", "price_per_minute": "0.000001"}
    until = int(bench.shop.clock.now()) + 600
    body = {**bench.body(ALICE, {}, cheap), "valid_until": until}
    found = bench.post("quote", body)[1]
    tx: dict[str, str | None] = {
        "data": bench.order(bench.data, found["datasets"][0]),
        "algorithm": bench.order(bench.algorithm, found["algorithm"]),
    }
    assert bench.refused(tx) == ("order_invalid", "ENVIRONMENT_MISMATCH")
    assert bench.start(tx, **cheap)["paid_seconds"] == 600
    assert bench.start(tx, **{**cheap, "price_per_minute": "0.000002"})["paid_seconds"] == 300


def test_one_second_paid_is_one_second(bench: Bench) -> None:
    """Weakness 4.1/3: buy one second, run the maximum."""
    assert bench.start(bench.order_both(1))["paid_seconds"] == 1


def test_paid_time_ends_and_is_renewed(own_shop: BuildShop) -> None:
    bench = Bench(own_shop())
    tx = bench.order_both(60)
    bench.shop.pass_time(200)
    assert bench.refused(tx) == ("order_invalid", "FEE_EXPIRED")
    bench.shop.clock.seconds += 201
    data, algorithm = bench.quote(300, **tx)
    assert (data["validOrder"], data["providerFee"]["providerFeeAmount"]) == (
        tx["data"],
        str(300 * PER_SECOND),
    )
    assert algorithm["providerFee"]["providerFeeAmount"] == "0"
    wallet = bench.shop.wallets[ALICE]
    renewed: dict[str, str | None] = {
        name: reuse(wallet, asset.datatokens[0], quoted["validOrder"], fee_of_quote(quoted))
        for name, asset, quoted in (
            ("data", bench.data, data),
            ("algorithm", bench.algorithm, algorithm),
        )
    }
    found = bench.start(renewed)
    assert (found["agreement_id"], found["paid_seconds"]) == (renewed["data"], 300)
    assert bench.quote(60, **renewed) == [
        {"validOrder": renewed["data"]},
        {"validOrder": renewed["algorithm"]},
    ]


def test_the_service_s_own_timeout_is_counted_from_the_order(own_shop: BuildShop) -> None:
    """Weakness 4.1/2: a renewal that costs gas only made one purchase last for ever."""
    shop = own_shop()
    bench = Bench(shop)
    bench.data = shop.publish(shop.service(type="compute", timeout_seconds=600))
    tx = bench.order_both(60)
    shop.pass_time(601)
    shop.clock.seconds += 602
    assert "orderError" in bench.quote(60, **tx)[0]
    quoted = fee_of_quote(bench.quote(60, **tx)[0])
    again = reuse(shop.wallets[ALICE], bench.data.datatokens[0], str(tx["data"]), quoted)
    assert bench.refused({**tx, "data": again}) == ("order_invalid", "ORDER_EXPIRED")


def test_an_algorithm_that_changes_after_it_was_checked(bench: Bench) -> None:
    shop = bench.shop
    trusted = {
        "did": bench.algorithm.did,
        "filesChecksum": hashlib.sha256(CODE).hexdigest(),
        "containerSectionChecksum": container_checksum(CONTAINER),
    }
    section = {"compute": {"publisherTrustedAlgorithms": [trusted]}}
    bench.data = shop.publish(shop.service(type="compute", extra=section))
    tx = bench.order_both(60)
    found = bench.start(tx)
    assert found["pins_image"] is True
    assert bench.read(found["algorithm"]).data == CODE
    shop.origin.route("/algo.py", file(b"steal()", "text/x-python"))
    assert bench.read(found["algorithm"]).status_code == 502
    assert bench.refused(tx)[0] == "algorithm_file_checksum_mismatch"


def test_one_look_at_the_chain_counts_for_a_state_set_since(bench: Bench) -> None:
    from scripts.chain.metadata import set_state

    found = bench.start(bench.order_both(60))
    set_state(bench.shop.wallets[1], bench.data.nft, 3)
    assert bench.read(found["datasets"][0]).status_code == 403
    set_state(bench.shop.wallets[1], bench.data.nft, 0)
    assert bench.read(found["datasets"][0]).data == CONTENT
