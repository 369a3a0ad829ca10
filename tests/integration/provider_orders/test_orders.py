"""Orders on the real contracts: what opens a file, and the attacks that must not (contract 12 and 12.1)."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from libs.chain.types import Log
from scripts.chain.order import fee_of_quote, order, order_many
from scripts.chain.wallet import TransactionFailed
from services.provider.domain.orders import Rules
from tests.integration.provider_orders.conftest import (
    ALICE,
    CONTENT,
    MALLORY,
    PUBLISHER,
    Shop,
    ocean_fee,
)
from tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.clause("ocean 8.4", "ocean 12")

BuildShop = Callable[..., Shop]


class TestHonestOrders:
    def test_an_order_opens_the_file_and_initialize_knows_it(self, shop: Shop) -> None:
        asset = shop.publish()
        tx = shop.order(asset)
        response = shop.download(asset, tx)
        assert (response.status_code, response.data) == (200, CONTENT)
        assert response.headers["Content-Disposition"] == "attachment;filename=data.csv"
        assert shop.initialize(asset, transferTxId=tx, fileIndex=0) == {"validOrder": tx}

    def test_an_order_may_be_used_again(self, shop: Shop) -> None:
        asset = shop.publish()
        tx = shop.order(asset)
        assert [shop.download(asset, tx).data for _ in range(3)] == [CONTENT] * 3

    def test_each_service_has_its_own_orders(self, shop: Shop) -> None:
        asset = shop.publish(shop.service(), shop.service(id="second"))
        tx = shop.order(asset, index=1)
        assert shop.download(asset, tx, serviceId="second").data == CONTENT
        assert shop.refusal(asset, tx) == "FEE_EVENT_MISSING"

    @pytest.mark.parametrize("pricing", ["dispenser", "fixed"])
    def test_the_enterprise_token_buys_and_orders_in_one_transaction(self, shop: Shop, pricing: str) -> None:
        asset = shop.publish(shop.service(template=2, pricing=pricing, price="0.01", mint_to=()))
        assert shop.download(asset, shop.order(asset, who=0), who=0).data == CONTENT

    def test_a_paid_fee_reaches_the_provider(self, own_shop: BuildShop) -> None:
        shop = own_shop(policy=ocean_fee("1.5"))
        asset = shop.publish()
        fee = shop.quote(asset, who=0)
        assert fee.amount == 15 * 10**17
        token = shop.wallets[0].contract("ERC20Template", fee.token)
        before = token.functions.balanceOf(fee.address).call()
        shop.wallets[PUBLISHER].send(
            shop.wallets[PUBLISHER]
            .contract("ERC20Template", asset.datatokens[0])
            .functions.mint(shop.wallets[0].address, 10**18)
        )
        assert shop.download(asset, shop.order(asset, who=0, fee=fee), who=0).data == CONTENT
        assert token.functions.balanceOf(fee.address).call() > before

    def test_a_changed_quote_is_refused_by_the_contract_itself(self, own_shop: BuildShop) -> None:
        shop = own_shop(policy=ocean_fee("1.5"))
        asset = shop.publish()
        quote = shop.initialize(asset)
        quote["providerFee"]["providerFeeAmount"] = "0"
        with pytest.raises(TransactionFailed, match="Invalid provider fee"):
            shop.order(asset, fee=fee_of_quote(quote))

    def test_what_was_ordered_for_another_opens_for_payer_and_consumer(self, shop: Shop) -> None:
        asset = shop.publish()
        consumer = shop.wallets[MALLORY].address
        token, fee = asset.datatokens[0], shop.quote(asset)
        tx = order(shop.wallets[ALICE], shop.node.entries, token, 0, fee, consumer)
        assert shop.download(asset, tx).data == CONTENT
        assert shop.download(asset, tx, who=MALLORY).data == CONTENT

    def test_several_orders_in_one_transaction_each_open_their_own(self, shop: Shop) -> None:
        first, second = shop.publish(), shop.publish()
        alice, mallory = shop.wallets[ALICE].address, shop.wallets[MALLORY].address
        tx = order_many(
            shop.wallets[ALICE],
            shop.node.entries,
            [
                (first.datatokens[0], mallory, 0, shop.quote(first)),
                (first.datatokens[0], alice, 0, shop.quote(first)),
                (second.datatokens[0], alice, 0, shop.quote(second)),
            ],
        )
        assert shop.download(first, tx).data == CONTENT
        assert shop.download(second, tx).data == CONTENT
        assert shop.download(first, tx, who=MALLORY).data == CONTENT
        assert shop.refusal(second, tx, who=MALLORY) == "NOT_CONSUMER_OR_PAYER"

    def test_a_reuse_is_worth_the_order_it_names(self, shop: Shop) -> None:
        asset = shop.publish(shop.service(timeout_seconds=3600))
        tx = shop.order(asset)
        again = shop.reuse(asset, tx)
        assert shop.download(asset, again).data == CONTENT
        assert shop.initialize(asset, transferTxId=again) == {"validOrder": tx}


class TestOrderEventsOfOtherContractsDoNotCount:
    """Weakness 12/1, companion 4.1/1: paid files for no datatoken at all."""

    def test_look_alikes_of_a_contract_of_one_s_own(self, shop: Shop) -> None:
        asset = shop.publish()
        genuine = shop.logs_of(shop.order(asset))
        tx = shop.forge(*_rewritten(genuine, shop.wallets[ALICE].address, shop.wallets[MALLORY].address))
        assert shop.refusal(asset, tx, who=MALLORY) == "FEE_EVENT_MISSING"
        assert "orderError" in shop.initialize(asset, who=MALLORY, transferTxId=tx)

    def test_another_token_ordered_with_the_victim_s_quote(self, shop: Shop) -> None:
        victim, own = shop.publish(), shop.publish()
        fee = shop.quote(victim, who=MALLORY)
        tx = order(shop.wallets[MALLORY], shop.node.entries, own.datatokens[0], 0, fee)
        assert shop.refusal(victim, tx, who=MALLORY) == "FEE_EVENT_MISSING"

    def test_another_asset_s_own_order(self, shop: Shop) -> None:
        victim, own = shop.publish(), shop.publish()
        assert shop.refusal(victim, shop.order(own, who=MALLORY), who=MALLORY) == "FEE_EVENT_MISSING"


class TestReuseOpensNothingNew:
    """Weaknesses 12/7, 12.1/31, companion 4.1/2."""

    def test_a_reuse_does_not_revive_an_expired_order(self, own_shop: BuildShop) -> None:
        shop = own_shop()
        asset = shop.publish(shop.service(timeout_seconds=600))
        tx = shop.order(asset)
        assert shop.download(asset, tx).data == CONTENT
        shop.pass_time(601)
        assert shop.refusal(asset, tx) == "ORDER_EXPIRED"
        assert shop.refusal(asset, shop.reuse(asset, tx)) == "ORDER_EXPIRED"

    def test_a_reuse_within_the_timeout_does_not_lengthen_it(self, own_shop: BuildShop) -> None:
        shop = own_shop()
        asset = shop.publish(shop.service(timeout_seconds=600))
        tx = shop.order(asset)
        shop.pass_time(500)
        again = shop.reuse(asset, tx)
        assert shop.download(asset, again).data == CONTENT
        shop.pass_time(200)
        assert shop.refusal(asset, again) == "ORDER_EXPIRED"

    def test_upstream_s_rule_can_be_mirrored(self, own_shop: BuildShop) -> None:
        shop = own_shop(rules=Rules(reuse_extends_order=True))
        asset = shop.publish(shop.service(timeout_seconds=600))
        tx = shop.order(asset)
        shop.pass_time(601)
        assert shop.refusal(asset, tx) == "ORDER_EXPIRED"
        assert shop.download(asset, shop.reuse(asset, tx)).data == CONTENT

    def test_a_reuse_may_not_name_another_s_order(self, shop: Shop) -> None:
        asset = shop.publish()
        tx = shop.order(asset)
        stolen = shop.reuse(asset, tx, who=MALLORY)
        assert shop.refusal(asset, stolen, who=MALLORY) == "NOT_CONSUMER_OR_PAYER"

    def test_a_reuse_may_not_name_another_asset_s_order(self, shop: Shop) -> None:
        victim, own = shop.publish(), shop.publish()
        tx = shop.reuse(victim, shop.order(own, who=MALLORY), who=MALLORY)
        assert shop.refusal(victim, tx, who=MALLORY) == "FEE_EVENT_MISSING"

    def test_a_reuse_may_not_name_a_forged_order(self, shop: Shop) -> None:
        asset = shop.publish()
        genuine = shop.logs_of(shop.order(asset))
        forged = shop.forge(*_rewritten(genuine, shop.wallets[ALICE].address, shop.wallets[MALLORY].address))
        tx = shop.reuse(asset, forged, who=MALLORY)
        assert shop.refusal(asset, tx, who=MALLORY) == "FEE_EVENT_MISSING"

    @pytest.mark.parametrize("named", ["0x" + "00" * 32, "0x" + "ab" * 32])
    def test_a_reuse_may_not_name_nothing(self, shop: Shop, named: str) -> None:
        asset = shop.publish()
        tx = shop.reuse(asset, named, who=MALLORY)
        assert shop.refusal(asset, tx, who=MALLORY) == "RECEIPT_MISSING"


class TestServicesAreNotMixedUp:
    """Weaknesses 12/25 and 12.1/32."""

    def test_a_cheap_token_does_not_open_its_dear_neighbour(self, shop: Shop) -> None:
        asset = shop.publish(shop.service(id="cheap"), shop.service(id="dear", mint_to=()))
        dear_fee = shop.quote(asset, who=MALLORY, serviceId="dear")
        tx = order(shop.wallets[MALLORY], shop.node.entries, asset.datatokens[0], 1, dear_fee)
        assert shop.refusal(asset, tx, who=MALLORY, serviceId="dear") == "FEE_EVENT_MISSING"
        assert shop.refusal(asset, tx, who=MALLORY, serviceId="cheap") == "FEE_EVENT_MISSING"

    def test_the_index_must_be_the_service_s(self, shop: Shop) -> None:
        asset = shop.publish()
        fee = shop.quote(asset)
        tx = order(shop.wallets[ALICE], shop.node.entries, asset.datatokens[0], 7, fee)
        assert shop.refusal(asset, tx) == "ORDER_EVENT_MISSING"

    def test_a_fee_signed_by_the_buyer_is_not_ours(self, shop: Shop) -> None:
        from libs.signing.fees import FeeQuote, sign_fee
        from libs.signing.keys import PrivateKey

        asset = shop.publish()
        ours = shop.quote(asset, who=MALLORY)
        own_key = PrivateKey(shop.wallets[MALLORY].key)
        terms = FeeQuote(ours.provider_data, own_key.address, ours.token, 0, 0)
        signed = sign_fee(terms, own_key)
        forged = type(ours)(
            own_key.address, ours.token, 0, signed.v, signed.r, signed.s, 0, ours.provider_data
        )
        tx = shop.order(asset, who=MALLORY, fee=forged)
        assert shop.refusal(asset, tx, who=MALLORY) == "FEE_NOT_OURS"


class TestTransactionsThatDoNotCount:
    def test_another_s_order(self, shop: Shop) -> None:
        asset = shop.publish()
        assert shop.refusal(asset, shop.order(asset), who=MALLORY) == "NOT_CONSUMER_OR_PAYER"

    def test_a_reverted_order(self, shop: Shop) -> None:
        asset = shop.publish(shop.service(mint_to=()))
        with pytest.raises(TransactionFailed):
            shop.order(asset)
        assert shop.refusal(asset, shop.last_transaction()) == "TRANSACTION_FAILED"

    def test_an_unknown_one_costs_seconds_once(self, shop: Shop) -> None:
        """Weakness 12/11: 120 s of a worker for each made-up hash."""
        asset = shop.publish()
        assert shop.refusal(asset, "0x" + "12" * 32) == "RECEIPT_MISSING"
        assert shop.refusal(asset, "0x" + "12" * 32) == "RECEIPT_MISSING"

    def test_a_pending_order_is_waited_for(self, own_shop: BuildShop) -> None:
        shop = own_shop()
        asset = shop.publish()
        fee = shop.quote(asset)
        wallet = shop.wallets[ALICE]
        shop.node.rpc("evm_setAutomine", False)
        call = wallet.contract("ERC20Template", asset.datatokens[0]).functions.startOrder(
            wallet.address, 0, fee.as_struct(), ("0x" + "0" * 40, "0x" + "0" * 40, 0)
        )
        signed = wallet.w3.eth.account.sign_transaction(_unsent(wallet, call), wallet.key)
        tx = "0x" + bytes(wallet.w3.eth.send_raw_transaction(signed.raw_transaction)).hex()
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(shop.download(asset, tx)))
        thread.start()
        shop.node.mine()
        thread.join(timeout=PATIENCE_SECONDS)
        assert answers[0].data == CONTENT

    def test_confirmations_are_waited_out(self, own_shop: BuildShop) -> None:
        shop = own_shop(rules=Rules(confirmations=3))
        asset = shop.publish()
        tx = shop.order(asset)
        assert shop.refusal(asset, tx) == "RECEIPT_MISSING"
        shop.node.mine(2)
        assert shop.download(asset, tx).data == CONTENT

    def test_an_order_that_a_reorganisation_removes_stops_counting(self, own_shop: BuildShop) -> None:
        shop = own_shop()
        asset = shop.publish()
        before = shop.node.rpc("evm_snapshot")
        tx = shop.order(asset)
        assert shop.download(asset, tx).data == CONTENT
        shop.node.rpc("evm_revert", before)
        shop.node.mine(2)
        assert shop.refusal(asset, tx) == "RECEIPT_MISSING"


class TestAssetState:
    @pytest.mark.parametrize("state", [1, 2, 3, 4])
    def test_a_state_set_on_chain_counts_with_the_next_request(self, shop: Shop, state: int) -> None:
        from scripts.chain.metadata import set_state

        asset = shop.publish()
        tx = shop.order(asset)
        assert shop.download(asset, tx).data == CONTENT
        set_state(shop.wallets[PUBLISHER], asset.nft, state)
        shop.refusal(asset, tx)
        set_state(shop.wallets[PUBLISHER], asset.nft, 5)
        assert shop.download(asset, tx).data == CONTENT


class TestProofOnChain:
    def test_a_download_is_written_to_the_datatoken(self, own_shop: BuildShop) -> None:
        from libs.chain.abi import topic

        shop = own_shop(proofs_on_chain=True)
        asset = shop.publish()
        tx = shop.order(asset)
        assert shop.download(asset, tx).data == CONTENT
        shop.proofs.drain()
        executed = topic("OrderExecuted(address,address,bytes32,bytes,bytes,bytes,bytes,uint256,uint256)")

        def written() -> Sequence[Log]:
            chain = shop.node.chain()
            return chain.logs(0, chain.head().number, [executed], asset.datatokens[0])

        logs = wait_for(written, "the proof's block")  # the node takes a transaction before it mines it
        assert len(logs) == 1
        assert logs[0].data[:32].hex() == tx[2:]


def _unsent(wallet: Any, call: Any) -> Any:
    fields = {
        "from": wallet.address,
        "nonce": wallet.w3.eth.get_transaction_count(wallet.address),
        "gas": 2_000_000,
        "gasPrice": 3_000_000_000,
    }
    built = call.build_transaction(fields)
    return {name: value for name, value in built.items() if name != "from"}


def _rewritten(logs: tuple[Log, ...], old: str, new: str) -> tuple[Log, ...]:
    """The same logs with another buyer."""
    was, now = old[2:].lower(), new[2:].lower()
    return tuple(
        Log(
            log.address,
            tuple(topic.replace(was, now) for topic in log.topics),
            bytes.fromhex(log.data.hex().replace(was, now)),
            log.block_number,
            log.block_hash,
            log.tx_hash,
            log.log_index,
        )
        for log in logs
    )


def test_the_factory_reuses_several_orders_in_one_transaction(shop: Shop) -> None:
    first, second = shop.publish(), shop.publish()
    wallet = shop.wallets[ALICE]
    orders = [shop.order(first), shop.order(second)]
    factory = wallet.contract("ERC721Factory", shop.node.entries["ERC721Factory"])
    structs = [
        (asset.datatokens[0], bytes.fromhex(tx[2:]), shop.quote(asset).as_struct())
        for asset, tx in zip((first, second), orders, strict=True)
    ]
    both = wallet.send_hash(factory.functions.reuseMultipleTokenOrder(structs))
    assert shop.download(first, both).data == CONTENT
    assert shop.download(second, both).data == CONTENT
